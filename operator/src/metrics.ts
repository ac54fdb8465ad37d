import type { Metrics } from '@cofferdam/runtime';
import { type QueueObserver, requestName } from './engine/index.ts';

export type OperatorMetrics = {
  queue: QueueObserver;
  /** Read when somebody scrapes. */
  observe(read: { depth: () => number; active: () => number; leading: () => boolean }): void;
  watchFailed(kind: string, code: string): void;
  /** One attempt of a request to the API server. */
  requested(request: { method: string; path: string }, code: number | undefined): void;
};

/** Instruments under the names that controller-runtime and client-go gave them, so that known dashboards fit. */
export function operatorMetrics({ meter }: Pick<Metrics, 'meter'>): OperatorMetrics {
  const name = { name: 'cofferdam' };
  const adds = meter.createCounter('workqueue_adds', { description: 'Keys added to the work queue.' });
  const retries = meter.createCounter('workqueue_retries', {
    description: 'Keys that failed and are tried again.',
  });
  const waited = meter.createHistogram('workqueue_queue_duration_seconds', {
    description: 'Time that keys waited.',
  });
  const took = meter.createHistogram('workqueue_work_duration_seconds', {
    description: 'Time that a key took.',
  });
  const reconciles = meter.createCounter('controller_runtime_reconcile', {
    description: 'Reconciles by result.',
  });
  const failures = meter.createCounter('controller_runtime_reconcile_errors', {
    description: 'Reconciles that failed.',
  });
  const watches = meter.createCounter('cofferdam_watch_failures', {
    description: 'Lists and watches that failed.',
  });
  const requests = meter.createCounter('rest_client_requests', {
    description: 'Requests to the API server, repeated ones included.',
  });
  observeProcess(meter);
  const kindOf = (key: string) => ({ controller: key.slice(0, key.indexOf('/')).toLowerCase() });
  return {
    queue: {
      added: () => adds.add(1, name),
      retried: () => retries.add(1, name),
      started: (_key, waitedMs) => waited.record(waitedMs / 1000, name),
      finished: (key, tookMs, error) => {
        took.record(tookMs / 1000, name);
        reconciles.add(1, { ...kindOf(key), result: error === undefined ? 'success' : 'error' });
        if (error !== undefined) failures.add(1, kindOf(key));
      },
    },
    observe({ depth, active, leading }) {
      const gauge = (
        metric: string,
        description: string,
        read: () => number,
        labels: Record<string, string>,
      ) =>
        meter
          .createObservableGauge(metric, { description })
          .addCallback((result) => result.observe(read(), labels));
      gauge('workqueue_depth', 'Keys that wait.', depth, name);
      gauge('controller_runtime_active_workers', 'Keys that are worked on.', active, name);
      gauge('leader_election_master_status', '1 while this process leads.', () => (leading() ? 1 : 0), name);
    },
    watchFailed: (kind, code) => watches.add(1, { kind, code }),
    requested: ({ method, path }, code) =>
      requests.add(1, { method, ...requestName({ method, path }), code: code?.toString() ?? '<error>' }),
  };
}

/** Under the names that Prometheus' client libraries gave them. */
function observeProcess(meter: Metrics['meter']): void {
  const gauge = (metric: string, description: string, read: () => number) =>
    meter.createObservableGauge(metric, { description }).addCallback((result) => result.observe(read()));
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  meter
    .createObservableCounter('process_cpu_seconds', { description: 'CPU time, user and system.' })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
}
