import { type Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';
import type { AdminTopicsPlan, TopicFound, TopicsOutcome, TopicWanted } from '../desired/topics.ts';
import { KafkaRefusal, kafkaFailure } from './kafka-problem.ts';

/** Sends one request and reports it: `call('CreateTopics', () => admin.createTopics(...))`. */
export type Call = <T>(operation: string, send: () => Promise<T>) => Promise<T>;
export type Broker = { admin: Admin; call: Call };

/** The topics that there are, of those asked about: their shape, and of their configuration what we look after. */
export type TopicsSeen = ReadonlyMap<string, TopicFound & { config: Readonly<Record<string, string>> }>;

/** Three requests, however many topics and vaults it is asked about. */
export async function lookAtTopics(
  { admin, call }: Broker,
  wanted: readonly TopicWanted[],
): Promise<TopicsSeen> {
  const existing = new Set(await call('ListTopics', () => admin.listTopics()));
  const known = wanted.filter(({ name }) => existing.has(name));
  if (known.length === 0) return new Map();
  const { topics } = await call('Metadata', () =>
    admin.metadata({ topics: known.map(({ name }) => name), forceUpdate: true }),
  );
  const described = await call('DescribeConfigs', () =>
    admin.describeConfigs({
      resources: known.map(({ name, config }) => ({
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName: name,
        configurationKeys: Object.keys(config),
      })),
    }),
  );
  return new Map(
    known.map(({ name }) => {
      const partitions = topics.get(name);
      const configs = described.find(({ resourceName }) => resourceName === name)?.configs ?? [];
      return [
        name,
        {
          name,
          partitions: partitions?.partitionsCount ?? 0,
          replicationFactor: partitions?.partitions[0]?.replicas.length ?? 0,
          config: Object.fromEntries(configs.map((one) => [one.name, one.value ?? ''])),
        },
      ];
    }),
  );
}

/** Makes what is missing and mends what differs, of one vault. */
export async function convergeTopics(
  broker: Broker,
  plan: AdminTopicsPlan,
  context: { seen: TopicsSeen; guard: () => void },
): Promise<TopicsOutcome> {
  const there = plan.topics.filter((topic) => context.seen.has(topic.name) && !starves(topic, context.seen));
  await mend(broker, there, context);
  const hidden: TopicWanted[] = [];
  for (const topic of plan.topics.filter(({ name }) => !context.seen.has(name))) {
    context.guard();
    if (!(await create(broker, topic))) hidden.push(topic);
  }
  const seen = new Map([...context.seen, ...(hidden.length === 0 ? [] : await lookAtTopics(broker, hidden))]);
  const unseen = hidden.find(({ name }) => !seen.has(name));
  if (unseen !== undefined) {
    throw new KafkaRefusal(
      'KafkaAccessDenied',
      `topic ${unseen.name} exists, and the operator's principal may not see it: allow it Describe on topics cofferdam.*`,
    );
  }
  // What was made is told by the answer: the brokers' metadata know a new topic only a moment later.
  const topics = plan.topics.map(({ name, partitions, replicationFactor }) => {
    const found = seen.get(name) ?? { partitions, replicationFactor };
    return { name, partitions: found.partitions, replicationFactor: found.replicationFactor };
  });
  const mismatch = mismatchOf(plan, seen);
  return mismatch === undefined
    ? { topics }
    : { topics, problem: { reason: 'TopicMismatch', message: mismatch } };
}

/** @returns false when it is there already: made by somebody else in between, or hidden from us */
async function create({ admin, call }: Broker, topic: TopicWanted): Promise<boolean> {
  const { name, partitions, replicationFactor, config } = topic;
  const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
  try {
    await call('CreateTopics', () =>
      admin.createTopics({ topics: [name], partitions, replicas: replicationFactor, configs }),
    );
    return true;
  } catch (error) {
    if (kafkaFailure(error).protocol.has('TOPIC_ALREADY_EXISTS')) return false;
    throw error;
  }
}

async function mend(
  { admin, call }: Broker,
  topics: readonly TopicWanted[],
  { seen, guard }: { seen: TopicsSeen; guard: () => void },
): Promise<void> {
  const resources = topics.flatMap(({ name, config }) => {
    const actual = seen.get(name)?.config ?? {};
    const configs = Object.entries(config)
      .filter(([key, value]) => actual[key] !== value)
      .map(([key, value]) => ({
        name: key,
        value,
        configOperation: IncrementalAlterConfigOperationTypes.SET,
      }));
    return configs.length === 0
      ? []
      : [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configs }];
  });
  if (resources.length === 0) return;
  guard();
  await call('IncrementalAlterConfigs', () => admin.incrementalAlterConfigs({ resources }));
}

/** More copies in sync than there are copies: nothing could be written any more. */
function starves({ name, config }: TopicWanted, seen: TopicsSeen): boolean {
  const copies = seen.get(name)?.replicationFactor ?? 0;
  return copies > 0 && Number(config['min.insync.replicas'] ?? 0) > copies;
}

function mismatchOf(plan: AdminTopicsPlan, seen: TopicsSeen): string | undefined {
  for (const topic of plan.topics) {
    const { name, partitions, config } = topic;
    const found = seen.get(name);
    if (found === undefined) continue;
    if (found.partitions !== partitions) {
      return `topic ${name} has ${found.partitions} partitions where ${partitions} are asked for, and is left as it is, since the order of its events depends on it: say ${found.partitions} in spec.kafka.topics.partitions`;
    }
    if (starves(topic, seen)) {
      return `topic ${name} has ${found.replicationFactor} copies, so ${config['min.insync.replicas']} could never confirm a write, and its configuration is left as it is: lower spec.kafka.topics.minInSyncReplicas, or reassign the topic's partitions to more brokers`;
    }
  }
  return undefined;
}
