import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rankOf } from '@cofferdam/cdk8s/kind-order';
import { parseAllDocuments } from 'yaml';
import { CliError } from '../errors.ts';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: unknown;
}

/**
 * Every object in a directory of YAML files, in the order to apply them.
 * @throws CliError `manifest_invalid`, naming the file
 */
export function readManifests(directory: string): Manifest[] {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  return inOrder(
    files.flatMap((name) =>
      parseManifests(join(directory, name), readFileSync(join(directory, name), 'utf8')),
    ),
  );
}

/** In the order to apply them. */
export function inOrder(manifests: readonly Manifest[]): Manifest[] {
  return manifests.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * The objects of one file.
 * @param path for messages
 * @throws CliError `manifest_invalid`, naming the file
 */
export function parseManifests(path: string, text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [problem] = document.errors;
    if (problem)
      throw new CliError('manifest_invalid', `${path}: ${problem.message}. Run npm run synth.`, problem);
    return document.toJS() as Manifest;
  });
}

/** The rendered files' own order; a kind that is not rendered comes with what the operator starts, before the vaults. */
function rank({ kind }: Manifest): number {
  return rankOf(kind) ?? rankOf('Deployment') ?? 0;
}
