import { CliError } from '../errors.ts';
import { checkDocument, problemText } from '../validate/check.ts';
import { readDocuments } from './read.ts';
import type { CofferdamResource } from './resource.ts';

/**
 * The PaymentVaults and PSPConnectors in files, all valid; other kinds are left out. What names no namespace is in
 * `namespace`.
 * @throws CliError `manifest_invalid` with every problem, or when there is none of ours
 */
export async function loadResources(options: {
  paths: readonly string[];
  namespace: string;
  readStdin: () => Promise<string>;
}): Promise<CofferdamResource[]> {
  const { paths, namespace, readStdin } = options;
  const checked = (await readDocuments(paths, readStdin)).map(checkDocument);
  const problems = checked.flatMap((one) => one.problems);
  if (problems.length > 0) {
    throw new CliError('manifest_invalid', `not valid:\n${problems.map(problemText).join('\n')}`);
  }
  const resources = checked.flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
  if (resources.length === 0) {
    throw new CliError(
      'manifest_invalid',
      `no PaymentVault or PSPConnector in ${paths.join(', ')}: name the file that has one with -f`,
    );
  }
  return resources.map((resource) => ({
    ...resource,
    metadata: { ...resource.metadata, namespace: resource.metadata.namespace ?? namespace },
  }));
}
