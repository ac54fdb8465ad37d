import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import type { AdminTopicsPlan } from '../../src/desired/topics.ts';
import { kafkaTopicManagement } from '../../src/effects/kafka-admin.ts';
import { createManualClock } from '../engine/manual-clock.ts';

const planOf = (bootstrap: string, more: Partial<AdminTopicsPlan> = {}): AdminTopicsPlan => ({
  manage: 'Admin',
  namespace: 'payments',
  bootstrapServers: [bootstrap],
  topics: [{ name: 't', partitions: 3, replicationFactor: 1, config: {} }],
  writers: [],
  ...more,
});

test('where no broker listens, the outcome says so at once', async () => {
  const outcome = await kafkaTopicManagement().ensure(planOf('127.0.0.1:1'));
  expect(outcome).toMatchObject({ topics: [], problem: { reason: 'BrokerUnreachable' } });
  expect(outcome.problem?.message).toMatch(
    /^brokers 127.0.0.1:1 do not answer as they should \(.+\): events wait in the outbox$/,
  );
});

test('a broker that accepts and says nothing cannot hang a reconcile', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const startedAt = performance.now();
  const outcome = await kafkaTopicManagement({ limitMs: 300 }).ensure(planOf(`127.0.0.1:${port}`));
  expect(outcome).toMatchObject({ problem: { reason: 'BrokerUnreachable' } });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  silent.close();
});

test('brokers that do not answer are left alone for a while, by those that come in the same way', async () => {
  let connections = 0;
  const silent = createServer(() => {
    connections++;
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const clock = createManualClock();
  const topics = kafkaTopicManagement({ limitMs: 100, clock });
  const plan = planOf(`127.0.0.1:${port}`);
  const first = await topics.ensure(plan);
  await topics.ensure(plan);
  const asked = connections;
  for (let i = 0; i < 10; i++) expect(await topics.ensure(plan)).toEqual(first);
  expect(connections).toBe(asked);
  await topics.ensure({ ...plan, tls: {} });
  expect(connections).toBeGreaterThan(asked);
  const before = connections;
  await clock.advance(5_000);
  await topics.ensure(plan);
  expect(connections).toBeGreaterThan(before);
  silent.close();
});
