import { type KafkaServer, startTestKafka } from '@cofferdam/devcluster/addons';
import {
  Admin,
  Consumer,
  jsonDeserializer,
  MessagesStreamModes,
  stringDeserializer,
} from '@platformatic/kafka';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { appendEvent, createLogger, createMetrics, type Outbox, startOutbox } from '../../src/index.ts';
import { createTestDatabase, OUTBOX, type TestDatabase } from '../support/test-database.ts';

const kafka = await startTestKafka();
const TOPIC = 'cofferdam.acme-dev.tokens';
let database: TestDatabase;
let outbox: Outbox;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.migrate(OUTBOX);
});
afterAll(async () => {
  await outbox?.close();
  await database?.close();
  if ('stop' in kafka) await kafka.stop();
});

async function createTopic({ bootstrapServers }: KafkaServer): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [bootstrapServers] });
  await admin.createTopics({ topics: [TOPIC], partitions: 3, replicas: 1 });
  await admin.close();
}

async function consume({ bootstrapServers }: KafkaServer, count: number) {
  const consumer = new Consumer({
    groupId: 'test',
    clientId: 'test',
    bootstrapBrokers: [bootstrapServers],
    deserializers: {
      key: stringDeserializer,
      value: jsonDeserializer<{ sequence: number; merchant: string }>,
      headerKey: stringDeserializer,
      headerValue: stringDeserializer,
    },
  });
  const stream = await consumer.consume({ topics: [TOPIC], mode: MessagesStreamModes.EARLIEST });
  const messages: { key: string; sequence: number; partition: number; type: string }[] = [];
  for await (const message of stream) {
    const { key, value, partition, headers } = message;
    messages.push({ key, sequence: value?.sequence ?? 0, partition, type: headers.get('event-type') ?? '' });
    if (messages.length === count) break;
  }
  await consumer.close(true);
  return messages;
}

it.skipIf('absent' in kafka)(
  'events reach a real broker, in order per subject, when its topic comes to be',
  async () => {
    if ('absent' in kafka) return;
    const logger = createLogger({ service: 'test', level: 'fatal' });
    const { bootstrapServers } = kafka;
    outbox = startOutbox({
      ...{ database: database.app, vaultId: 'acme-dev', topic: TOPIC, clientId: 'test' },
      ...{ retentionHours: 168, isReady: () => true },
      ...{ kafka: async () => ({ bootstrapServers: [bootstrapServers] }), logger, metrics: createMetrics() },
    });
    for (let i = 0; i < 30; i++) {
      const event = {
        type: 'token.updated' as const,
        merchant: 'acme',
        subject: `tok-${i % 5}`,
        data: { i },
        time: new Date(),
      };
      await database.app.transaction((transaction) => appendEvent(transaction, event));
    }
    expect(await outbox.status()).toEqual({ unpublished: 30, broker: 'unreachable' });

    await createTopic(kafka);
    await expect
      .poll(() => outbox.status(), { timeout: 30_000 })
      .toEqual({ unpublished: 0, broker: 'connected' });
    const messages = await consume(kafka, 30);
    expect(messages.every((message) => message.type === 'token.updated')).toBe(true);
    for (const ofSubject of Map.groupBy(messages, (message) => message.key).values()) {
      expect(ofSubject.map((message) => message.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(new Set(ofSubject.map((message) => message.partition)).size).toBe(1);
    }
  },
);
