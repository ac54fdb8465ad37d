import { startSecuredTestKafka } from '@cofferdam/devcluster/addons';
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  Consumer,
  ResourcePatternTypes,
  ResourceTypes,
  stringDeserializers,
} from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createLogger,
  type EventPublisher,
  jsonPublisher,
  type KafkaAccess,
  kafkaPublisher,
} from '../../src/index.ts';

const TOPIC = 'cofferdam.acme-dev.tokens';
const OTHERS = 'cofferdam.acme-dev.payments';
const users = { 'acme-vault': 'of the vault' };

const kafka = await startSecuredTestKafka({ users, superUsers: [] });
const absent = 'absent' in kafka;
if (absent) console.log(`skipped: ${kafka.absent}`);
const publishers: EventPublisher[] = [];

describe.skipIf(absent)('events over a broker that asks who we are', () => {
  if ('absent' in kafka) return;
  const tls = { ca: kafka.authority.ca };
  const scram = (mechanism: 'ScramSha256' | 'ScramSha512', password = users['acme-vault']): KafkaAccess => ({
    bootstrapServers: [kafka.sasl],
    tls,
    auth: { mechanism, username: 'acme-vault', password },
  });
  const publisherOf = (access: () => KafkaAccess, topic = TOPIC) => {
    const publisher = kafkaPublisher({ access: async () => access(), topic, clientId: 'test' });
    publishers.push(publisher);
    return publisher;
  };
  const event = {
    ...{ id: '0190', type: 'token.created' as const, subject: 'tok_1', sequence: 1 },
    ...{ vaultId: 'acme-dev', merchant: 'acme', time: '2026-01-02T03:04:05Z', data: {} },
  };

  beforeAll(async () => {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrapServers] });
    await admin.createTopics({ topics: [TOPIC, OTHERS], partitions: 1, replicas: 1 });
    await admin.createAcls({
      creations: ['User:acme-vault', 'User:CN=acme-vault'].flatMap((principal) =>
        [AclOperations.WRITE, AclOperations.DESCRIBE].map((operation) => ({
          ...{ resourceType: ResourceTypes.TOPIC, resourceName: TOPIC, principal, host: '*', operation },
          resourcePatternType: ResourcePatternTypes.LITERAL,
          permissionType: AclPermissionTypes.ALLOW,
        })),
      ),
    });
    await admin.close();
  });
  afterAll(async () => {
    for (const publisher of publishers) await publisher.close().catch(() => undefined);
    await kafka.stop();
  });

  test.each(['ScramSha256', 'ScramSha512'] as const)('%s lets its user write', async (mechanism) => {
    const publisher = publisherOf(() => scram(mechanism));
    await publisher.check();
    await publisher.publish([event]);
  });

  test('a certificate of our own lets its subject write', async () => {
    const auth = { mechanism: 'MutualTls' as const, ...(await kafka.authority.issue('acme-vault')) };
    const publisher = publisherOf(() => ({ bootstrapServers: [kafka.mutualTls], tls, auth }));
    await publisher.check();
    await publisher.publish([event]);
  });

  test('a rotated password is used at the next check, by the publisher that is there', async () => {
    let access = scram('ScramSha512', 'an old one');
    const publisher = publisherOf(() => access);
    await expect(publisher.check()).rejects.toThrow();
    access = scram('ScramSha512');
    await publisher.check();
    await publisher.publish([event]);
  });

  test('what goes past the outbox waits in memory while the broker refuses it, and arrives in order', async () => {
    let access = scram('ScramSha512', 'an old one');
    const logged: string[] = [];
    const publisher = jsonPublisher({
      access: async () => access,
      ...{ topic: TOPIC, clientId: 'test' },
      logger: createLogger({ service: 'test', level: 'warn' }, { write: (line) => logged.push(line) }),
    });
    for (const n of [1, 2, 3]) publisher.add({ key: 'a run', value: { n } });
    await publisher.flush();
    await publisher.flush();
    expect([publisher.waiting(), logged.length]).toEqual([3, 1]);
    access = scram('ScramSha512');
    publisher.add({ key: 'a run', value: { n: 4 } });
    await publisher.flush();
    expect(publisher.waiting()).toBe(0);
    await publisher.close();
    const ours = (await recordsOf(kafka.bootstrapServers)).filter(({ key }) => key === 'a run');
    expect(ours.map(({ value }) => JSON.parse(value))).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
  });

  test('nothing is said to brokers that another authority vouches for', async () => {
    const other = { ...scram('ScramSha512'), tls: {} };
    await expect(publisherOf(() => other).check()).rejects.toThrow();
  });

  test("the vault's principal cannot write what is the router's", async () => {
    const publisher = publisherOf(() => scram('ScramSha512'), OTHERS);
    await expect(publisher.publish([event])).rejects.toThrow();
  });
});

/** Everything in the topic up to the last record that has key `a run`, which is the last of all. */
async function recordsOf(bootstrapServers: string): Promise<{ key: string; value: string }[]> {
  const consumer = new Consumer({
    ...{ clientId: 'test', groupId: 'test', bootstrapBrokers: [bootstrapServers] },
    deserializers: stringDeserializers,
  });
  const records: { key: string; value: string }[] = [];
  try {
    const stream = await consumer.consume({ topics: [TOPIC], mode: 'earliest', autocommit: false });
    for await (const { key, value } of stream) {
      records.push({ key, value });
      if (value === '{"n":4}') break;
    }
  } finally {
    await consumer.close(true);
  }
  return records;
}
