import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';
import type { TopicFound, TopicsOutcome, TopicsPlan, TopicWanted } from '../desired/topics.ts';
import type { TopicManagement } from './kafka.ts';

type AdminPlan = Extract<TopicsPlan, { manage: 'Admin' }>;

/** Through the brokers' Admin API, on a connection that lives for one call: there are minutes between two. */
export function kafkaTopicManagement(options: { limitMs?: number } = {}): TopicManagement {
  const { limitMs = 8_000 } = options;
  return {
    async ensure(plan) {
      const admin = new Admin({
        clientId: 'cofferdam-operator',
        bootstrapBrokers: [...plan.bootstrapServers],
        connectTimeout: 2_000,
        requestTimeout: 4_000,
        timeout: 4_000,
        retries: 1,
        retryDelay: 200,
      });
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
      try {
        return await Promise.race([converge(admin, plan), late.promise]);
      } catch (error) {
        return { topics: [], problem: problemOf(error, plan) };
      } finally {
        clearTimeout(timer);
        void Promise.resolve(admin.close()).catch(() => {});
      }
    },
  };
}

async function converge(admin: Admin, plan: AdminPlan): Promise<TopicsOutcome> {
  const existing = new Set(await admin.listTopics());
  const known = plan.topics.filter(({ name }) => existing.has(name));
  if (known.length > 0) await mendConfig(admin, known);
  const found = [...(await lookAt(admin, known)), ...(await create(admin, plan, existing))];
  const topics = plan.topics.flatMap(({ name }) => found.filter((topic) => topic.name === name));
  const mismatch = mismatchOf(plan, topics);
  return mismatch === undefined
    ? { topics }
    : { topics, problem: { reason: 'TopicMismatch', message: mismatch } };
}

function mismatchOf(plan: AdminPlan, found: readonly TopicFound[]): string | undefined {
  for (const { name, partitions } of plan.topics) {
    const has = found.find((topic) => topic.name === name)?.partitions;
    if (has === undefined || has === partitions) continue;
    return `topic ${name} has ${has} partitions where ${partitions} are asked for, and is left as it is, since the order of its events depends on it: say ${has} in spec.kafka.topics.partitions`;
  }
  return undefined;
}

async function lookAt(admin: Admin, wanted: readonly TopicWanted[]): Promise<TopicFound[]> {
  if (wanted.length === 0) return [];
  const { topics } = await admin.metadata({ topics: wanted.map(({ name }) => name), forceUpdate: true });
  return wanted.map(({ name }) => ({
    name,
    partitions: topics.get(name)?.partitionsCount ?? 0,
    replicationFactor: topics.get(name)?.partitions[0]?.replicas.length ?? 0,
  }));
}

/** What was made is told by the answer: the brokers' metadata know a new topic only a moment later. */
async function create(admin: Admin, plan: AdminPlan, existing: ReadonlySet<string>): Promise<TopicFound[]> {
  const made: TopicFound[] = [];
  for (const { name, partitions, replicationFactor, config } of plan.topics) {
    if (existing.has(name)) continue;
    try {
      await admin.createTopics({
        topics: [name],
        partitions,
        replicas: replicationFactor,
        configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      });
    } catch (error) {
      if (!protocolErrors(error).has('TOPIC_ALREADY_EXISTS')) throw error;
    }
    made.push({ name, partitions, replicationFactor });
  }
  return made;
}

async function mendConfig(admin: Admin, topics: readonly TopicWanted[]): Promise<void> {
  const described = await admin.describeConfigs({
    resources: topics.map(({ name, config }) => ({
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: name,
      configurationKeys: Object.keys(config),
    })),
  });
  const resources = topics.flatMap(({ name, config }) => {
    const actual = described.find(({ resourceName }) => resourceName === name)?.configs ?? [];
    const configs = Object.entries(config)
      .filter(([key, value]) => actual.find((one) => one.name === key)?.value !== value)
      .map(([key, value]) => ({
        name: key,
        value,
        configOperation: IncrementalAlterConfigOperationTypes.SET,
      }));
    return configs.length === 0
      ? []
      : [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configs }];
  });
  if (resources.length > 0) await admin.incrementalAlterConfigs({ resources });
}

/** Names of the protocol errors anywhere in what the client threw: it nests them. */
function protocolErrors(error: unknown, found = new Set<string>()): Set<string> {
  if (typeof error !== 'object' || error === null) return found;
  const { apiId, errors, cause } = error as { apiId?: unknown; errors?: unknown; cause?: unknown };
  if (typeof apiId === 'string') found.add(apiId);
  if (Array.isArray(errors)) for (const inner of errors) protocolErrors(inner, found);
  if (cause !== undefined) protocolErrors(cause, found);
  return found;
}

function problemOf(error: unknown, plan: AdminPlan): NonNullable<TopicsOutcome['problem']> {
  const codes = [...protocolErrors(error)];
  const servers = plan.bootstrapServers.join(', ');
  if (codes.some((code) => code.endsWith('AUTHORIZATION_FAILED') || code.includes('SASL'))) {
    return {
      reason: 'KafkaAccessDenied',
      message: `brokers ${servers} refused the operator: ${codes.join(', ')}`,
    };
  }
  const said = codes.length > 0 ? codes.join(', ') : error instanceof Error ? error.message : String(error);
  return {
    reason: 'BrokerUnreachable',
    message: `brokers ${servers} do not answer as they should (${said}): events wait in the outbox`,
  };
}
