import type { TopicManagement } from './kafka.ts';
import type { KafkaAdminOptions } from './kafka-admin.ts';
import type { KafkaSources } from './kafka-sources.ts';

/**
 * The same as `kafkaTopicManagement`, loaded by the first vault whose topics we manage: Kafka's client takes 40 MB,
 * which an operator without a broker need not have.
 */
export function topicManagementOnDemand(
  options: Omit<KafkaAdminOptions, 'sources'>,
  sources: (module: typeof import('./kafka-sources.ts')) => KafkaSources,
): TopicManagement {
  let loaded: Promise<TopicManagement> | undefined;
  async function load(): Promise<TopicManagement> {
    const [admin, from] = await Promise.all([import('./kafka-admin.ts'), import('./kafka-sources.ts')]);
    return admin.kafkaTopicManagement({ ...options, sources: sources(from) });
  }
  return {
    async ensure(plan, guard) {
      loaded ??= load();
      return (await loaded).ensure(plan, guard);
    },
  };
}
