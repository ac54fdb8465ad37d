import type { DataKey } from './data-key.ts';

interface Entry {
  key: DataKey;
  /** When KMS last said that it may be used. */
  confirmedAt: number;
  retryAt: number;
}

export interface KeyCacheOptions {
  /** A key older than this is unwrapped again, so that KMS is asked whether it may still be used. Default 5 minutes. */
  refreshAfterMs?: number;
  /** A key that KMS has not confirmed for so long is gone, also while KMS cannot be reached. Default 60 minutes. */
  maxAgeMs?: number;
  /** Default 10,000: some MB. */
  maxKeys?: number;
  now?: () => number;
  /** Whether a failed unwrapping means that the key must not be used. */
  isFinal: (error: unknown) => boolean;
}

const RETRY_MS = 10_000;
/** A request waits so long for a key to be confirmed that it could use as it is. */
const CONFIRM_WITHIN_MS = 500;
/** For so long a final answer is not asked for again: many requests may want the same key. */
const FINAL_FOR_MS = 2_000;
/** A request that holds a key when it leaves the cache still finishes: longer than any request lasts. */
const GRACE_MS = 30_000;

/**
 * Unwrapped data keys, bounded in number and age, zeroed when they leave. While KMS is unreachable a key that is due
 * goes on until it is too old; when KMS says no, it is gone at once. However many ask, a key is loaded once at a time.
 */
export class KeyCache {
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<DataKey>>();
  readonly #final = new Map<string, { error: unknown; until: number }>();
  readonly #options: Required<KeyCacheOptions>;

  constructor(options: KeyCacheOptions) {
    this.#options = {
      refreshAfterMs: 300_000,
      maxAgeMs: 3_600_000,
      maxKeys: 10_000,
      now: Date.now,
      ...options,
    };
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Until when the last of the keys goes on without KMS; undefined when there are none. Milliseconds since 1970. */
  get lastsUntil(): number | undefined {
    const newest = [...this.#entries.values()].at(-1);
    return newest && newest.confirmedAt + this.#options.maxAgeMs;
  }

  /**
   * @param load for a key that is not known
   * @param reload for one that is: it can wait, and others come first
   */
  async get(
    id: string,
    load: () => Promise<DataKey>,
    reload: () => Promise<DataKey> = load,
  ): Promise<DataKey> {
    this.sweep();
    const entry = this.#entries.get(id);
    const now = this.#options.now();
    if (!entry) {
      const final = this.#final.get(id);
      if (final && now < final.until) throw final.error;
      return this.#loadOnce(id, load);
    }
    if (now < Math.max(entry.confirmedAt + this.#options.refreshAfterMs, entry.retryAt)) return entry.key;
    // Nobody else asks or waits meanwhile: where KMS is away, one request in ten seconds is held up, for half a second.
    entry.retryAt = now + RETRY_MS;
    return orAfter(CONFIRM_WITHIN_MS, entry.key, this.#confirm(id, entry, reload));
  }

  /** A key that may be used without asking anybody. */
  fresh(id: string): DataKey | undefined {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    const { refreshAfterMs, maxAgeMs, now } = this.#options;
    return now() - entry.confirmedAt < Math.min(refreshAfterMs, maxAgeMs) ? entry.key : undefined;
  }

  /** @returns the key to use: the known one when there is one, since a request may be holding it */
  put(id: string, key: DataKey): DataKey {
    const known = this.#entries.get(id)?.key;
    if (known) key.destroy();
    const at = this.#options.now();
    this.#final.delete(id);
    this.#entries.delete(id); // to the end of the order
    this.#entries.set(id, { key: known ?? key, confirmedAt: at, retryAt: at });
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > this.#options.maxKeys && oldest !== undefined) this.#remove(oldest);
    return known ?? key;
  }

  /** Zeroes what is too old. Called now and then as well, for keys that nobody asks for. */
  sweep(): void {
    // Insertion order is order of loading: the first that is young enough ends the search.
    for (const [id, entry] of this.#entries) {
      if (this.#options.now() - entry.confirmedAt < this.#options.maxAgeMs) return;
      this.#remove(id);
    }
  }

  /** Forgets every key whose id begins so; zeroed as soon as no request can be holding it. */
  forget(prefix: string): void {
    for (const id of this.#entries.keys()) if (id.startsWith(prefix)) this.#remove(id);
  }

  clear(): void {
    for (const { key } of this.#entries.values()) key.destroy();
    this.#entries.clear();
  }

  async #confirm(id: string, entry: Entry, reload: () => Promise<DataKey>): Promise<DataKey> {
    try {
      return await this.#loadOnce(id, reload);
    } catch (error) {
      if (this.#options.isFinal(error)) throw error;
      return entry.key;
    }
  }

  #loadOnce(id: string, load: () => Promise<DataKey>): Promise<DataKey> {
    const running = this.#loading.get(id);
    if (running) return running;
    const loading = load()
      .then((key) => this.put(id, key))
      .catch((error: unknown) => {
        if (this.#options.isFinal(error)) this.#refuse(id, error);
        throw error;
      })
      .finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading;
  }

  #refuse(id: string, error: unknown): void {
    this.#remove(id);
    if (this.#final.size >= this.#options.maxKeys) this.#final.clear();
    this.#final.set(id, { error, until: this.#options.now() + FINAL_FOR_MS });
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    if (entry) setTimeout(() => entry.key.destroy(), GRACE_MS).unref();
  }
}

/** What the work gives, or `otherwise` when that takes longer; then it goes on, and its failure is nobody's. */
async function orAfter<T>(ms: number, otherwise: T, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<T>();
  const timer = setTimeout(() => late.resolve(otherwise), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
