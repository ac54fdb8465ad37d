import type { TopicManagement } from '../../src/effects/kafka.ts';

type Ensure = Parameters<TopicManagement['ensure']>[0];
type Topic = Omit<Ensure['topics'][number], 'name'>;

/** Brokers as an operator sees them: topics that last, and what is wrong at the moment. */
export type Brokers = {
  readonly topics: TopicManagement;
  readonly found: ReadonlyMap<string, Topic>;
  /** Runs before each request; a throw is what the brokers answered. */
  trouble: (() => Promise<void>) | undefined;
};

export function startBrokers(write: (name: string, send: () => Promise<void>) => Promise<void>): Brokers {
  const found = new Map<string, Topic>();
  const brokers: Brokers = {
    found,
    trouble: undefined,
    topics: {
      async ensure(plan) {
        try {
          await brokers.trouble?.();
          for (const { name, ...wanted } of plan.topics) {
            if (found.has(name)) continue;
            const stream = name.slice(name.lastIndexOf('.') + 1);
            await write(`kafka CreateTopic ${stream}`, async () => void found.set(name, wanted));
          }
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error);
          return { topics: [], problem: { reason: 'BrokerUnreachable', message } };
        }
        const topics = plan.topics.map(({ name }) => {
          const { partitions = 0, replicationFactor = 0 } = found.get(name) ?? {};
          return { name, partitions, replicationFactor };
        });
        return { topics };
      },
    },
  };
  return brokers;
}
