import type { LiveDifference, LiveObjects } from '@cofferdam/promotion';
import { type ClusterOptions, withCluster } from '../cluster/connect.ts';
import { changesOf } from '../diff/changes.ts';
import { unifiedDiff } from '../diff/compare.ts';
import { CliError } from '../errors.ts';
import { parseDocuments } from '../manifests/read.ts';
import type { CofferdamResource } from '../manifests/resource.ts';
import type { Terminal } from '../output/terminal.ts';
import { DEFAULT_IMAGES } from '../render/facts.ts';
import { checkDocument, problemText } from '../validate/check.ts';

/** A cluster's own word about PaymentVaults and PSPConnectors, by server-side dry run as `cofferdam diff` does it. */
export function clusterObjects(terminal: Pick<Terminal, 'env'>, options: ClusterOptions): LiveObjects {
  const own = { own: true, fieldManager: undefined, operatorNamespace: '', images: DEFAULT_IMAGES };
  return {
    differences: (rendered) =>
      withCluster(terminal, options, async ({ client }) => {
        const found: LiveDifference[] = [];
        for (const resource of resourcesIn(rendered)) {
          const { namespace, name } = resource.metadata;
          try {
            const [change] = await changesOf(client, [resource], own);
            if (change === undefined || unifiedDiff(change) === '') continue;
            const detail = change.live === undefined ? 'is not there' : 'differs from Git';
            found.push({ object: change.name, detail });
          } catch (error) {
            if (!(error instanceof CliError) || error.code !== 'manifest_invalid') throw error;
            found.push({ object: `${resource.kind} ${namespace}/${name}`, detail: error.message });
          }
        }
        return found;
      }),
  };
}

function resourcesIn(rendered: ReadonlyMap<string, string>): CofferdamResource[] {
  const checked = [...rendered].flatMap(([path, text]) => parseDocuments(path, text).map(checkDocument));
  const problems = checked.flatMap((one) => one.problems);
  if (problems.length > 0)
    throw new CliError('manifest_invalid', `not valid:\n${problems.map(problemText).join('\n')}`);
  return checked.flatMap(({ resource }) => resource ?? []);
}
