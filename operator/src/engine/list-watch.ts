import { createBackoff } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { type Clock, type Random, systemClock } from './clock.ts';
import { isKubeError, KubeError, kubeErrorFrom } from './kube-error.ts';
import { apiVersionOf, type KubeObject, type Resource, type WatchEvent } from './resource.ts';
import type { Store } from './store.ts';

/** Follows one resource, in one namespace or in all, into a store. */
export type ListWatch = {
  /** Runs until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  readonly hasSynced: boolean;
  /** Resolves with the first complete list. */
  readonly synced: Promise<void>;
  /** The newest version that was seen, of whichever object or bookmark. */
  readonly version: string | undefined;
  readonly state: 'waiting' | 'listing' | 'watching';
};

export type ListWatchOptions = {
  client: KubeClient;
  resource: Resource;
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Ask for and keep only metadata. */
  metadataOnly?: boolean | undefined;
  clock?: Clock | undefined;
  random?: Random | undefined;
  /** Told of every failure that is being retried; for logs and metrics. */
  onError?: ((error: KubeError, retryInMs: number) => void) | undefined;
  /** Silence after which a watch that has sent bookmarks counts as dead, milliseconds. Default 150000. */
  idleMs?: number | undefined;
  /** First wait after a failure, milliseconds. Default 800. */
  backoffBaseMs?: number | undefined;
  /**
   * Ask for the list as a watch's first events, which costs the server less memory; where that is refused, or its
   * closing bookmark does not come (a proxy may drop it), list in pages as ever. Default false.
   */
  watchList?: boolean | undefined;
  /** Silence after which WatchList's closing bookmark is given up, milliseconds. Default 10000. */
  initialEventsMs?: number | undefined;
};

/** A watch that ends sooner than this without an event is a fault of the server, and is backed off from. */
const SHORTEST_WATCH_MS = 1_000;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

export function createListWatch<T extends KubeObject>(options: ListWatchOptions, store: Store<T>): ListWatch {
  const { client, resource, namespace, clock = systemClock, random = Math.random } = options;
  const { idleMs = 150_000, initialEventsMs = 10_000 } = options;
  const backoff = createBackoff({ clock, random, baseMs: options.backoffBaseMs ?? 800 });
  const first = Promise.withResolvers<void>();
  let hasSynced = false;
  let version: string | undefined;
  let state: ListWatch['state'] = 'waiting';
  let watchList = options.watchList ?? false;
  let brokenOff = 0;
  /** A server need not send bookmarks; only one that does is known to be dead when it falls silent. */
  let sendsBookmarks = false;

  const selection = {
    namespace,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    metadataOnly: options.metadataOnly,
  };

  /** The store is as the server was at `listed`. */
  function complete(objects: readonly T[], listed: string): void {
    store.replace(objects, namespace);
    version = listed;
    hasSynced = true;
    first.resolve();
  }

  async function list(signal: AbortSignal): Promise<string> {
    state = 'listing';
    const answer = await client.list<T>(resource, { ...selection, signal, each: store.trim });
    complete(answer.items, answer.metadata.resourceVersion);
    return answer.metadata.resourceVersion;
  }

  /** Follows changes after `from`, or with '' the initial events and then the changes; `advance` is told where it is safe to resume. */
  async function watch(from: string, signal: AbortSignal, advance: (version: string) => void): Promise<void> {
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
    let initial: Map<string, T> | undefined = from === '' ? new Map() : undefined;
    state = initial === undefined ? 'watching' : 'listing';
    const silentMs = () => (sendsBookmarks ? idleMs : timeoutSeconds * 1000 + 30_000);
    arm(initial === undefined ? silentMs() : initialEventsMs);
    try {
      const stream = client.watch<T>(resource, {
        ...selection,
        resourceVersion: from,
        initialEvents: initial !== undefined,
        timeoutSeconds,
        signal: AbortSignal.any([signal, silence.signal]),
      });
      for await (const event of stream) {
        if (signal.aborted) return;
        events += 1;
        if (event.type === 'ERROR') throw kubeErrorFrom(`watch ${resource.plural}`, 0, event.object);
        const { object } = event;
        const newer = object.metadata.resourceVersion;
        if (initial !== undefined) {
          arm(initialEventsMs);
          if (!endsInitialEvents(event)) {
            if (event.type === 'BOOKMARK') continue;
            const key = `${object.metadata.namespace}/${object.metadata.name}`;
            if (event.type === 'DELETED') initial.delete(key);
            else initial.set(key, store.trim(named(object, resource)));
            continue;
          }
          complete([...initial.values()], newer ?? '');
          initial = undefined;
          state = 'watching';
        } else if (event.type === 'DELETED') store.remove(object);
        else if (event.type !== 'BOOKMARK') store.put(named(object, resource));
        if (event.type === 'BOOKMARK') {
          sendsBookmarks = true;
          arm(idleMs);
        }
        if (newer !== undefined) {
          version = newer;
          advance(newer);
        }
      }
    } catch (error) {
      if (silence.signal.aborted && !signal.aborted) {
        throw new KubeError('timeout', `watch ${resource.plural}: silent for too long`, { cause: error });
      }
      throw error;
    } finally {
      cancel();
    }
    if (signal.aborted) return;
    if (initial !== undefined) {
      throw new KubeError(
        'malformed',
        `watch ${resource.plural}: ended before the end of the initial events`,
      );
    }
    if (events === 0 && clock.monotonicMs() - startedAt < SHORTEST_WATCH_MS) {
      throw new KubeError('server_error', `watch ${resource.plural}: ended at once`);
    }
  }

  /** One list or one watch; answers where to go on. */
  async function step(from: string | undefined, signal: AbortSignal, advance: (version: string) => void) {
    if (from !== undefined) return watch(from, signal, advance);
    if (!watchList) return advance(await list(signal));
    let complete = false;
    try {
      await watch('', signal, (newer) => {
        complete = true;
        advance(newer);
      });
    } catch (error) {
      if (complete || signal.aborted) throw error;
      brokenOff += 1;
      // A server may break off each time anew, where a collection is large and we are slow: pages are smaller.
      if (brokenOff < 2 && !isKubeError(error, 'invalid', 'timeout', 'malformed')) throw error;
      // Refused, without an end, or cut short: nothing of it was used, and the old way is always there.
      watchList = false;
      advance(await list(signal));
    }
  }

  return {
    get hasSynced() {
      return hasSynced;
    },
    synced: first.promise,
    get version() {
      return version;
    },
    get state() {
      return state;
    },
    async run(signal) {
      let from: string | undefined;
      while (!signal.aborted) {
        try {
          await step(from, signal, (newer) => {
            from = newer;
          });
        } catch (error) {
          if (signal.aborted) return;
          state = 'waiting';
          // Only an expired version costs a new list; after anything else we resume where we were.
          if (isKubeError(error, 'gone', 'invalid')) from = undefined;
          const waitMs = backoff.next();
          const known = isKubeError(error) ? error : new KubeError('other', String(error), { cause: error });
          options.onError?.(known, waitMs);
          await clock.sleep(waitMs, signal);
        }
      }
    },
  };
}

function endsInitialEvents({ type, object }: WatchEvent): boolean {
  return type === 'BOOKMARK' && (object as KubeObject).metadata.annotations?.[INITIAL_EVENTS_END] === 'true';
}

/** Metadata-only watches have a kind of their own, as lists have none: make them alike. */
function named<T extends KubeObject>(object: T, resource: Resource): T {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}
