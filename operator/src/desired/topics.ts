import { STREAMS, topicName } from '@cofferdam/contracts';
import type { PaymentVault } from '@cofferdam/crds';
import { effectiveVault } from './effective.ts';
import type { Facts } from './facts.ts';

export type TopicWanted = {
  name: string;
  /** For life: the order of keyed events depends on it. */
  partitions: number;
  replicationFactor: number;
  config: Record<string, string>;
};

/** Topics as data: what the broker shall have, and who sees to it. */
export type TopicsPlan =
  | { manage: 'Absent' | 'None' | 'Strimzi'; topics: readonly TopicWanted[] }
  | { manage: 'Admin'; bootstrapServers: readonly string[]; topics: readonly TopicWanted[] };

export type TopicFound = { name: string; partitions: number; replicationFactor: number };

/** What came of it: the topics as they are, and what is wrong with them. */
export type TopicsOutcome = {
  topics: readonly TopicFound[];
  problem?: { reason: 'BrokerUnreachable' | 'KafkaAccessDenied' | 'TopicMismatch'; message: string };
};

export function topicsPlan(vault: PaymentVault, facts: Facts): TopicsPlan {
  const { kafka, vaultId } = vault.spec;
  const { topics: wanted } = effectiveVault(vault, facts.images);
  if (kafka === undefined || wanted === undefined) return { manage: 'Absent', topics: [] };
  const topics = STREAMS.map((stream) => ({
    name: topicName(vaultId, stream),
    partitions: wanted.partitions,
    replicationFactor: wanted.replicationFactor,
    config: {
      'min.insync.replicas': String(wanted.minInSyncReplicas),
      'retention.ms': String(wanted.retentionHours * 3_600_000),
    },
  }));
  return kafka.manage === 'Admin'
    ? { manage: 'Admin', bootstrapServers: kafka.bootstrapServers, topics }
    : { manage: kafka.manage, topics };
}
