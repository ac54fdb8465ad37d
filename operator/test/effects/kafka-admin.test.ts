import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import type { AdminTopicsPlan } from '../../src/desired/topics.ts';
import { kafkaTopicManagement } from '../../src/effects/kafka-admin.ts';

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
