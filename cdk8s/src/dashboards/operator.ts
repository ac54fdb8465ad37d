import { perSecond, quantile } from './expressions.ts';
import type { DashboardContent, Graph } from './panels.ts';

/** @param namespace of the operator */
export function operatorDashboard(namespace: string): DashboardContent {
  const job = 'job="cofferdam-operator"';
  const target = `namespace="${namespace}",${job}`;
  return {
    name: 'operator',
    title: 'Operator',
    description: 'What the operator works on, how long it takes, and what it says of its resources.',
    rows: [
      { title: 'Resources', graphs: resourceGraphs(job, target) },
      { title: 'Work', graphs: workGraphs(target) },
      { title: 'Calls', graphs: callGraphs(target) },
      { title: 'Process', graphs: processGraphs(target) },
    ],
  };
}

/** Of conditions, `namespace` is their resource's. */
const resourceGraphs = (job: string, target: string): Graph[] => [
  {
    title: 'Conditions that are not as wanted',
    unit: 'short',
    description: '`cofferdam why <kind>/<name>` says more of each.',
    queries: [
      {
        expr: `sum by (kind, condition, reason) (cofferdam_condition{${job},condition!="Ready"})`,
        legend: '{{kind}} {{condition}}: {{reason}}',
      },
    ],
  },
  {
    title: 'Resources that are not Ready',
    unit: 'short',
    queries: [
      {
        expr: `sum by (kind, namespace, name, reason) (cofferdam_condition{${job},condition="Ready",status!="True"})`,
        legend: '{{kind}} {{namespace}}/{{name}}: {{reason}}',
      },
    ],
  },
  {
    title: 'Leaders',
    unit: 'short',
    description: 'One. None: nothing is repaired, issued or rolled out.',
    queries: [{ expr: `sum(leader_election_master_status{${target}})`, legend: 'leaders' }],
  },
];

const workGraphs = (target: string): Graph[] => [
  {
    title: 'Reconciles',
    unit: 'reqps',
    queries: [
      {
        expr: perSecond('controller_runtime_reconcile_total', target, ['controller', 'result']),
        legend: '{{controller}} {{result}}',
      },
    ],
  },
  {
    title: 'Duration of a reconcile, p99',
    unit: 's',
    queries: [
      {
        expr: quantile(0.99, {
          name: 'controller_runtime_reconcile_time_seconds',
          selector: target,
          by: ['controller'],
        }),
        legend: '{{controller}}',
      },
    ],
  },
  {
    title: 'Queue',
    unit: 'short',
    queries: [
      { expr: `max(workqueue_depth{${target}})`, legend: 'waiting' },
      { expr: `max(controller_runtime_active_workers{${target}})`, legend: 'under way' },
      { expr: `max(controller_runtime_max_concurrent_reconciles{${target}})`, legend: 'at most' },
    ],
  },
  {
    title: 'Time in the queue',
    unit: 's',
    queries: [0.5, 0.99].map((q) => ({
      expr: quantile(q, { name: 'workqueue_queue_duration_seconds', selector: target }),
      legend: `p${q * 100}`,
    })),
  },
  {
    title: 'Longest reconcile under way',
    unit: 's',
    queries: [{ expr: `max(workqueue_longest_running_processor_seconds{${target}})`, legend: 'longest' }],
  },
  {
    title: 'Tried again, and put off for a stale cache',
    unit: 'reqps',
    queries: [
      { expr: `sum(rate(workqueue_retries_total{${target}}[$__rate_interval]))`, legend: 'tried again' },
      {
        expr: perSecond('cofferdam_stale_cache_skips_total', target, ['controller']),
        legend: 'put off: {{controller}}',
      },
    ],
  },
];

const callGraphs = (target: string): Graph[] => [
  {
    title: 'Requests to the API server',
    unit: 'reqps',
    queries: [
      {
        expr: perSecond('rest_client_requests_total', target, ['verb', 'code']),
        legend: '{{verb}} {{code}}',
      },
    ],
  },
  {
    title: 'Watches that fail',
    unit: 'reqps',
    queries: [
      {
        expr: perSecond('cofferdam_watch_failures_total', target, ['kind', 'code']),
        legend: '{{kind}} {{code}}',
      },
    ],
  },
  {
    title: 'Calls to KMS, Kafka and our services',
    unit: 'reqps',
    description: 'rejected: kept back by a circuit breaker or a budget.',
    queries: [
      {
        expr: perSecond('cofferdam_external_calls_total', target, ['system', 'outcome']),
        legend: '{{system}} {{outcome}}',
      },
    ],
  },
  {
    title: 'Their duration, p99',
    unit: 's',
    queries: [
      {
        expr: quantile(0.99, {
          name: 'cofferdam_external_call_duration_seconds',
          selector: target,
          by: ['system'],
        }),
        legend: '{{system}}',
      },
    ],
  },
  {
    title: 'Certificates for pods',
    unit: 'reqps',
    queries: [
      { expr: perSecond('cofferdam_certificates_total', target, ['outcome']), legend: '{{outcome}}' },
    ],
  },
  {
    title: 'Certificate authority: time left',
    unit: 's',
    queries: [
      {
        expr: `min(cofferdam_certificate_authority_expiry_timestamp_seconds{${target}}) - time()`,
        legend: 'authority',
      },
    ],
  },
];

const processGraphs = (target: string): Graph[] => [
  {
    title: 'Memory',
    unit: 'bytes',
    queries: [
      { expr: `max by (pod) (process_resident_memory_bytes{${target}})`, legend: '{{pod}}' },
      { expr: `max by (pod) (nodejs_heap_size_used_bytes{${target}})`, legend: '{{pod}}: JavaScript' },
    ],
  },
  {
    title: 'CPU cores',
    unit: 'short',
    queries: [{ expr: perSecond('process_cpu_seconds_total', target, ['pod']), legend: '{{pod}}' }],
  },
];
