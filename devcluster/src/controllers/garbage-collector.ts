import { setTimeout as sleep } from 'node:timers/promises';
import {
  apiVersionOf,
  createQueue,
  isKubeError,
  type KubeObject,
  type Queue,
  RESOURCES,
  type Resource,
  resourcePath,
} from '@cofferdam/operator/engine';
import { decide, FOREGROUND, ORPHAN, type Owner, type OwnerState } from './collection-decision.ts';
import { type ControllerContext, type Running, read } from './controller.ts';
import { can, type DiscoveredResource, discover } from './discovery.ts';
import type { OwnerReference } from './objects.ts';
import { type GraphNode, OwnershipGraph } from './ownership-graph.ts';

/** New kinds are looked for this often, and whenever a CustomResourceDefinition changes. */
const DISCOVERY_MS = 30_000;
/** Longest wait for the first list of new kinds: one may have gone again. */
const SYNC_MS = 2_000;
/** Each kind has its own watch, so a dependent may be seen later than the end of its owner: wait for it. */
const SETTLE_MS = 200;

/** Deletes what has lost its last owner, for every kind that the API server serves. */
export function startGarbageCollector(context: ControllerContext): Running {
  const collector = new GarbageCollector(context);
  return { stop: () => collector.stop() };
}

class GarbageCollector {
  readonly #context: ControllerContext;
  readonly #graph = new OwnershipGraph();
  readonly #kinds = new Map<string, Resource>();
  readonly #subscriptions = new Map<string, () => void>();
  readonly #queue: Queue;
  readonly #discovery: Queue;

  constructor(context: ControllerContext) {
    this.#context = context;
    const onError = (key: string, error: unknown): void => {
      if (!isKubeError(error, 'conflict'))
        context.log(`garbage collector: ${key}: ${(error as Error).message}`);
    };
    this.#queue = createQueue({
      backoffBaseMs: 50,
      backoffMaxMs: 10_000,
      onError,
      work: (uid) => this.#visit(uid),
    });
    this.#discovery = createQueue({
      workers: 1,
      backoffBaseMs: 200,
      backoffMaxMs: 10_000,
      onError,
      work: async () => {
        await this.#followKinds();
        return { afterMs: DISCOVERY_MS };
      },
    });
    const rediscover = (): void => this.#discovery.addAfter('kinds', 50);
    const definitions = RESOURCES.customResourceDefinitions;
    context.watches
      .of(definitions)
      .subscribe({ added: rediscover, updated: rediscover, deleted: rediscover });
    this.#discovery.add('kinds');
  }

  async stop(): Promise<void> {
    for (const end of this.#subscriptions.values()) end();
    await Promise.all([this.#queue.stop(), this.#discovery.stop()]);
  }

  async #followKinds(): Promise<void> {
    const served = (await discover(this.#context.client)).filter(collectable);
    const paths = new Set(served.map((resource) => resourcePath(resource)));
    for (const resource of served) {
      const path = resourcePath(resource);
      this.#kinds.set(`${resource.group}/${resource.kind}`, resource);
      if (!this.#subscriptions.has(path)) this.#subscriptions.set(path, this.#follow(resource));
    }
    for (const [path, end] of this.#subscriptions) {
      if (paths.has(path)) continue;
      end();
      this.#subscriptions.delete(path);
      const entry = [...this.#kinds].find(([, resource]) => resourcePath(resource) === path);
      if (entry === undefined) continue;
      this.#kinds.delete(entry[0]);
      await this.#context.watches.drop(entry[1]);
    }
    // An owner of a new kind may have come and gone before its kind was followed.
    const synced = served.map((resource) => this.#context.watches.of(resource).synced());
    await Promise.race([Promise.all(synced), sleep(SYNC_MS)]);
    for (const { uid } of this.#graph.withUnknownOwner()) this.#queue.add(uid);
  }

  #follow(resource: Resource): () => void {
    const seen = (object: KubeObject): void => {
      const node = nodeOf(resource, object);
      this.#graph.upsert(node);
      const held = node.finalizers.includes(FOREGROUND) || node.finalizers.includes(ORPHAN);
      if (node.deleting && held) this.#queue.addAfter(node.uid, SETTLE_MS);
      // Owners that the graph does not know may never have been there; a look at the API server tells.
      if (node.owners.some(({ uid }) => this.#graph.get(uid)?.deleting !== false)) this.#queue.add(node.uid);
    };
    return this.#context.watches.of(resource).subscribe({
      added: seen,
      updated: seen,
      deleted: (object) => {
        const { uid = '' } = object.metadata;
        const node = this.#graph.get(uid);
        const affected = this.#graph.dependentsOf(uid);
        this.#graph.remove(uid);
        for (const dependent of affected) this.#queue.add(dependent.uid);
        for (const owner of node?.owners ?? []) {
          if (this.#graph.get(owner.uid)?.deleting === true) this.#queue.add(owner.uid);
        }
      },
    });
  }

  async #visit(uid: string): Promise<undefined> {
    const node = this.#graph.get(uid);
    if (node === undefined) return;
    const resource = this.#kinds.get(`${groupOf(node.apiVersion)}/${node.kind}`);
    if (resource === undefined) return;
    const object = await read(this.#context.client, resource, node.namespace, node.name);
    if (object?.metadata.uid !== uid) return;
    if (object.metadata.deletionTimestamp !== undefined) await this.#finish(resource, object, node);
    else await this.#collect(resource, object);
  }

  /** An object that is being deleted, but in the foreground or leaving orphans. */
  async #finish(resource: Resource, object: KubeObject, node: GraphNode): Promise<void> {
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes(ORPHAN)) {
      for (const dependent of this.#graph.dependentsOf(node.uid)) await this.#release(dependent, [node.uid]);
      await this.#removeFinalizer(resource, object, ORPHAN);
    } else if (finalizers.includes(FOREGROUND)) {
      for (const dependent of this.#graph.dependentsOf(node.uid)) this.#queue.add(dependent.uid);
      if (this.#graph.blockersOf(node.uid).length === 0) {
        await this.#removeFinalizer(resource, object, FOREGROUND);
      }
    }
  }

  async #collect(resource: Resource, object: KubeObject): Promise<void> {
    const { client } = this.#context;
    const { uid = '', resourceVersion = '', namespace, name, finalizers = [] } = object.metadata;
    const references: OwnerReference[] = object.metadata.ownerReferences ?? [];
    const owners = await Promise.all(
      references.map(async (reference): Promise<Owner> => {
        return { reference, state: await this.#stateOf(reference, namespace ?? '') };
      }),
    );
    const hasDependents = this.#graph.dependentsOf(uid).length > 0;
    const decision = decide({ finalizers, hasDependents }, owners);
    if (decision.action === 'release') {
      const rest = references.filter((reference) => !decision.uids.includes(reference.uid));
      await this.#writeOwners(resource, object, rest);
    } else if (decision.action === 'delete') {
      const { propagationPolicy } = decision;
      await client.delete(resource, { namespace, name }, { uid, resourceVersion, propagationPolicy });
    }
  }

  async #stateOf(reference: OwnerReference, namespace: string): Promise<OwnerState> {
    const resource = this.#kinds.get(`${groupOf(reference.apiVersion)}/${reference.kind}`);
    // A kind that nobody serves (any more): as the real collector, touch nothing that might be owned.
    if (resource === undefined) return 'solid';
    // Nothing outside namespaces can be owned by something in one: such a reference names no object, so it proves nothing.
    if (resource.namespaced && namespace === '') return 'solid';
    const owner = await this.#owner(resource, resource.namespaced ? namespace : '', reference.name);
    if (owner?.metadata.uid !== reference.uid) return 'absent';
    const deleting = owner.metadata.deletionTimestamp !== undefined;
    return deleting && owner.metadata.finalizers?.includes(FOREGROUND) === true ? 'waiting' : 'solid';
  }

  /** Undefined when the API server says that this object is not there, rather than that it does not serve the kind. */
  async #owner(resource: Resource, namespace: string, name: string): Promise<KubeObject | undefined> {
    try {
      return await this.#context.client.get(resource, { ...(namespace === '' ? {} : { namespace }), name });
    } catch (error) {
      if (isKubeError(error, 'not_found') && error.details.name === name) return undefined;
      throw error;
    }
  }

  async #release(dependent: GraphNode, uids: string[]): Promise<void> {
    const resource = this.#kinds.get(`${groupOf(dependent.apiVersion)}/${dependent.kind}`);
    if (resource === undefined) return;
    const object = await read(this.#context.client, resource, dependent.namespace, dependent.name);
    if (object?.metadata.uid !== dependent.uid) return;
    const rest = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.includes(uid));
    await this.#writeOwners(resource, object, rest);
  }

  async #writeOwners(resource: Resource, object: KubeObject, owners: OwnerReference[]): Promise<void> {
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const ownerReferences = owners.length === 0 ? null : owners;
    const body = { metadata: { uid, resourceVersion, ownerReferences } };
    await this.#context.client.patch(resource, { namespace, name }, { type: 'merge', body });
  }

  async #removeFinalizer(resource: Resource, object: KubeObject, finalizer: string): Promise<void> {
    const { namespace, name, uid, resourceVersion, finalizers = [] } = object.metadata;
    const rest = finalizers.filter((each) => each !== finalizer);
    const body = { metadata: { uid, resourceVersion, finalizers: rest.length === 0 ? null : rest } };
    await this.#context.client.patch(resource, { namespace, name }, { type: 'merge', body });
  }
}

/** Events have no owners and are many; what cannot be watched cannot be followed. */
const collectable = (resource: DiscoveredResource): boolean =>
  can(resource, 'list', 'watch', 'delete') && resource.plural !== 'events';

const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';

function nodeOf(resource: Resource, { metadata }: KubeObject): GraphNode {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid ?? '',
    owners: metadata.ownerReferences ?? [],
    finalizers: metadata.finalizers ?? [],
    deleting: metadata.deletionTimestamp !== undefined,
  };
}
