import { createBackoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { type Clock, type Random, systemClock } from './clock.ts';
import { isKubeError, KubeError, kubeErrorFrom } from './kube-error.ts';
import type { KubeObject, Resource } from './resource.ts';
import { createStore, metadataOf, type ReadStore, type StoreHandler, type StoreOptions } from './store.ts';

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
  subscribe(handler: StoreHandler<T>): () => void;
  /** Ends the watch and any back-off; resolves when nothing of it is left. */
  stop(): Promise<void>;
};

export type ReflectorOptions<T extends KubeObject> = StoreOptions<T> & {
  client: KubeClient;
  resource: Resource;
  namespace?: string | undefined;
  labelSelector?: string;
  fieldSelector?: string;
  /** Ask for and keep only metadata. */
  metadataOnly?: boolean;
  clock?: Clock;
  random?: Random;
  /** Told of every failure that is being retried; for logs and metrics. */
  onError?: (error: KubeError, retryInMs: number) => void;
  /** Silence after which a watch that has sent bookmarks counts as dead, milliseconds. Default 150000. */
  idleMs?: number;
  /** First wait after a failure, milliseconds. Default 800. */
  backoffBaseMs?: number;
};

/** A watch that ends sooner than this without an event is a fault of the server, and is backed off from. */
const SHORTEST_WATCH_MS = 1_000;

export function createReflector<T extends KubeObject = KubeObject>(
  options: ReflectorOptions<T>,
): Reflector<T> {
  const { client, resource, clock = systemClock, random = Math.random, idleMs = 150_000 } = options;
  const store = createStore<T>(options.metadataOnly ? { ...options, trim: metadataOf } : options);
  const backoff = createBackoff({ clock, random, baseMs: options.backoffBaseMs ?? 800 });
  const stopping = new AbortController();
  const first = Promise.withResolvers<void>();
  let synced = false;
  let running: Promise<void> = Promise.resolve();
  let started = false;

  const selection = {
    namespace: options.namespace,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    metadataOnly: options.metadataOnly,
  };

  async function list(): Promise<string> {
    const answer = await client.list<T>(resource, { ...selection, signal: stopping.signal });
    store.replace(answer.items);
    synced = true;
    first.resolve();
    return answer.metadata.resourceVersion;
  }

  /** Follows changes from `version` on; `advance` is told of every newer version that is safe to resume from. */
  async function watch(version: string, advance: (version: string) => void): Promise<void> {
    // Random, so that the watches of a fleet do not all come back in the same second.
    const timeoutSeconds = Math.round(300 + 300 * random());
    const silence = new AbortController();
    let cancel = () => {};
    const arm = (ms: number) => {
      cancel();
      cancel = clock.after(ms, () => silence.abort());
    };
    const startedAt = clock.monotonicMs();
    let events = 0;
    // A server need not send bookmarks; only one that does is known to be dead when it falls silent.
    arm(timeoutSeconds * 1000 + 30_000);
    try {
      const signal = AbortSignal.any([stopping.signal, silence.signal]);
      const stream = client.watch<T>(resource, {
        ...selection,
        resourceVersion: version,
        timeoutSeconds,
        signal,
      });
      for await (const event of stream) {
        if (stopping.signal.aborted) return;
        events += 1;
        if (event.type === 'ERROR') throw kubeErrorFrom(`watch ${resource.plural}`, 0, event.object);
        if (event.type === 'DELETED') store.remove(event.object);
        else if (event.type !== 'BOOKMARK') store.put(event.object);
        if (event.type === 'BOOKMARK') arm(idleMs);
        const newer = event.object.metadata.resourceVersion;
        if (newer !== undefined) advance(newer);
      }
    } catch (error) {
      if (silence.signal.aborted && !stopping.signal.aborted) {
        throw new KubeError('timeout', `watch ${resource.plural}: silent for too long`, { cause: error });
      }
      throw error;
    } finally {
      cancel();
    }
    if (events === 0 && clock.monotonicMs() - startedAt < SHORTEST_WATCH_MS && !stopping.signal.aborted) {
      throw new KubeError('server_error', `watch ${resource.plural}: ended at once`);
    }
  }

  async function run(): Promise<void> {
    let version: string | undefined;
    while (!stopping.signal.aborted) {
      try {
        if (version === undefined) version = await list();
        else {
          await watch(version, (newer) => {
            version = newer;
          });
        }
      } catch (error) {
        if (stopping.signal.aborted) return;
        // Only an expired version costs a new list; after anything else we resume where we were.
        if (isKubeError(error, 'gone', 'invalid')) version = undefined;
        const waitMs = backoff.next();
        const known = isKubeError(error) ? error : new KubeError('other', String(error), { cause: error });
        options.onError?.(known, waitMs);
        await clock.sleep(waitMs, stopping.signal);
      }
    }
  }

  return {
    resource,
    store,
    start() {
      if (started) return;
      started = true;
      running = run();
    },
    hasSynced: () => synced,
    synced: () => first.promise,
    subscribe: (handler) => store.subscribe(handler),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
