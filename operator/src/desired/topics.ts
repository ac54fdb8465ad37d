import { STREAMS, type Stream, topicName } from '@cofferdam/contracts';
import type { Kafka, PaymentVault, Reason } from '@cofferdam/crds';
import { effectiveVault } from './effective.ts';
import type { Facts } from './facts.ts';
import { type AdminAccess, adminAccess } from './kafka-access.ts';
import { kafkaTopic } from './kafka-topic.ts';
import type { Manifest } from './manifest.ts';

export type TopicWanted = {
  name: string;
  /** For life: the order of keyed events depends on it. */
  partitions: number;
  replicationFactor: number;
  config: Record<string, string>;
};

/** One principal that may write to one topic, and see that it is there. */
export type WriterWanted = { topic: string; principal: string };

/** Topics as data: what the broker shall have, and who sees to it. */
export type TopicsPlan =
  | { manage: 'Absent' | 'None'; topics: readonly TopicWanted[] }
  | ({ manage: 'Admin'; topics: readonly TopicWanted[]; writers: readonly WriterWanted[] } & AdminAccess)
  | { manage: 'Strimzi'; cluster: string; topics: readonly TopicWanted[]; manifests: readonly Manifest[] };
export type AdminTopicsPlan = Extract<TopicsPlan, { manage: 'Admin' }>;
export type StrimziTopicsPlan = Extract<TopicsPlan, { manage: 'Strimzi' }>;
export type ManagedTopicsPlan = AdminTopicsPlan | StrimziTopicsPlan;

export type TopicFound = { name: string; partitions: number; replicationFactor: number };

/** What can be wrong with topics: reasons of TopicsReady. */
export type TopicsReason = Extract<
  Reason,
  | 'BrokerUnreachable'
  | 'BrokerNotTrusted'
  | 'BrokersTooFew'
  | 'KafkaAccessDenied'
  | 'KafkaCredentialsMissing'
  | 'KafkaCredentialsNotAllowed'
  | 'KafkaCaUnreadable'
  | 'KafkaRequestRefused'
  | 'AclsUnsupported'
  | 'TopicMismatch'
  | 'NameConflict'
  | 'StrimziMissing'
  | 'StrimziNotReady'
>;
export type TopicsProblem = { reason: TopicsReason; message: string };

/** What came of it: the topics as they are, and what is wrong with them. */
export type TopicsOutcome = { topics: readonly TopicFound[]; problem?: TopicsProblem };

export function topicsPlan(vault: PaymentVault, facts: Facts): TopicsPlan {
  const { kafka, vaultId } = vault.spec;
  const { topics: wanted } = effectiveVault(vault, facts.images);
  if (kafka === undefined || wanted === undefined) return { manage: 'Absent', topics: [] };
  const topics = STREAMS.map((stream) => ({
    name: topicName(vaultId, stream),
    // Anchors name each other, and are few.
    partitions: stream === 'audit' ? 1 : wanted.partitions,
    replicationFactor: wanted.replicationFactor,
    config: {
      'min.insync.replicas': String(wanted.minInSyncReplicas),
      'retention.ms': String(retentionHours(stream, wanted) * 3_600_000),
    },
  }));
  switch (kafka.manage) {
    case 'Admin':
      return { manage: 'Admin', topics, writers: writers(vaultId, kafka), ...adminAccess(vault, kafka) };
    case 'Strimzi': {
      const cluster = kafka.strimzi?.cluster ?? '';
      const manifests = topics.map((topic) => kafkaTopic(vault, cluster, topic));
      return { manage: 'Strimzi', cluster, topics, manifests };
    }
    default:
      return { manage: 'None', topics };
  }
}

/** Whether the operator has to do something about these topics. */
export function isManaged(plan: TopicsPlan): plan is ManagedTopicsPlan {
  return plan.manage === 'Admin' || plan.manage === 'Strimzi';
}

function retentionHours(
  stream: Stream,
  wanted: { retentionHours: number; auditRetentionHours: number },
): number {
  return stream === 'audit' ? wanted.auditRetentionHours : wanted.retentionHours;
}

function writers(vaultId: string, { acls }: Kafka): WriterWanted[] {
  if (acls === undefined) return [];
  return [
    { topic: topicName(vaultId, 'tokens'), principal: acls.vaultPrincipal },
    { topic: topicName(vaultId, 'audit'), principal: acls.vaultPrincipal },
    { topic: topicName(vaultId, 'payments'), principal: acls.routerPrincipal },
  ];
}
