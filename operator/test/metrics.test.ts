import { createMetrics } from '@cofferdam/runtime/process';
import { expect, test } from 'vitest';
import { observed, operatorMetrics } from '../src/metrics.ts';

test("the names of controller-runtime, workqueue and client-go are all there, and the operator's own", async () => {
  const metrics = createMetrics();
  const instruments = operatorMetrics(metrics);
  instruments.observe({ depth: () => 3, activeMs: () => [500, 2_000], workers: 8, leading: () => true });
  const key = 'PaymentVault/n/a';
  instruments.queue.added?.(key);
  instruments.queue.started?.(key, 20);
  instruments.queue.retried?.(key, 500);
  instruments.queue.finished?.(key, 30, new Error('no'));
  instruments.requested({ method: 'GET', path: '/api/v1/namespaces/n/pods' }, 200);
  instruments.watchFailed('Pod', 'gone');
  instruments.staleCacheSkipped('paymentvault');
  const call = { system: 'kms', operation: 'CreateKey' } as const;
  await observed(instruments.external, call, async () => 'fine');
  await expect(
    observed(instruments.external, call, () => Promise.reject(new Error('down'))),
  ).rejects.toThrow();
  instruments.external({ ...call, outcome: 'rejected', tookMs: 0 });
  const text = await metrics.text();
  const lines = (name: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .map((line) => line.replace(/^[^{ ]+/, '').replace(/otel_scope[^,}]*,?/g, ''));
  for (const name of [
    'workqueue_adds_total',
    'workqueue_retries_total',
    'workqueue_queue_duration_seconds_count',
    'workqueue_work_duration_seconds_count',
    'controller_runtime_reconcile_time_seconds_count',
    'controller_runtime_reconcile_errors_total',
    'leader_election_master_status',
    'cofferdam_watch_failures_total',
  ]) {
    expect([name, lines(name).length]).toEqual([name, 1]);
    expect(lines(name)[0]).toMatch(/ 1( |$)/);
  }
  const value = (name: string) => Number(lines(name)[0]?.split('} ')[1]?.split(' ')[0]);
  expect(value('workqueue_depth')).toBe(3);
  expect(value('controller_runtime_active_workers')).toBe(2);
  expect(value('controller_runtime_max_concurrent_reconciles')).toBe(8);
  expect(value('workqueue_unfinished_work_seconds')).toBe(2.5);
  expect(value('workqueue_longest_running_processor_seconds')).toBe(2);
  expect(lines('controller_runtime_reconcile_total')[0]).toMatch(/controller="paymentvault",result="error"/);
  expect(lines('rest_client_requests_total')[0]).toMatch(/code="200"/);
  expect(lines('cofferdam_stale_cache_skips_total')[0]).toMatch(/controller="paymentvault"/);
  const outcomes = lines('cofferdam_external_calls_total').map((line) => /outcome="(\w+)"/.exec(line)?.[1]);
  expect(outcomes.sort()).toEqual(['error', 'ok', 'rejected']);
});
