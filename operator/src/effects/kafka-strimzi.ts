import { FIELD_MANAGER } from '@cofferdam/crds';
import { VAULT_ID_ANNOTATION } from '../desired/kafka-topic.ts';
import type { Manifest } from '../desired/manifest.ts';
import type { StrimziTopicsPlan, TopicFound, TopicsProblem } from '../desired/topics.ts';
import {
  apiVersionOf,
  covers,
  isKubeError,
  type KubeClient,
  type KubeObject,
  type Resource,
} from '../engine/index.ts';
import type { StrimziTopicManagement } from './kafka.ts';

type KafkaTopic = KubeObject & {
  spec?: { partitions?: number; replicas?: number; config?: object };
  status?: {
    observedGeneration?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
};

const GROUP = 'kafka.strimzi.io';
/** Newest first: v1beta2 is what Strimzi before 1.0 has, and both say what we need in the same words. */
const VERSIONS = ['v1', 'v1beta2'];

/**
 * Topics as KafkaTopic resources. They are read when they are needed instead of being watched: nothing happens to
 * them between two looks that cannot wait for the second. Nothing here deletes one, for Strimzi deletes the topic.
 */
export function strimziTopicManagement(
  client: Pick<KubeClient, 'get' | 'apply' | 'raw'>,
): StrimziTopicManagement {
  return {
    async ensure(plan) {
      const version = await servedVersion(client);
      if (version === undefined) {
        const message =
          'manage: Strimzi needs the kind KafkaTopic of kafka.strimzi.io, which this cluster does not have: install Strimzi, or say manage: Admin or None';
        return { topics: [], problem: { reason: 'StrimziMissing', message } };
      }
      const topics: TopicFound[] = [];
      let problem: TopicsProblem | undefined;
      for (const manifest of plan.manifests) {
        try {
          const one = await ensureTopic(client, plan, inVersion(manifest, version));
          if (one.found !== undefined) topics.push(one.found);
          problem ??= one.problem;
        } catch (error) {
          problem ??= refusal(error, manifest);
        }
      }
      return problem === undefined ? { topics } : { topics, problem };
    },
  };
}

async function ensureTopic(
  client: Pick<KubeClient, 'get' | 'apply'>,
  plan: StrimziTopicsPlan,
  { resource, object }: Manifest,
): Promise<{ found?: TopicFound; problem?: TopicsProblem | undefined }> {
  const { name, namespace = '' } = object.metadata;
  const before = await client.get<KafkaTopic>(resource, { name, namespace }).catch((error: unknown) => {
    if (isKubeError(error, 'not_found')) return undefined;
    throw error;
  });
  if (before === undefined) {
    const made = await client.apply<KafkaTopic>(resource, object);
    return { found: foundIn(made), problem: notReady(made, plan) };
  }
  if (!isOurs(before, object)) {
    const message = `KafkaTopic ${namespace}/${name} was not made for this vaultId, and is left as it is: say manage: None to go on using it, or remove it`;
    return { problem: { reason: 'NameConflict', message } };
  }
  const [has, wanted] = [before.spec?.partitions, (object as KafkaTopic).spec?.partitions];
  if (has !== undefined && has !== wanted) {
    const message = `KafkaTopic ${namespace}/${name} has ${has} partitions where ${wanted} are asked for, and is left as it is, since the order of its events depends on it: say ${has} in spec.kafka.topics.partitions`;
    return { found: foundIn(before), problem: { reason: 'TopicMismatch', message } };
  }
  // Copies are settled when a topic is made: Strimzi needs Cruise Control to change them.
  const kept = before.spec?.replicas === undefined ? {} : { replicas: before.spec.replicas };
  const target = { ...object, spec: { ...(object as KafkaTopic).spec, ...kept } };
  const after = covers(before, target) ? before : await client.apply<KafkaTopic>(resource, target);
  return { found: foundIn(after), problem: notReady(after, plan) };
}

/** Ours is what was made for the same vaultId: by this resource, or by one that was deleted and kept its topics. */
function isOurs(topic: KubeObject, wanted: KubeObject): boolean {
  const { labels, annotations } = topic.metadata;
  return (
    labels?.['app.kubernetes.io/managed-by'] === FIELD_MANAGER &&
    annotations?.[VAULT_ID_ANNOTATION] === wanted.metadata.annotations?.[VAULT_ID_ANNOTATION]
  );
}

function foundIn({ metadata, spec }: KafkaTopic): TopicFound {
  return {
    name: metadata.name,
    partitions: spec?.partitions ?? 0,
    replicationFactor: spec?.replicas ?? 0,
  };
}

/** What Strimzi says of it, once it speaks of what is asked for now. */
function notReady({ metadata, status }: KafkaTopic, plan: StrimziTopicsPlan): TopicsProblem | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const isCurrent = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const where = `${metadata.namespace}/${metadata.name}`;
  if (ready === undefined || !isCurrent) {
    const message = `Strimzi has not dealt with KafkaTopic ${where} yet: if it stays so, see that the Topic Operator of Kafka ${plan.cluster} runs and watches namespace ${metadata.namespace}`;
    return { reason: 'StrimziNotReady', message };
  }
  if (ready.status === 'True') return undefined;
  const said = [ready.reason, ready.message].filter(Boolean).join(': ') || 'without a reason';
  return { reason: 'StrimziNotReady', message: `KafkaTopic ${where} is not ready: ${said}` };
}

async function servedVersion(client: Pick<KubeClient, 'raw'>): Promise<string | undefined> {
  try {
    const { versions = [] }: { versions?: { version: string }[] } = JSON.parse(
      await client.raw(`/apis/${GROUP}`),
    );
    return VERSIONS.find((version) => versions.some((one) => one.version === version));
  } catch (error) {
    if (isKubeError(error, 'not_found')) return undefined;
    throw error;
  }
}

function inVersion({ resource, object }: Manifest, version: string): Manifest {
  const served: Resource = { ...resource, version };
  return { resource: served, object: { ...object, apiVersion: apiVersionOf(served) } };
}

/** An answer that is about this topic alone stands in the condition; any other is tried again as a whole. */
function refusal(error: unknown, { object }: Manifest): TopicsProblem {
  if (!isKubeError(error, 'forbidden') && !isKubeError(error, 'invalid')) throw error;
  const { name, namespace } = object.metadata;
  return {
    reason: 'StrimziNotReady',
    message: `the API server refuses KafkaTopic ${namespace}/${name}: ${error instanceof Error ? error.message : error}`,
  };
}
