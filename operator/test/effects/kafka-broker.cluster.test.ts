import { createTestAuthority, startSecuredTestKafka } from '@cofferdam/devcluster/addons';
import { type KafkaAccess, kafkaPublisher } from '@cofferdam/runtime';
import {
  AclOperations,
  type AclOperationValue,
  AclPermissionTypes,
  Admin,
  ConfigResourceTypes,
  IncrementalAlterConfigOperationTypes,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AdminTopicsPlan } from '../../src/desired/topics.ts';
import { NAMESPACES_ANNOTATION, SERVERS_ANNOTATION } from '../../src/effects/kafka-access.ts';
import { type KafkaAdminOptions, kafkaTopicManagement } from '../../src/effects/kafka-admin.ts';
import type { KafkaSources } from '../../src/effects/kafka-sources.ts';

const users = { operator: 'of the operator', 'acme-vault': 'of the vault', 'acme-router': 'of the router' };
const kafka = await startSecuredTestKafka({ users, superUsers: ['User:operator'] });
const absent = 'absent' in kafka;
if (absent) console.log(`skipped: ${kafka.absent}`);

describe.skipIf(absent)('topics at a broker that asks who we are', () => {
  if ('absent' in kafka) return;
  const { sasl, authority } = kafka;
  const root = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrapServers] });
  let calls: string[] = [];
  beforeAll(() => vi.waitFor(() => root.listTopics(), { timeout: 20_000 }));
  beforeEach(() => {
    calls = [];
  });
  afterAll(async () => {
    await root.close();
    await kafka.stop();
  });

  const sources = (user: keyof typeof users, more: Record<string, string> = {}): KafkaSources => ({
    configMap: async () => ({ 'ca.crt': kafka.authority.ca }),
    adminSecret: async () => ({
      annotations: { [NAMESPACES_ANNOTATION]: '*', [SERVERS_ANNOTATION]: `${kafka.sasl},${kafka.mutualTls}` },
      data: { username: user, password: users[user], ...more },
    }),
  });
  const managementOf = (from = sources('operator'), more: KafkaAdminOptions = {}) =>
    kafkaTopicManagement({
      ...more,
      sources: from,
      observe: ({ operation, outcome }) => calls.push(`${operation} ${outcome}`),
    });
  const ca = { kind: 'ConfigMap', namespace: 'payments', name: 'kafka-ca', key: 'ca.crt' } as const;
  const planOf = (vaultId: string, more: Partial<AdminTopicsPlan> = {}): AdminTopicsPlan => ({
    ...{ manage: 'Admin', namespace: 'payments', bootstrapServers: [kafka.sasl], tls: { ca }, writers: [] },
    auth: { mechanism: 'ScramSha512', secret: 'kafka-admin' },
    topics: ['tokens', 'payments'].map((stream) => topic(`cofferdam.${vaultId}.${stream}`)),
    ...more,
  });
  const topic = (name: string, more: object = {}) => ({
    ...{ name, partitions: 2, replicationFactor: 1 },
    config: { 'min.insync.replicas': '1', 'retention.ms': '3600000' },
    ...more,
  });

  test.each(['ScramSha256', 'ScramSha512'] as const)('%s: they are made once', async (mechanism) => {
    const plan = planOf(mechanism.toLowerCase(), { auth: { mechanism, secret: 'kafka-admin' } });
    const made = await managementOf().ensure(plan);
    expect(made).toEqual({
      topics: plan.topics.map(({ name }) => ({ name, partitions: 2, replicationFactor: 1 })),
    });
    // The brokers list a new topic only a moment later.
    const names = plan.topics.map(({ name }) => name);
    await vi.waitFor(async () => expect(await root.listTopics()).toEqual(expect.arrayContaining(names)), {
      timeout: 20_000,
    });
    calls = [];
    expect(await managementOf().ensure(plan)).toEqual(made);
    expect(calls).toEqual(['ListTopics ok', 'Metadata ok', 'DescribeConfigs ok']);
  });

  test("mutual TLS lets in whom the broker's authority signed, and its principal needs leave", async () => {
    const pair = await kafka.authority.issue('operator');
    const from = sources('operator', { 'tls.crt': pair.certificate, 'tls.key': pair.key });
    const plan = planOf('mutual', {
      bootstrapServers: [kafka.mutualTls],
      auth: { mechanism: 'MutualTls', secret: 'kafka-admin' },
    });
    // User:CN=operator is nobody's super user: it gets in, and is told what it may not do.
    const { problem } = await managementOf(from).ensure(plan);
    expect(problem?.reason).toBe('KafkaAccessDenied');
    expect(problem?.message).toContain('TOPIC_AUTHORIZATION_FAILED');

    const stranger = await (await createTestAuthority()).issue('operator');
    const unknown = sources('operator', { 'tls.crt': stranger.certificate, 'tls.key': stranger.key });
    expect((await managementOf(unknown).ensure(plan)).problem).toMatchObject({
      message: expect.stringMatching(/certificate.*spec\.kafka\.adminAuth/),
    });
  });

  test('vaults that share brokers share one look, and what is wrong with one is no other', async () => {
    // Long enough for a busy machine to ask all three questions.
    const management = managementOf(undefined, { gatherMs: 1_000 });
    const fine = planOf('shared-1');
    await management.ensure(fine);
    calls = [];
    const tooMany = planOf('shared-2', {
      topics: [topic('cofferdam.shared-2.tokens', { replicationFactor: 3 })],
    });
    const other = planOf('shared-3', { namespace: 'elsewhere' });
    const outcomes = await Promise.all([fine, tooMany, other].map((plan) => management.ensure(plan)));
    expect(outcomes.map(({ problem }) => problem?.reason)).toEqual([undefined, 'BrokersTooFew', undefined]);
    expect(outcomes[1]?.problem?.message).toContain('only 1 broker(s) are registered');
    expect(calls.filter((call) => call.startsWith('ListTopics'))).toEqual(['ListTopics ok']);
  });

  test('brokers that refuse one of the topics looked at together are asked about each vault alone', async () => {
    const topics = ['cofferdam.open.tokens', 'cofferdam.closed.tokens'];
    await root.createTopics({ topics, partitions: 2, replicas: 1 });
    const leave = (resourceName: string, operations: readonly AclOperationValue[]) =>
      operations.map((operation) => ({
        ...{ resourceType: ResourceTypes.TOPIC, resourceName, principal: 'User:acme-router', host: '*' },
        ...{ resourcePatternType: ResourcePatternTypes.LITERAL, permissionType: AclPermissionTypes.ALLOW },
        operation,
      }));
    const { DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS } = AclOperations;
    await root.createAcls({
      creations: [
        ...leave(topics[0] ?? '', [DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]),
        ...leave(topics[1] ?? '', [DESCRIBE]),
      ],
    });
    await vi.waitFor(async () => {
      const management = managementOf(sources('acme-router'));
      const plans = topics.map((name) => planOf('any', { topics: [topic(name)] }));
      const outcomes = await Promise.all(plans.map((plan) => management.ensure(plan)));
      expect(outcomes.map(({ problem }) => problem?.reason)).toEqual([undefined, 'KafkaAccessDenied']);
    }, 10_000);
  });

  test('a setting of ours that somebody changed is set again, and one of theirs stays', async () => {
    const plan = planOf('drift');
    await managementOf().ensure(plan);
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: 'cofferdam.drift.tokens' };
    const set = (name: string, value: string) => ({
      ...{ name, value, configOperation: IncrementalAlterConfigOperationTypes.SET },
    });
    await root.incrementalAlterConfigs({
      resources: [{ ...resource, configs: [set('retention.ms', '1000'), set('segment.ms', '60000')] }],
    });
    const configOf = async () => {
      const [found] = await root.describeConfigs({ resources: [resource] });
      return Object.fromEntries(found?.configs.map(({ name, value }) => [name, value]) ?? []);
    };
    await vi.waitFor(async () => expect(await configOf()).toMatchObject({ 'retention.ms': '1000' }), {
      timeout: 20_000,
    });
    expect(await managementOf().ensure(plan)).not.toHaveProperty('problem');
    await vi.waitFor(
      async () =>
        expect(await configOf()).toMatchObject({ 'retention.ms': '3600000', 'segment.ms': '60000' }),
      { timeout: 20_000 },
    );
  });

  test('the number of partitions is for life, and copies in sync never exceed the copies', async () => {
    await managementOf().ensure(planOf('life'));
    const name = 'cofferdam.life.tokens';
    const more = await managementOf().ensure(planOf('life', { topics: [topic(name, { partitions: 6 })] }));
    expect(more).toMatchObject({
      topics: [{ name, partitions: 2 }],
      problem: { reason: 'TopicMismatch', message: expect.stringContaining('has 2 partitions where 6') },
    });
    const config = { 'min.insync.replicas': '2' };
    const starved = await managementOf().ensure(planOf('life', { topics: [topic(name, { config })] }));
    expect(starved.problem).toMatchObject({ reason: 'TopicMismatch' });
    expect(starved.problem?.message).toContain('could never confirm a write');
  });

  test('who is not let in, not trusted or not spoken to in the right way is told so', async () => {
    const refused = await managementOf(sources('operator', { password: 'a wrong one' })).ensure(planOf('no'));
    expect(refused.problem?.reason).toBe('KafkaAccessDenied');
    expect(refused.problem?.message).toContain('it used ScramSha512');
    expect(refused.problem?.message).not.toContain('a wrong one');
    const denied = await managementOf(sources('acme-vault')).ensure(planOf('no'));
    expect(denied.problem).toMatchObject({ reason: 'KafkaAccessDenied' });
    const untrusted = await managementOf().ensure(planOf('no', { tls: {} }));
    expect(untrusted.problem).toMatchObject({ reason: 'BrokerNotTrusted' });
    const { tls: _, auth: __, ...plain } = planOf('no');
    const plaintext = await managementOf().ensure(plain);
    expect(plaintext.problem?.message).toMatch(/they want TLS: set spec\.kafka\.tls$/);
    expect(await root.listTopics()).not.toContain('cofferdam.no.tokens');
  });

  test('who may not write any more writes nothing', async () => {
    const stopped = new Error('the lease is lost');
    const guard = () => {
      throw stopped;
    };
    await expect(managementOf().ensure(planOf('late'), guard)).rejects.toBe(stopped);
    expect(await root.listTopics()).not.toContain('cofferdam.late.tokens');
  });

  test('each principal may write to its own topic only, and a lost ACL is made again', async () => {
    const [tokens, payments] = ['cofferdam.acl.tokens', 'cofferdam.acl.payments'];
    const plan = planOf('acl', {
      writers: [
        { topic: tokens, principal: 'User:acme-vault' },
        { topic: payments, principal: 'User:acme-router' },
      ],
    });
    expect(await managementOf().ensure(plan)).not.toHaveProperty('problem');
    await vi.waitFor(() => write('acme-vault', tokens), { timeout: 20_000 });
    await vi.waitFor(() => write('acme-router', payments), { timeout: 20_000 });
    await expect(write('acme-vault', payments)).rejects.toThrow();
    await expect(write('acme-router', tokens)).rejects.toThrow();

    calls = [];
    await managementOf().ensure(plan);
    expect(calls).not.toContain('CreateAcls ok');
    await root.deleteAcls({
      filters: [
        {
          ...{ resourceType: ResourceTypes.TOPIC, resourceName: tokens, principal: null, host: null },
          ...{ resourcePatternType: ResourcePatternTypes.LITERAL, operation: AclOperations.WRITE },
          permissionType: AclPermissionTypes.ANY,
        },
      ],
    });
    await vi.waitFor(async () => await expect(write('acme-vault', tokens)).rejects.toThrow(), {
      timeout: 20_000,
    });
    calls = [];
    await managementOf().ensure(plan);
    expect(calls).toContain('CreateAcls ok');
    await vi.waitFor(() => write('acme-vault', tokens), { timeout: 20_000 });
  });

  /** As the services do it. */
  async function write(username: keyof typeof users, to: string): Promise<void> {
    const access: KafkaAccess = {
      ...{ bootstrapServers: [sasl], tls: { ca: authority.ca } },
      auth: { mechanism: 'ScramSha512', username, password: users[username] },
    };
    const publisher = kafkaPublisher({ access: async () => access, topic: to, clientId: 'test' });
    try {
      await publisher.check();
      await publisher.publish([
        {
          ...{ id: '0190', type: 'token.created', subject: 'tok_1', sequence: 1, data: {} },
          ...{ vaultId: 'acme-dev', merchant: 'acme', time: '2026-01-02T03:04:05Z' },
        },
      ]);
    } finally {
      await publisher.close().catch(() => undefined);
    }
  }
});
