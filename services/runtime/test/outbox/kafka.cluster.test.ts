import { type KafkaServer, startTestKafka } from '@cofferdam/devcluster/addons';
import {
  Admin,
  Consumer,
  jsonDeserializer,
  MessagesStreamModes,
  stringDeserializer,
} from '@platformatic/kafka';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  countUnpublished,
  createLogger,
  createMetrics,
  type Database,
  kafkaPublisher,
  type Outbox,
  startOutbox,
  startRelay,
} from '../../src/index.ts';
import { createTestDatabase, OUTBOX, type TestDatabase } from '../support/test-database.ts';
import { append, eventually, openTransaction } from './support.ts';

const kafka = await startTestKafka();
const logger = createLogger({ service: 'test', level: 'fatal' });
const TOPIC = 'cofferdam.acme-dev.tokens';
const SHARED = 'cofferdam.acme-dev.shared';
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

async function createTopic({ bootstrapServers }: KafkaServer, topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [bootstrapServers] });
  await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 });
  await admin.close();
}

interface Message {
  key: string;
  sequence: number;
  partition: number;
  type: string;
}

/** Everything from the beginning of a topic, until there is enough. */
async function consume(
  { bootstrapServers }: KafkaServer,
  topic: string,
  isEnough: (messages: readonly Message[]) => boolean,
): Promise<Message[]> {
  const consumer = new Consumer({
    groupId: `test-${topic}`,
    clientId: 'test',
    bootstrapBrokers: [bootstrapServers],
    deserializers: {
      key: stringDeserializer,
      value: jsonDeserializer<{ sequence: number; merchant: string }>,
      headerKey: stringDeserializer,
      headerValue: stringDeserializer,
    },
  });
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST });
  const messages: Message[] = [];
  for await (const message of stream) {
    const { key, value, partition, headers } = message;
    messages.push({ key, sequence: value?.sequence ?? 0, partition, type: headers.get('event-type') ?? '' });
    if (isEnough(messages)) break;
  }
  await consumer.close(true);
  return messages;
}

it.skipIf('absent' in kafka)(
  'events reach a real broker, in order per subject, when its topic comes to be',
  async () => {
    if ('absent' in kafka) return;
    const { bootstrapServers } = kafka;
    const metrics = createMetrics();
    outbox = startOutbox({
      ...{ database: database.app, vaultId: 'acme-dev', topic: TOPIC, clientId: 'test' },
      ...{ retentionHours: 168, isReady: () => true },
      ...{ kafka: async () => ({ bootstrapServers: [bootstrapServers] }), logger, metrics },
    });
    for (let i = 0; i < 30; i++) {
      await database.app.transaction((transaction) =>
        append(transaction, `tok-${i % 5}`, { type: 'token.updated' }),
      );
    }
    expect(await outbox.status()).toEqual({ unpublished: 30, broker: 'unreachable' });

    await createTopic(kafka, TOPIC);
    await eventually(() => outbox.status()).toEqual({ unpublished: 0, broker: 'connected' });
    const measured = await metrics.text();
    expect(measured.match(/^cofferdam_outbox_shard_owned\{shard="\d+"\} 1$/gm)).toHaveLength(16);
    expect(measured).toMatch(/^cofferdam_outbox_published_total 30$/m);
    const messages = await consume(kafka, TOPIC, ({ length }) => length === 30);
    expect(messages.every((message) => message.type === 'token.updated')).toBe(true);
    for (const ofSubject of Map.groupBy(messages, (message) => message.key).values()) {
      expect(ofSubject.map((message) => message.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(new Set(ofSubject.map((message) => message.partition)).size).toBe(1);
    }
  },
);

it.skipIf('absent' in kafka)(
  'a broker that does not answer holds up no write, and gets all when it does',
  async () => {
    if ('absent' in kafka) return;
    process.kill(kafka.pid, 'SIGSTOP');
    try {
      const startedAt = performance.now();
      for (let i = 0; i < 30; i++)
        await database.app.transaction((transaction) => append(transaction, `tok-${i % 5}`));
      expect(performance.now() - startedAt).toBeLessThan(5000); // a send that is waited for takes longer
      expect((await outbox.status()).unpublished).toBe(30);
    } finally {
      process.kill(kafka.pid, 'SIGCONT');
    }
    await eventually(() => outbox.status()).toEqual({ unpublished: 0, broker: 'connected' });
  },
);

/** A replica's database that can be taken from it as `kill -9` does: nothing is said any more, nothing given back. */
function mortal(database: TestDatabase): {
  database: Database;
  kill: () => Promise<unknown>;
  isDead: () => boolean;
} {
  const pids: number[] = [];
  let dead = false;
  const session = async () => {
    if (dead) throw new Error('dead');
    const opened = await database.app.session();
    const { rows } = await opened.client.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid' });
    pids.push(...rows.map(({ pid }) => pid));
    return opened;
  };
  return {
    database: { ...database.app, session },
    isDead: () => dead,
    kill: () => {
      dead = true;
      return database.owner.query({
        text: 'SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid',
        values: [pids],
      });
    },
  };
}

it.skipIf('absent' in kafka)(
  'two relays share a topic; one is killed while all write, and each subject comes in order, up to repetition',
  async () => {
    if ('absent' in kafka) return;
    await createTopic(kafka, SHARED);
    const access = async () => ({ bootstrapServers: [kafka.bootstrapServers] });
    const start = (on: Database, isDead: () => boolean) =>
      startRelay({
        ...{ database: on, vaultId: 'acme-dev', topic: SHARED, logger },
        ...{ pollMs: 20, retryMs: 50, leaseMs: 800, renewMs: 100, batchSize: 20 },
        connect: () => {
          const real = kafkaPublisher({ access, topic: SHARED, clientId: 'test' });
          const publish: typeof real.publish = (events) =>
            isDead() ? new Promise(() => undefined) : real.publish(events);
          return { ...real, publish };
        },
      });
    const doomed = mortal(database);
    const [first, second] = [start(doomed.database, doomed.isDead), start(database.app, () => false)];
    try {
      await eventually(() => [first.owned().length, second.owned().length]).toEqual([8, 8]);
      const stays = first.owned();

      const writer = async (n: number) => {
        for (let i = 0; i < 30; i++) {
          await database.app
            .transaction(async (transaction) => {
              if (i % 3 === 0) await transaction.query({ text: 'SELECT pg_current_xact_id()' });
              await append(transaction, `shared-${(n + i) % 20}`);
              if (i % 7 === 0) throw new Error('rolled back');
            })
            .catch(() => undefined);
        }
      };
      const writers = Promise.all([0, 5, 10, 15].map(writer));
      await doomed.kill();
      await writers;
      await eventually(() => second.owned().length).toBe(16);
      expect(stays.every((shard) => second.owned().includes(shard))).toBe(true);

      const end = await openTransaction(database.app, (transaction) => append(transaction, 'long'));
      await database.app.transaction((transaction) => append(transaction, 'after'));
      const { rows } = await database.owner.query<{ subject: string; count: number }>({
        text: "SELECT subject, count(*)::int AS count FROM outbox WHERE subject LIKE 'shared-%' GROUP BY 1",
      });
      const last = new Map(rows.map(({ subject, count }) => [subject, count]));
      const reached = (messages: readonly Message[]) => {
        const seen = new Map(messages.map(({ key, sequence }) => [key, sequence]));
        return [...last].every(([subject, count]) => seen.get(subject) === count);
      };
      const messages = await consume(kafka, SHARED, reached);
      for (const ofSubject of Map.groupBy(messages, ({ key }) => key).values()) {
        const firsts = [...new Set(ofSubject.map(({ sequence }) => sequence))];
        expect(firsts).toEqual(firsts.map((_, i) => i + 1));
      }
      expect([...last.values()].reduce((sum, count) => sum + count)).toBe(4 * (30 - 5));
      // What came before the open transaction is there; it, and what came after it, is not.
      const held = messages.filter(({ key }) => key === 'long' || key === 'after');
      expect([held, await countUnpublished(database.app, SHARED)]).toEqual([[], 1]);
      await end(true);
      await eventually(() => countUnpublished(database.app, SHARED)).toBe(0);
    } finally {
      await Promise.all([first.close(), second.close()]);
    }
  },
);
