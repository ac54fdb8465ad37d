import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../../src/engine/index.ts';
import type { Lane } from './lane.ts';

/** All that an operator has made of the world, without what differs between two runs that ended alike. */
export type WorldState = {
  /** Of objects of each kind. */
  numbers: Record<string, number>;
  objects: Record<string, unknown>;
  keys: unknown[];
  aliases: string[];
  topics: Record<string, unknown>;
};

type Autoscaler = KubeObject & { spec?: { scaleTargetRef?: { name?: string } } };

type KmsFile = {
  keys: Record<
    string,
    {
      keyId: string;
      state: string;
      tags: Record<string, string>;
      rotation?: { periodInDays: number };
      grants: { name?: string; granteePrincipal: string; operations: string[]; constraints?: unknown }[];
    }
  >;
  aliases: Record<string, unknown>;
};

export async function stateOf(
  lane: Pick<Lane, 'namespace' | 'cluster' | 'kms' | 'brokers'>,
): Promise<WorldState> {
  // A migration's Job may be gone: that it has run is known elsewhere.
  const objects = lane.cluster.mirror.of(lane.namespace).filter(({ kind }) => kind !== 'Job');
  const scaled = new Set(
    objects.flatMap((object) => (object as Autoscaler).spec?.scaleTargetRef?.name ?? []),
  );
  const live = new Set(objects.map(({ metadata }) => metadata.uid ?? ''));
  const kms = JSON.parse(await readFile(join(lane.kms.stateDirectory, 'kms.json'), 'utf8')) as KmsFile;
  const state: WorldState = {
    numbers: countByKind(objects),
    objects: Object.fromEntries(
      objects
        .filter(({ kind, metadata }) => kind !== 'ConfigMap' || metadata.name !== 'kube-root-ca.crt')
        .map((object) => [`${object.kind}/${object.metadata.name}`, bare(object, live, scaled)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    keys: Object.values(kms.keys)
      .map(({ state, tags, rotation, grants }) => ({
        state,
        tags,
        rotationDays: rotation?.periodInDays,
        grants: grants
          .map(({ name, granteePrincipal, operations, constraints }) => ({
            name,
            granteePrincipal,
            operations,
            constraints,
          }))
          .sort((a, b) => (a.granteePrincipal < b.granteePrincipal ? -1 : 1)),
      }))
      .sort((a, b) => (a.state < b.state ? -1 : 1)),
    aliases: Object.keys(kms.aliases).sort(),
    topics: Object.fromEntries(lane.brokers.found),
  };
  return JSON.parse(alike(JSON.stringify(state), lane.namespace)) as WorldState;
}

function countByKind(objects: readonly KubeObject[]): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const { kind } of objects) numbers[kind] = (numbers[kind] ?? 0) + 1;
  return numbers;
}

/** Without versions, times, and what other controllers say. */
function bare(object: KubeObject, live: ReadonlySet<string>, scaled: ReadonlySet<string>): unknown {
  const { metadata, apiVersion, kind, ...rest } = object as KubeObject & Record<string, unknown>;
  const { labels, annotations, finalizers, ownerReferences = [], generation, deletionTimestamp } = metadata;
  const ours = apiVersion.startsWith('payments.cofferdam.dev/');
  const { status, ...content } = rest as { status?: { observedGeneration?: number }; spec?: object };
  const spec = content.spec as { clusterIP?: string; clusterIPs?: string[]; replicas?: number } | undefined;
  const { clusterIP: _ip, clusterIPs: _ips, replicas, ...addressless } = spec ?? {};
  // An autoscaler's, where there is one.
  const settings = scaled.has(metadata.name) ? addressless : { ...addressless, replicas };
  return {
    kind,
    labels,
    annotations,
    finalizers,
    deleting: deletionTimestamp !== undefined,
    owners: ownerReferences.map(({ kind, name, controller, uid }) => ({
      kind,
      name,
      controller,
      live: live.has(uid),
    })),
    ...content,
    ...(spec === undefined ? {} : { spec: settings }),
    ...(ours ? { status: { ...status, observedGeneration: status?.observedGeneration === generation } } : {}),
  };
}

const TIME = /"\d{4}-\d\d-\d\dT[\d:.]+Z"/g;
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
/** Of names and of annotations, never a number; they depend on the namespace. What they are digests of is compared itself. */
const DIGEST = /(?<!":)\b(?:[0-9a-f]{10}|[0-9a-f]{16})\b/g;
const GRANT = /"grantId":"[^"]*"/g;

function alike(text: string, namespace: string): string {
  const conditions = /"observedGeneration":\d+/g;
  return text
    .replaceAll(namespace, 'NS')
    .replace(TIME, '"TIME"')
    .replace(UUID, 'UUID')
    .replace(GRANT, '"grantId":"GRANT"')
    .replace(conditions, '"observedGeneration":0')
    .replace(DIGEST, 'DIGEST');
}
