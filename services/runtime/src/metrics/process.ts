import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';

/** Memory and CPU, under the names that Prometheus' own clients use. */
export function observeProcess(meter: Meter): void {
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

/** How late timers are: what one long computation does to everybody who waits. Measured natively, every 20 ms. */
const RESOLUTION_MS = 20;

/**
 * @see https://opentelemetry.io/docs/specs/semconv/runtime/nodejs-metrics/
 */
export function observeEventLoop(meter: Meter): { stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const options = (which: string) => ({
    description: `${which} delay of the event loop since the last scrape.`,
  });
  const p50 = meter.createObservableGauge('nodejs_eventloop_delay_p50_seconds', options('Median'));
  const p99 = meter.createObservableGauge(
    'nodejs_eventloop_delay_p99_seconds',
    options('99th percentile of the'),
  );
  const max = meter.createObservableGauge('nodejs_eventloop_delay_max_seconds', options('Longest'));
  meter.addBatchObservableCallback(
    (result) => {
      // The histogram holds how long a timer of that resolution took.
      const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
      result.observe(p50, late(delay.percentile(50)));
      result.observe(p99, late(delay.percentile(99)));
      result.observe(max, late(delay.max));
      delay.reset();
    },
    [p50, p99, max],
  );
  return { stop: () => void delay.disable() };
}
