import { z } from 'zod';

const Environment = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'expected a name such as `staging`');
const Url = z.url({ protocol: /^https?$/ });

const GATES = ['images', 'slo'] as const;

/** One way that a release may go. */
const Step = z.strictObject({
  from: Environment,
  to: Environment,
  soakMinutes: z
    .number()
    .min(0)
    .max(60 * 24 * 30)
    .describe('How long the source has to be synced and healthy with the same content.'),
  gates: z
    .array(z.enum(GATES))
    .optional()
    .describe('Besides sync, health and soak time, which always hold. Absent: all.'),
});
export type PromotionStep = z.infer<typeof Step>;

const Login = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]*(\[bot\])?$/, 'expected a login, of an App `name[bot]`');

const Health = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('argocd'), url: Url }),
  z.strictObject({
    from: z.literal('commit-statuses'),
    creator: Login.describe(
      'Login of the App that Argo CD posts as. What others post in that context is ignored.',
    ),
  }),
]);

/** `environments/promotion.yaml`: which environment follows which, and what has to hold. */
export const PromotionConfig = z
  .strictObject({
    repository: z.strictObject({
      owner: z.string().min(1).max(100),
      name: z.string().min(1).max(100),
      base: z.string().min(1).max(200).describe('The branch that Argo CD follows.'),
    }),
    health: Health.describe('Who says whether an environment is synced and healthy.'),
    status: z
      .strictObject({
        creator: Login.describe('Login of the App that a ruleset takes the status cofferdam/promotion from.'),
      })
      .optional()
      .describe('Absent: that status counts whoever posted it.'),
    prometheus: z
      .record(Environment, Url)
      .optional()
      .describe('Environment -> base URL of the Prometheus that evaluates its burn-rate alerts.'),
    images: z
      .strictObject({
        issuer: Url.describe('OIDC issuer of the signing certificate.'),
        identity: z
          .string()
          .startsWith('^', 'expected a regular expression that begins with ^: others may match in the middle')
          .describe('Regular expression of its subject: the release workflow.'),
        repository: z
          .string()
          .regex(/^[^/\s]+\/[^/\s]+$/, 'expected `owner/name`')
          .describe('Where provenance is attested.'),
      })
      .describe('Who may have built and signed an image.'),
    steps: z.array(Step).min(1).max(32),
  })
  .superRefine((config, context) => {
    const problem = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    config.steps.forEach((step, index) => {
      if (step.from === step.to) problem(['steps', index, 'to'], 'is the environment that it comes from');
      if (config.steps.findIndex(({ to }) => to === step.to) !== index) {
        problem(['steps', index, 'to'], `${step.to} has another step already: one source for each target`);
      }
      if (gatesOf(step).includes('slo') && config.prometheus?.[step.from] === undefined) {
        problem(
          ['steps', index, 'from'],
          `gate slo needs prometheus.${step.from}; or list the gates of this step without slo`,
        );
      }
    });
  });
export type PromotionConfig = z.infer<typeof PromotionConfig>;

export const CONFIG_PATH = 'environments/promotion.yaml';

export function gatesOf(step: PromotionStep): readonly (typeof GATES)[number][] {
  return step.gates ?? GATES;
}
