import { jobs, type Scope } from '../slo/slos.ts';
import { apiGraphs, certificateGraph, outboxGraphs } from './api-graphs.ts';
import { perSecond, quantile, share } from './expressions.ts';
import type { DashboardContent, Row } from './panels.ts';

const PSP = 'cofferdam_psp_request_duration_seconds';

/** @param connectors names of the PSPConnectors: each gets a row */
export function paymentsDashboard(
  { namespace, vault }: Scope,
  connectors: readonly string[],
): DashboardContent {
  const router = `namespace="${namespace}",job="${jobs.router(vault)}"`;
  return {
    name: 'payments',
    title: 'Payments',
    description: 'What becomes of payments, and what each connector gets from its PSP.',
    rows: [
      {
        title: 'Payments',
        graphs: [
          {
            title: 'Payments by status',
            unit: 'reqps',
            queries: [
              { expr: perSecond('cofferdam_payments_total', router, ['status']), legend: '{{status}}' },
            ],
          },
          {
            title: 'Share that is paid',
            unit: 'percentunit',
            description:
              'Authorized or captured. Declines are the customers’ banks; failed and unknown are ours to look at.',
            queries: [
              {
                expr: share('cofferdam_payments_total', router, 'status=~"authorized|captured"'),
                legend: 'paid',
              },
              {
                expr: share('cofferdam_payments_total', router, 'status=~"failed|unknown"'),
                legend: 'failed or unknown',
              },
            ],
          },
          {
            title: 'Unknown payments',
            unit: 'short',
            queries: [{ expr: `max(cofferdam_unknown_payments{${router}})`, legend: 'payments' }],
          },
          {
            title: 'Age of the oldest unknown payment',
            unit: 's',
            description: 'What the objective of unknown payments is measured by.',
            queries: [
              { expr: `max(cofferdam_oldest_unknown_payment_age_seconds{${router}})`, legend: 'age' },
            ],
          },
          ...outboxGraphs(router),
        ],
      },
      { title: 'API of the router', graphs: apiGraphs(router) },
      ...connectors.map((connector) => connectorRow(namespace, connector)),
    ],
  };
}

function connectorRow(namespace: string, connector: string): Row {
  const target = `namespace="${namespace}",job="${jobs.connector(connector)}"`;
  return {
    title: `Connector ${connector}`,
    graphs: [
      {
        title: 'Charges by outcome',
        unit: 'reqps',
        description: 'error went on to the next connector; unknown did not, and is looked up at the PSP.',
        queries: [{ expr: perSecond(`${PSP}_count`, target, ['outcome']), legend: '{{outcome}}' }],
      },
      {
        title: 'Share that the PSP approves',
        unit: 'percentunit',
        queries: [{ expr: share(`${PSP}_count`, target, 'outcome="approved"'), legend: 'approved' }],
      },
      {
        title: "Duration of the PSP's answers",
        unit: 's',
        queries: [0.5, 0.99].map((q) => ({
          expr: quantile(q, { name: PSP, selector: target }),
          legend: `p${q * 100}`,
        })),
      },
      {
        title: 'Requests of the router by status',
        unit: 'reqps',
        queries: [
          {
            expr: perSecond('http_server_request_duration_seconds_count', `${target},http_route=~"/v1/.+"`, [
              'http_response_status_code',
            ]),
            legend: '{{http_response_status_code}}',
          },
        ],
      },
      certificateGraph(target),
    ],
  };
}
