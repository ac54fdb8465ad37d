import type { KubeClient } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { isKubeError } from './kube-error.ts';
import { type KubeObject, keyOf, type ObjectKey, type Resource } from './resource.ts';

/** What must be known of a cache to tell whether it has seen a write. */
export type SeenBy = {
  store: { get(namespace: string | undefined, name: string): KubeObject | undefined };
  hasSeen(key: ObjectKey, version: string): boolean;
};

export type OwnWrites = {
  /** Remembers what it writes. A write that is based on a version which only we have changed since is sent on ours. */
  client: KubeClient;
  /**
   * Whether the caches have seen our last writes to the object with this UID and to all that it owns, and what a
   * conflict told us that they had missed. Nothing is planned before: a cache that is older than our own write would
   * undo it, or make it again.
   */
  caughtUp(uid: string): boolean;
  /** Writes that some cache has not seen yet; for diagnostics. */
  readonly pending: number;
};

type Pending = {
  cache: SeenBy;
  key: ObjectKey;
  uid: string | undefined;
  /** Of the object itself and of its owners. */
  concerns: readonly string[];
  /** `written`: this version shall be seen; `deleted`: the object gone; `stale`: anything but this version. */
  kind: 'written' | 'deleted' | 'stale';
  version: string | undefined;
  /** The versions between which and `version` there is no write but ours. */
  from: ReadonlySet<string>;
  at: number;
};

/** A cache that has not seen a write after this long is acted on all the same: resource versions keep late writes out. */
const GIVE_UP_MS = 30_000;
/** The next event may be for an object that never changes again, where our base was wrong for another reason. */
const GIVE_UP_STALE_MS = 5_000;
const SWEEP_EVERY = 1_000;

/** A read-your-own-writes gate over caches that are filled by watches. */
export function createOwnWrites(options: {
  client: KubeClient;
  /** The cache in which objects of this resource are seen; writes to others are not remembered. */
  cacheOf: (resource: Resource) => SeenBy | undefined;
  clock?: Clock;
}): OwnWrites {
  const { client, cacheOf, clock = systemClock } = options;
  const pending = new Map<string, Pending>();
  /** UID to the keys of `pending` that concern it. */
  const concerning = new Map<string, Set<string>>();
  let recorded = 0;

  const idOf = (resource: Resource, key: ObjectKey) => `${resource.group}/${resource.plural} ${keyOf(key)}`;

  function drop(id: string): void {
    const one = pending.get(id);
    if (one === undefined) return;
    pending.delete(id);
    for (const uid of one.concerns) {
      const ids = concerning.get(uid);
      ids?.delete(id);
      if (ids?.size === 0) concerning.delete(uid);
    }
  }

  function remember(id: string, one: Pending): void {
    drop(id);
    pending.set(id, one);
    for (const uid of one.concerns) {
      const ids = concerning.get(uid) ?? new Set();
      concerning.set(uid, ids.add(id));
    }
    recorded += 1;
    if (recorded % SWEEP_EVERY === 0) for (const [key, old] of pending) if (isOver(old)) drop(key);
  }

  function isOver({ cache, key, kind, version, uid, at }: Pending): boolean {
    const limit = kind === 'stale' ? GIVE_UP_STALE_MS : GIVE_UP_MS;
    if (clock.monotonicMs() - at >= limit) return true;
    const seen = cache.store.get(key.namespace, key.name)?.metadata;
    if (kind === 'deleted') return seen?.uid !== uid || seen?.deletionTimestamp !== undefined;
    if (kind === 'stale')
      return seen?.uid !== uid || (version !== undefined && seen?.resourceVersion !== version);
    return version === undefined || cache.hasSeen(key, version);
  }

  const uidsOf = ({ metadata }: KubeObject) =>
    [metadata.uid, ...(metadata.ownerReferences ?? []).map(({ uid }) => uid)].filter(
      (uid) => uid !== undefined,
    );

  /** The version to send in place of `base`. */
  function rebased(resource: Resource, key: ObjectKey, base: string | undefined): string | undefined {
    const last = pending.get(idOf(resource, key));
    return base !== undefined && last?.kind === 'written' && last.from.has(base) ? last.version : base;
  }

  function wrote(resource: Resource, answer: KubeObject, base: string | undefined): void {
    const cache = cacheOf(resource);
    const version = answer.metadata.resourceVersion;
    if (cache === undefined || version === undefined || version === base) return;
    const id = idOf(resource, answer.metadata);
    const before = pending.get(id);
    const chain = base !== undefined && before?.version === base ? before.from : [];
    const { namespace, name, uid } = answer.metadata;
    remember(id, {
      cache,
      key: { namespace, name },
      uid,
      concerns: uidsOf(answer),
      kind: 'written',
      version,
      from: new Set(base === undefined ? [] : [...chain, base]),
      at: clock.monotonicMs(),
    });
  }

  /**
   * A deletion, or a conflict: the cached object says whom it concerns.
   *
   * @param base what the request stood on, which a conflict proved to be old; the cache may know better by now
   */
  function noted(
    kind: 'deleted' | 'stale',
    about: { resource: Resource; key: ObjectKey },
    base: { uid?: string | undefined; version?: string | undefined } = {},
  ): void {
    const { resource, key } = about;
    const cache = cacheOf(resource);
    const cached = cache?.store.get(key.namespace, key.name);
    if (cache === undefined || cached === undefined) return;
    remember(idOf(resource, key), {
      cache,
      key: { namespace: key.namespace, name: key.name },
      uid: base.uid ?? cached.metadata.uid,
      concerns: uidsOf(cached),
      kind,
      version: base.version,
      from: new Set(),
      at: clock.monotonicMs(),
    });
  }

  async function write<T extends KubeObject>(
    about: { resource: Resource; key: ObjectKey; base: string | undefined },
    send: (base: string | undefined) => Promise<T>,
  ): Promise<T> {
    const { resource, key } = about;
    const base = rebased(resource, key, about.base);
    try {
      const answer = await send(base);
      wrote(resource, answer, base);
      return answer;
    } catch (error) {
      if (isKubeError(error, 'conflict') && base !== undefined) noted('stale', about, { version: base });
      throw error;
    }
  }

  const whole =
    <O>(method: <T extends KubeObject>(resource: Resource, object: KubeObject, options?: O) => Promise<T>) =>
    <T extends KubeObject>(resource: Resource, object: KubeObject, options?: O): Promise<T> => {
      const { resourceVersion } = object.metadata;
      return write<T>({ resource, key: object.metadata, base: resourceVersion }, (base) =>
        method<T>(resource, onBase(object, base), options),
      );
    };

  return {
    client: {
      ...client,
      create: whole(client.create),
      update: whole(client.update),
      apply: whole(client.apply),
      updateStatus: whole(client.updateStatus),
      applyStatus: whole(client.applyStatus),
      patch<T extends KubeObject>(...[resource, key, patch, ...rest]: Parameters<KubeClient['patch']>) {
        const body = patch.body as Partial<KubeObject>;
        const given = patch.type === 'json' ? undefined : body.metadata?.resourceVersion;
        return write<T>({ resource, key, base: given }, (base) => {
          const same = given === undefined || patch.type === 'json';
          const metadata = { ...body.metadata, resourceVersion: base };
          return client.patch<T>(
            resource,
            key,
            same ? patch : { ...patch, body: { ...body, metadata } },
            ...rest,
          );
        });
      },
      async delete(resource, key, deleteOptions) {
        try {
          const answer = await client.delete(resource, key, deleteOptions);
          noted('deleted', { resource, key }, { uid: deleteOptions?.uid });
          return answer;
        } catch (error) {
          const { uid, resourceVersion: version } = deleteOptions ?? {};
          const hadBase = uid !== undefined || version !== undefined;
          if (isKubeError(error, 'conflict') && hadBase) noted('stale', { resource, key }, { uid, version });
          throw error;
        }
      },
    },
    caughtUp(uid) {
      for (const id of [...(concerning.get(uid) ?? [])]) {
        const one = pending.get(id);
        if (one !== undefined && isOver(one)) drop(id);
      }
      return !concerning.has(uid);
    },
    get pending() {
      return pending.size;
    },
  };
}

function onBase(object: KubeObject, resourceVersion: string | undefined): KubeObject {
  if (resourceVersion === undefined || resourceVersion === object.metadata.resourceVersion) return object;
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}
