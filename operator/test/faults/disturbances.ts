import { setTimeout as wait } from 'node:timers/promises';
import { type KubeObject, RESOURCES, type Resource } from '../../src/engine/index.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../../src/reconcile/resources.ts';
import { connectorKey, vaultKey } from '../cluster-harness.ts';
import type { Disturbance, Reference } from './crash-matrix.ts';
import type { Lane } from './lane.ts';

/** How long an old view of the cluster lasts after a restart: long enough to act on it. */
const STALE_MS = 120;

const serveStale = (version: (at: { versionBefore: string; versionAt: string }) => string) => ({
  async meanwhile(lane: Lane, at: { versionBefore: string; versionAt: string }) {
    lane.faults.listsAt = version(at);
  },
  async afterwards(lane: Lane) {
    await wait(STALE_MS);
    delete lane.faults.listsAt;
  },
});

/** The columns of the crash matrix. */
export const DISTURBANCES: readonly Disturbance[] = [
  { name: 'stopped before it', when: 'before', kills: true },
  { name: 'stopped after it', when: 'after', kills: true },
  {
    name: 'restarted on a cache from before the write',
    when: 'after',
    kills: true,
    ...serveStale(({ versionAt }) => versionAt),
  },
  {
    name: 'restarted on a cache from before the change',
    when: 'after',
    kills: true,
    ...serveStale(({ versionBefore }) => versionBefore),
    // What was asked for before is brought about once more, and then taken back.
    allows: (reference, scenario) => 2 * changesOf(reference, scenario),
  },
  {
    name: 'the events after it lost',
    when: 'before',
    kills: false,
    async meanwhile(lane) {
      lane.faults.blind = true;
      await wait(STALE_MS / 2);
      delete lane.faults.blind;
      lane.endWatches();
    },
  },
  {
    name: 'what it wrote made again',
    when: 'after',
    kills: true,
    applies: (_, write) => childOf(write) !== undefined,
    meanwhile: (lane, { name }) => makeChildAgain(lane, name),
    allows: () => 1,
  },
  {
    name: 'the resource made again',
    when: 'after',
    kills: true,
    // Whoever deletes a resource that is being deleted waits until it is gone.
    applies: (scenario) => scenario !== 'delete' && scenario !== 'disconnect',
    meanwhile: (lane, { scenario }) => makeParentAgain(lane, scenario),
    allows: (reference) => 2 * (changesOf(reference, 'create') + changesOf(reference, 'connect')),
  },
];

function changesOf(reference: Reference, scenario: string): number {
  return reference.get(scenario)?.writes.filter(({ changed }) => changed).length ?? 0;
}

function childOf(write: string): { resource: Resource; name: string } | undefined {
  const [, plural, name = ''] = /^apply ([a-z.]+)\/(.+)$/.exec(write) ?? [];
  const resource = Object.values(RESOURCES).find((one) => one.namespaced && one.plural === plural);
  return resource === undefined ? undefined : { resource, name };
}

type Whole = KubeObject & { spec?: Record<string, unknown>; status?: unknown };

/** Deletes a child and makes it again as it was: the same in every respect, and another object. */
async function makeChildAgain({ cluster, namespace }: Lane, write: string): Promise<void> {
  const child = childOf(write);
  if (child === undefined) return;
  const { admin } = cluster;
  const { items } = await admin.list<Whole>(child.resource, { namespace });
  const like = new RegExp(`^${child.name.replace('<hash>', '[0-9a-f]{10}')}$`);
  for (const object of items.filter(({ metadata }) => like.test(metadata.name))) {
    await admin.delete(child.resource, object.metadata, { propagationPolicy: 'Background' });
    await admin.create(child.resource, copyOf(object));
  }
}

async function makeParentAgain({ cluster, namespace }: Lane, scenario: string): Promise<void> {
  const { admin } = cluster;
  const isConnector = scenario === 'connect';
  const resource = isConnector ? PSP_CONNECTORS : PAYMENT_VAULTS;
  const key = isConnector ? connectorKey(namespace) : vaultKey(namespace);
  const before = await admin.get<Whole>(resource, key);
  await admin.patch(resource, key, { type: 'merge', body: { metadata: { finalizers: null } } });
  await admin.delete(resource, key);
  await admin.create(resource, copyOf(before));
}

function copyOf(object: Whole): KubeObject {
  const { apiVersion, kind, metadata, status: _, spec, ...rest } = object;
  const { name, namespace, labels, annotations, ownerReferences } = metadata;
  const about = { name, namespace, labels, annotations, ownerReferences };
  return JSON.parse(
    JSON.stringify({
      apiVersion,
      kind,
      metadata: about,
      ...rest,
      ...(spec === undefined ? {} : { spec: kind === 'Job' ? withoutUid(spec) : unaddressed(spec) }),
    }),
  );
}

/** A Service gets other addresses. */
function unaddressed({ clusterIP: _ip, clusterIPs: _ips, ...spec }: Record<string, unknown>) {
  return spec;
}

/** What the API server has put into a Job names its UID. */
function withoutUid({ selector: _, ...spec }: Record<string, unknown>) {
  const { template } = spec as { template: { metadata: { labels: Record<string, string> } } };
  const labels = Object.entries(template.metadata.labels).filter(
    ([key]) => !/controller-uid|job-name/.test(key),
  );
  return {
    ...spec,
    template: { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(labels) } },
  };
}
