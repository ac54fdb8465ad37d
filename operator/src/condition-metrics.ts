import type { Condition } from '@cofferdam/crds';
import type { KubeObject } from './engine/index.ts';

type Conditioned = KubeObject & { status?: { conditions?: readonly Condition[] } | undefined };

const NAME = 'cofferdam_condition';
const HEAD = `# HELP ${NAME} Ready of every resource, and every other condition that is not as wanted.
# TYPE ${NAME} gauge
`;

/**
 * Conditions as a metric in the Prometheus text format, for alerts that name the resource and the reason. `Ready` is
 * always there; what else is True as wanted is left out, so that thousands of resources are about as many series.
 * Written as text: OpenTelemetry's instruments hold 2000 series at most.
 */
export function conditionMetrics(resources: Iterable<KubeObject>): string {
  let text = HEAD;
  for (const resource of resources) {
    const { kind = '', metadata } = resource;
    const about = `kind="${kind}",namespace="${metadata.namespace ?? ''}",name="${metadata.name}"`;
    for (const { type, status, reason } of (resource as Conditioned).status?.conditions ?? []) {
      const isNews = type === 'Stalled' || type === 'Reconciling' ? status === 'True' : status !== 'True';
      if (type !== 'Ready' && !isNews) continue;
      text += `${NAME}{${about},condition="${type}",status="${status}",reason="${reason}"} 1\n`;
    }
  }
  return text;
}
