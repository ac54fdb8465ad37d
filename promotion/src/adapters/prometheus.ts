import { z } from 'zod';
import { PromotionError } from '../errors.ts';
import type { SloBurn } from '../ports/slo-burn.ts';
import { getJson } from './get-json.ts';

/** https://prometheus.io/docs/prometheus/latest/querying/api/#rules */
const Rules = z.object({
  status: z.literal('success'),
  data: z.object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.object({
            name: z.string(),
            state: z.enum(['firing', 'pending', 'inactive', 'unknown']).optional(),
            health: z.string().optional(),
            lastEvaluation: z.string().optional(),
            labels: z.record(z.string(), z.string()).optional(),
            annotations: z.record(z.string(), z.string()).optional(),
          }),
        ),
      }),
    ),
  }),
});
type Rule = z.infer<typeof Rules>['data']['groups'][number]['rules'][number];

/** A rule that was not evaluated for so long says nothing about now. */
const STALE_MS = 10 * 60_000;

export interface PrometheusOptions {
  /** Environment -> base URL. */
  readonly urls: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Alerts on objectives: the alerting rules that have a label `slo` (and, where one Prometheus is there for several, a
 * label `environment`). That an objective is not measured is such an alert, too. The rules are asked for and not `ALERTS`
 * alone, because a Prometheus without rules has no alert that fires, either.
 */
export function prometheus({ urls, token, now }: PrometheusOptions): SloBurn {
  return {
    async state(environment) {
      const url = urls[environment];
      if (url === undefined) {
        throw new PromotionError(
          'config_invalid',
          `environments/promotion.yaml has no prometheus.${environment}`,
        );
      }
      const source = {
        name: `Prometheus of ${environment}`,
        url: `${url.replace(/\/$/, '')}/api/v1/rules?type=alert`,
        token,
        tokenVariable: 'PROMETHEUS_TOKEN',
        code: 'slo_unreachable' as const,
      };
      const found = await getJson(source, Rules);
      if (found === undefined)
        throw new PromotionError('slo_unreachable', `${source.url} answered 404: is that Prometheus?`);
      const rules = found.data.groups
        .flatMap((group) => group.rules)
        .filter(({ labels }) => labels?.['slo'] && (labels['environment'] ?? environment) === environment);
      const measured = rules.filter((rule) => isEvaluated(rule, now()));
      const burning = rules.filter(({ state }) => state === 'firing');
      return {
        measured: measured.length,
        unevaluated: rules.length - measured.length,
        burning: burning.map(({ name, annotations }) => ({ alert: name, summary: annotations?.['summary'] })),
      };
    },
  };
}

function isEvaluated({ health, lastEvaluation }: Rule, nowMs: number): boolean {
  return health === 'ok' && nowMs - Date.parse(lastEvaluation ?? '') < STALE_MS;
}
