import type { Pool } from 'pg';
import type { Metrics } from '../metrics/metrics.ts';

type Instruments = Record<'count' | 'max' | 'pending', ReturnType<Metrics['meter']['createObservableGauge']>>;
const made = new WeakMap<Metrics, Instruments>();

/**
 * How many connections a pool has, and who waits for one.
 *
 * @param pool asked at each scrape: a changed Secret brings another one
 * @see https://opentelemetry.io/docs/specs/semconv/db/database-metrics/#connection-pools
 */
export function observePool(metrics: Metrics, name: string, pool: () => Pool): void {
  const { count, max, pending } = instruments(metrics);
  const labels = { 'db.client.connection.pool.name': name };
  metrics.meter.addBatchObservableCallback(
    (result) => {
      const { totalCount, idleCount, waitingCount, options } = pool();
      const state = 'db.client.connection.state';
      result.observe(count, idleCount, { ...labels, [state]: 'idle' });
      result.observe(count, totalCount - idleCount, { ...labels, [state]: 'used' });
      result.observe(max, options.max, labels);
      result.observe(pending, waitingCount, labels);
    },
    [count, max, pending],
  );
}

/** One of each, however many pools a process has. */
function instruments(metrics: Metrics): Instruments {
  const known = made.get(metrics);
  if (known !== undefined) return known;
  const { meter } = metrics;
  const all = {
    count: meter.createObservableGauge('db_client_connection_count', {
      description: 'Connections of a pool, by state.',
    }),
    max: meter.createObservableGauge('db_client_connection_max', {
      description: 'Connections that a pool may have.',
    }),
    pending: meter.createObservableGauge('db_client_connection_pending_requests', {
      description: 'Requests that wait for a connection of a pool.',
    }),
  };
  made.set(metrics, all);
  return all;
}
