import { type Metrics, observeProcess } from '@cofferdam/runtime/process';
import { type QueueObserver, requestName } from './engine/index.ts';

export type OperatorMetrics = {
  queue: QueueObserver;
  /** Read when somebody scrapes. */
  observe(read: {
    depth: () => number;
    /** For how long each key that is worked on has been, milliseconds. */
    activeMs: () => readonly number[];
    workers: number;
    leading: () => boolean;
  }): void;
  watchFailed(kind: string, code: string): void;
  /** One attempt of a request to the API server. */
  requested(request: { method: string; path: string }, code: number | undefined): void;
  /** Reconciles that were put off because a cache had not seen our own last write yet. */
  staleCacheSkipped(controller: string): void;
  external: ExternalCalls;
  /** An answer of the certificate authority: `issued`, or the code of the problem. */
  certificate(outcome: string): void;
  /** Read when somebody scrapes: when the authority that signs runs out, milliseconds since the epoch. */
  observeAuthority(expiresAt: () => number | undefined): void;
};

/** Told of every call to a system outside the cluster: KMS, Kafka, the services' `/statusz`. */
export type ExternalCalls = (call: {
  system: 'kms' | 'kafka' | 'statusz';
  /** As the system names it: `CreateKey`, `CreateTopics`. Few values. */
  operation: string;
  /** `rejected`: a circuit breaker or a budget kept it from being sent. */
  outcome: 'ok' | 'error' | 'rejected';
  tookMs: number;
}) => void;

/** Runs `call` and tells `observe` how it went. */
export async function observed<T>(
  observe: ExternalCalls,
  about: Pick<Parameters<ExternalCalls>[0], 'system' | 'operation'>,
  call: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const tell = (outcome: 'ok' | 'error') =>
    observe({ ...about, outcome, tookMs: performance.now() - startedAt });
  try {
    const answer = await call();
    tell('ok');
    return answer;
  } catch (error) {
    tell('error');
    throw error;
  }
}

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
  const reconcileTook = meter.createHistogram('controller_runtime_reconcile_time_seconds', {
    description: 'Time that a reconcile took.',
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
  const skips = meter.createCounter('cofferdam_stale_cache_skips', {
    description: 'Reconciles put off because a cache was older than our own last write.',
  });
  const calls = meter.createCounter('cofferdam_external_calls', {
    description: 'Calls to systems outside the cluster.',
  });
  const callTook = meter.createHistogram('cofferdam_external_call_duration_seconds', {
    description: 'Duration of calls to systems outside the cluster.',
  });
  const certificates = meter.createCounter('cofferdam_certificates', {
    description: 'Answers of the certificate authority to pods.',
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
        reconcileTook.record(tookMs / 1000, kindOf(key));
        reconciles.add(1, { ...kindOf(key), result: error === undefined ? 'success' : 'error' });
        if (error !== undefined) failures.add(1, kindOf(key));
      },
    },
    observe({ depth, activeMs, workers, leading }) {
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
      const seconds = (of: (ms: readonly number[]) => number) => () => of(activeMs()) / 1000;
      gauge('controller_runtime_active_workers', 'Keys that are worked on.', () => activeMs().length, name);
      gauge('controller_runtime_max_concurrent_reconciles', 'Workers.', () => workers, name);
      gauge(
        'workqueue_unfinished_work_seconds',
        'Time that the keys under way have taken so far, together.',
        seconds((all) => all.reduce((sum, ms) => sum + ms, 0)),
        name,
      );
      gauge(
        'workqueue_longest_running_processor_seconds',
        'Time that the longest of them has taken.',
        seconds((all) => Math.max(0, ...all)),
        name,
      );
      gauge('leader_election_master_status', '1 while this process leads.', () => (leading() ? 1 : 0), name);
    },
    watchFailed: (kind, code) => watches.add(1, { kind, code }),
    requested: ({ method, path }, code) =>
      requests.add(1, { method, ...requestName({ method, path }), code: code?.toString() ?? '<error>' }),
    certificate: (outcome) => certificates.add(1, { outcome }),
    observeAuthority(expiresAt) {
      const about = { description: 'When the certificate authority that signs runs out, Unix time.' };
      meter
        .createObservableGauge('cofferdam_certificate_authority_expiry_timestamp_seconds', about)
        .addCallback((result) => {
          const at = expiresAt();
          if (at !== undefined) result.observe(at / 1000);
        });
    },
    staleCacheSkipped: (controller) => skips.add(1, { controller }),
    external: ({ system, operation, outcome, tookMs }) => {
      calls.add(1, { system, operation, outcome });
      if (outcome !== 'rejected') callTook.record(tookMs / 1000, { system, operation, outcome });
    },
  };
}
