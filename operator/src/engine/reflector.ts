import { createListWatch, type ListWatch, type ListWatchOptions } from './list-watch.ts';
import type { KubeObject, Resource } from './resource.ts';
import { isAtLeast } from './resource-version.ts';
import { createStore, type ReadStore, type StoreHandler, type StoreOptions } from './store.ts';
import { createTrim } from './trim.ts';

/** A cache of one resource, kept current by list and watch. */
export type Reflector<T extends KubeObject> = {
  readonly resource: Resource;
  readonly store: ReadStore<T>;
  /** Begins; called once. */
  start(): void;
  /** True since the first complete list. */
  hasSynced(): boolean;
  /** Resolves with the first complete list. */
  synced(): Promise<void>;
  /** Whether the cache holds this version of the object, or the state of the cluster at or after it. */
  hasSeen(key: { namespace?: string | undefined; name: string }, version: string): boolean;
  subscribe(handler: StoreHandler<T>): () => void;
  /** For diagnostics. */
  snapshot(): { kind: string; objects: number; streams: Pick<ListWatch, 'state' | 'version'>[] };
  /** Ends the watch and any back-off; resolves when nothing of it is left. */
  stop(): Promise<void>;
};

export type ReflectorOptions<T extends KubeObject> = StoreOptions<T> &
  Omit<ListWatchOptions, 'namespace'> & {
    namespace?: string | undefined;
    /** Several namespaces, each listed and watched by itself into one cache. Without this or `namespace`: all. */
    namespaces?: readonly string[] | undefined;
  };

export function createReflector<T extends KubeObject = KubeObject>(
  options: ReflectorOptions<T>,
): Reflector<T> {
  const { resource } = options;
  const trim = options.trim ?? createTrim<T>({ metadataOnly: options.metadataOnly ?? false });
  const store = createStore<T>({ ...options, trim });
  const stopping = new AbortController();
  const namespaces = options.namespaces ?? [options.namespace];
  const streams = new Map(
    namespaces.map((namespace) => [namespace, createListWatch<T>({ ...options, namespace }, store)]),
  );
  const all = [...streams.values()];
  let running: Promise<unknown> = Promise.resolve();
  let started = false;

  return {
    resource,
    store,
    start() {
      if (started) return;
      started = true;
      running = Promise.all(all.map((stream) => stream.run(stopping.signal)));
    },
    hasSynced: () => all.every((stream) => stream.hasSynced),
    synced: async () => void (await Promise.all(all.map((stream) => stream.synced))),
    hasSeen({ namespace, name }, version) {
      const stream = streams.get(namespace) ?? streams.get(undefined);
      return (
        isAtLeast(store.get(namespace, name)?.metadata.resourceVersion, version) ||
        isAtLeast(stream?.version, version)
      );
    },
    subscribe: (handler) => store.subscribe(handler),
    snapshot: () => ({
      kind: resource.kind,
      objects: store.size,
      streams: all.map(({ state, version }) => ({ state, version })),
    }),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
