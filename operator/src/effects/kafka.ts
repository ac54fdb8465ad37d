import type { TopicsOutcome, TopicsPlan } from '../desired/topics.ts';

/** Topics at the brokers. It creates, and mends what can be mended in place; it never deletes one. */
export type TopicManagement = {
  /** Finds or makes the topics. What is wrong with them is in the outcome; it does not throw, and ends in time. */
  ensure(plan: Extract<TopicsPlan, { manage: 'Admin' }>): Promise<TopicsOutcome>;
};
