import { GROUP, type PaymentVault } from '@cofferdam/crds';
import { OPTIONAL_RESOURCES } from '../engine/well-known.ts';
import { type Manifest, manifest } from './manifest.ts';
import { VAULT_LABEL } from './names.ts';
import type { TopicWanted } from './topics.ts';

/** On a KafkaTopic of ours: the vaultId whose events it holds. It outlives the resource, and is found by it again. */
export const VAULT_ID_ANNOTATION = `${GROUP}/vault-id`;

/**
 * A topic as Strimzi's KafkaTopic. It has no owner: with Strimzi the deletion of a KafkaTopic deletes the topic and
 * the events in it, so nothing that we delete may take it along.
 */
export function kafkaTopic(vault: PaymentVault, cluster: string, topic: TopicWanted): Manifest {
  const { name: vaultName, namespace } = vault.metadata;
  const { name, partitions, replicationFactor, config } = topic;
  return manifest(
    OPTIONAL_RESOURCES.kafkaTopics,
    {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: {
        'strimzi.io/cluster': cluster,
        'app.kubernetes.io/part-of': 'cofferdam',
        'app.kubernetes.io/managed-by': 'cofferdam-operator',
        [VAULT_LABEL]: vaultName,
      },
      annotations: { [VAULT_ID_ANNOTATION]: vault.spec.vaultId },
    },
    { spec: { topicName: name, partitions, replicas: replicationFactor, config: numbers(config) } },
  );
}

/** Strimzi keeps what it is given: numbers are how its own examples and its users write these. */
function numbers(config: Record<string, string>): Record<string, number> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, Number(value)]));
}
