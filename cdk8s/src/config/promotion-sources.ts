import { z } from 'zod';
import { ArgoCdConfig } from './argocd-config.ts';
import { ConfigError } from './config-error.ts';
import { parseYaml, problemAt } from './parse-yaml.ts';

/** Of `environments/promotion.yaml` no more than is asked here: the rest is the promotion's own to check. */
const Steps = z.looseObject({ steps: z.array(z.looseObject({ from: z.string() })) });

interface Text {
  /** In the repository. */
  readonly file: string;
  readonly text: string;
}

/**
 * That a release waits in no environment for a proof which never comes: it is Argo CD that says whether one is synced
 * and healthy, and it says nothing of one whose cluster it does not know.
 * @throws {ConfigError}
 */
export function checkPromotionSources(promotion: Text, argoCd: Text): void {
  const { clusters } = parseYaml(argoCd.file, argoCd.text, ArgoCdConfig);
  const problems = parseYaml(promotion.file, promotion.text, Steps).steps.flatMap(({ from }, index) =>
    clusters[from] === undefined
      ? [
          problemAt(
            promotion.file,
            promotion.text,
            ['steps', index, 'from'],
            `${from} has no cluster in ${argoCd.file}, so that Argo CD never says whether it is synced and healthy: name it under clusters, or take this step out`,
          ),
        ]
      : [],
  );
  if (problems.length > 0) throw new ConfigError(problems);
}
