import { perSecond, quantile, share } from './expressions.ts';
import type { Graph } from './panels.ts';

const REQUESTS = 'http_server_request_duration_seconds';

/** What clients get of an API. @param target selector of its pods */
export function apiGraphs(target: string): Graph[] {
  const selector = `${target},http_route=~"/v1/.+"`;
  const duration = { name: REQUESTS, selector };
  return [
    {
      title: 'Requests by route',
      unit: 'reqps',
      queries: [{ expr: perSecond(`${REQUESTS}_count`, selector, ['http_route']), legend: '{{http_route}}' }],
    },
    {
      title: 'Answers by status',
      unit: 'reqps',
      queries: [
        {
          expr: perSecond(`${REQUESTS}_count`, selector, ['http_response_status_code']),
          legend: '{{http_response_status_code}}',
        },
      ],
    },
    {
      title: 'Share that ends in a 5xx',
      unit: 'percentunit',
      description: 'What the objective of availability counts.',
      queries: [
        { expr: share(`${REQUESTS}_count`, selector, 'http_response_status_code=~"5.."'), legend: '5xx' },
      ],
    },
    {
      title: 'Duration',
      unit: 's',
      queries: [0.5, 0.99].map((q) => ({ expr: quantile(q, duration), legend: `p${q * 100}` })),
    },
    {
      title: 'Duration by route, p99',
      unit: 's',
      queries: [{ expr: quantile(0.99, { ...duration, by: ['http_route'] }), legend: '{{http_route}}' }],
    },
    {
      title: 'Refused tokens',
      unit: 'reqps',
      description: 'unknown_issuer or not_valid from one moment on: the keys of an issuer have changed.',
      queries: [
        {
          expr: perSecond('cofferdam_authentication_refusals_total', target, ['reason']),
          legend: '{{reason}}',
        },
      ],
    },
  ];
}

/** Events on their way to the broker. @param target selector of the pods whose events they are */
export function outboxGraphs(target: string): Graph[] {
  return [
    {
      title: 'Events that the broker does not have',
      unit: 'short',
      description: 'Counted up to 10,000.',
      queries: [{ expr: `max(cofferdam_outbox_unpublished{${target}})`, legend: 'events' }],
    },
    {
      title: 'Age of the next event',
      unit: 's',
      description: 'What the objective of the outbox is measured by.',
      queries: [{ expr: `max(cofferdam_outbox_oldest_unpublished_age_seconds{${target}})`, legend: 'age' }],
    },
  ];
}

/** @param target selector of pods that show a certificate */
export function certificateGraph(target: string): Graph {
  return {
    title: 'Certificates: time left',
    unit: 's',
    description: 'Renewed at two thirds of their life; a line that goes on falling is not renewed.',
    queries: [
      {
        expr: `min by (pod) (cofferdam_certificate_expiry_timestamp_seconds{${target}}) - time()`,
        legend: '{{pod}}',
      },
    ],
  };
}
