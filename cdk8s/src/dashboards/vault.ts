import { jobs, type Scope } from '../slo/slos.ts';
import { apiGraphs, certificateGraph, outboxGraphs } from './api-graphs.ts';
import { perSecond, quantile } from './expressions.ts';
import type { DashboardContent } from './panels.ts';

const KMS = 'cofferdam_kms_request_duration_seconds';

export function vaultDashboard({ namespace, vault }: Scope): DashboardContent {
  const target = `namespace="${namespace}",job="${jobs.vault(vault)}"`;
  return {
    name: 'vault',
    title: 'Vault',
    description: 'Cards stored and revealed, what KMS takes, and whether events get out.',
    rows: [
      { title: 'API', graphs: apiGraphs(target) },
      {
        title: 'Cards',
        graphs: [
          {
            title: 'Tokens',
            unit: 'reqps',
            description: 'existing: the merchant had the card already.',
            queries: [
              { expr: perSecond('cofferdam_tokens_total', target, ['result']), legend: '{{result}}' },
            ],
          },
          {
            title: 'Reveals',
            unit: 'reqps',
            description: 'Anything but `revealed` is a grant that was refused: look at the audit chain.',
            queries: [
              { expr: perSecond('cofferdam_reveals_total', target, ['outcome']), legend: '{{outcome}}' },
            ],
          },
          certificateGraph(target),
        ],
      },
      {
        title: 'KMS',
        graphs: [
          {
            title: 'Calls',
            unit: 'reqps',
            description: 'Few: data keys are cached. refused is final, unreachable is tried again.',
            queries: [
              {
                expr: perSecond(`${KMS}_count`, target, ['operation', 'outcome']),
                legend: '{{operation}} {{outcome}}',
              },
            ],
          },
          {
            title: 'Duration, p99',
            unit: 's',
            queries: [
              {
                expr: quantile(0.99, { name: KMS, selector: target, by: ['operation'] }),
                legend: '{{operation}}',
              },
            ],
          },
        ],
      },
      { title: 'Events', graphs: outboxGraphs(target) },
    ],
  };
}
