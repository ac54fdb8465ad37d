import { Label } from '@cofferdam/crds';
import { z } from 'zod';

const HttpsUrl = z.string().regex(/^https:\/\/[^\s/]+(\/\S*)?$/, 'expected a URL that begins with https://');

const GitHub = z
  .strictObject({
    appId: z.int().min(1),
    installationId: z.int().min(1),
  })
  .describe(
    'A GitHub App that may write commit statuses; its key is `github-privateKey` of argocd-notifications-secret.',
  );

/** `install/argocd/config.yaml`: where Argo CD finds the environments, and which cluster each of them is. */
export const ArgoCdConfig = z.strictObject({
  namespace: Label.describe("Argo CD's own, as a rule `argocd`."),
  url: HttpsUrl.describe('Where people see it: in links of commit statuses.'),
  repository: HttpsUrl.describe('The repository that holds environments/, as Argo CD clones it.'),
  revision: z.string().min(1).max(255).describe('Branch that runs, such as `main`.'),
  clusters: z
    .record(Label, z.string().min(1).max(253))
    .refine((clusters) => Object.keys(clusters).length > 0, 'names no environment')
    .describe('Environment -> its cluster, by the name that it has in Argo CD. Others are left alone.'),
  github: GitHub.optional().describe(
    'Tells GitHub what runs, for the gate of a promotion. Absent: it is not told.',
  ),
});
export type ArgoCdConfig = z.infer<typeof ArgoCdConfig>;

/** The same for a repository that has these environments, and no others. */
export function argoCdConfigFor(environments: readonly string[]) {
  return ArgoCdConfig.superRefine(({ clusters }, context) => {
    for (const name of Object.keys(clusters)) {
      if (environments.includes(name)) continue;
      context.addIssue({
        code: 'custom',
        path: ['clusters', name],
        message: `there is no environments/${name}: there are ${environments.join(', ')}`,
      });
    }
  });
}
