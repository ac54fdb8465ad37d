import type { AdminTopicsPlan, StrimziTopicsPlan, TopicsOutcome } from '../desired/topics.ts';

/**
 * Topics at the brokers. It creates, and mends what can be mended in place; it never deletes one. `guard` runs before
 * every write, and what it throws is thrown on: brokers know no leader, so we must.
 */
export type TopicManagement = {
  /** Finds or makes the topics. What is wrong with them is in the outcome; it does not throw, and ends in time. */
  ensure(plan: AdminTopicsPlan, guard?: () => void): Promise<TopicsOutcome>;
};

/** The same through Strimzi: KafkaTopic resources in the cluster. */
export type StrimziTopicManagement = {
  ensure(plan: StrimziTopicsPlan): Promise<TopicsOutcome>;
};
