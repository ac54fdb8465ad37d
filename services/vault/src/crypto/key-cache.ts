import type { DataKey } from './data-key.ts';

interface Entry {
  key: DataKey;
  loadedAt: number;
  retryAt: number;
}

export interface KeyCacheOptions {
  /** A key older than this is unwrapped again, so that KMS is asked whether it may still be used. Default 5 minutes. */
  refreshAfterMs?: number;
  /** A key older than this is gone, even when KMS cannot be reached. Default 30 minutes. */
  maxAgeMs?: number;
  /** Default 1000. */
  maxKeys?: number;
  now?: () => number;
  /** Whether a failed unwrapping means that the key must not be used any more. */
  isFinal: (error: unknown) => boolean;
}

const RETRY_MS = 10_000;
/** A request that holds a key when it leaves the cache still finishes: longer than any request lasts. */
const GRACE_MS = 30_000;

/**
 * Unwrapped data keys, bounded in number and age, zeroed when they leave. While KMS is unreachable a key that is due
 * goes on until it is too old; when KMS says no, it is gone at once.
 */
export class KeyCache {
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<DataKey>>();
  readonly #options: Required<KeyCacheOptions>;

  constructor(options: KeyCacheOptions) {
    this.#options = {
      refreshAfterMs: 300_000,
      maxAgeMs: 1_800_000,
      maxKeys: 1000,
      now: Date.now,
      ...options,
    };
  }

  async get(id: string, load: () => Promise<DataKey>): Promise<DataKey> {
    this.sweep();
    const entry = this.#entries.get(id);
    const { refreshAfterMs, now } = this.#options;
    if (entry && now() < Math.max(entry.loadedAt + refreshAfterMs, entry.retryAt)) return entry.key;
    try {
      return await this.#loadOnce(id, load);
    } catch (error) {
      const known = this.#entries.get(id);
      if (!known || this.#options.isFinal(error)) {
        this.#remove(id);
        throw error;
      }
      known.retryAt = now() + RETRY_MS;
      return known.key;
    }
  }

  /** @returns the key to use: the known one when there is one, since a request may be holding it */
  put(id: string, key: DataKey): DataKey {
    const known = this.#entries.get(id)?.key;
    if (known) key.destroy();
    const at = this.#options.now();
    this.#entries.delete(id); // to the end of the order
    this.#entries.set(id, { key: known ?? key, loadedAt: at, retryAt: at });
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > this.#options.maxKeys && oldest !== undefined) this.#remove(oldest);
    return known ?? key;
  }

  /** Zeroes what is too old. Called now and then as well, for keys that nobody asks for. */
  sweep(): void {
    // Insertion order is order of loading: the first that is young enough ends the search.
    for (const [id, entry] of this.#entries) {
      if (this.#options.now() - entry.loadedAt < this.#options.maxAgeMs) return;
      this.#remove(id);
    }
  }

  clear(): void {
    for (const { key } of this.#entries.values()) key.destroy();
    this.#entries.clear();
  }

  #loadOnce(id: string, load: () => Promise<DataKey>): Promise<DataKey> {
    const running = this.#loading.get(id);
    if (running) return running;
    const loading = load()
      .then((key) => this.put(id, key))
      .finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading;
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    if (entry) setTimeout(() => entry.key.destroy(), GRACE_MS).unref();
  }
}
