import { createHash } from 'node:crypto';
import { ProblemError } from '@cofferdam/runtime';
import { type KeyContext, type KeyManagement, KeyManagementError } from '../kms/key-management.ts';
import { DataKey } from './data-key.ts';

export interface CvcKeysOptions {
  vaultId: string;
  keyArn: string;
  kms: Pick<KeyManagement, 'generateDataKey' | 'unwrap'>;
  /** For how long a sealed CVC can be used, milliseconds. */
  ttlMs: number;
  now?: () => number;
}

/** A key for CVCs, and what another process of this vault needs to get at it: KMS, and this. */
export interface CvcKey {
  readonly key: DataKey;
  /** Unix milliseconds; part of the context in which KMS has wrapped it. */
  readonly madeAt: number;
  readonly wrapped: Buffer;
}

const HOUR_MS = 3_600_000;
/** While KMS cannot be reached a key goes on sealing for so long. */
const OUTAGE_MS = HOUR_MS / 2;
const RETRY_MS = 10_000;
/** Other processes' keys in memory: of more replicas than there will be. */
const MAX_KEYS = 1000;

/**
 * The keys under which CVCs are sealed. Each process makes its own, for an hour, by GenerateDataKey; the wrapped key
 * travels in the sealed values and is written nowhere, so that no table, log of the database or backup ever holds what
 * could open one. Others unwrap it when they meet it. A key leaves memory with the last value that it has sealed.
 */
export class CvcKeys {
  readonly #options: CvcKeysOptions;
  readonly #now: () => number;
  /** By the hash of the wrapped key. */
  readonly #known = new Map<string, { key: Promise<DataKey>; until: number }>();
  #sealing: CvcKey | undefined;
  #making: Promise<CvcKey> | undefined;
  #retryAt = 0;

  constructor(options: CvcKeysOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get ttlMs(): number {
    return this.#options.ttlMs;
  }

  /** What a wrapped key names the KMS key by that wrapped it. */
  get keyTag(): Buffer {
    return createHash('sha256').update(this.#options.keyArn).digest().subarray(0, 8);
  }

  /** The key to seal with. @throws {ProblemError} key_unavailable */
  async forSealing(): Promise<CvcKey> {
    const current = this.#sealing;
    const age = current === undefined ? Number.POSITIVE_INFINITY : this.#now() - current.madeAt;
    if (current && (age < HOUR_MS || (this.#now() < this.#retryAt && age < HOUR_MS + OUTAGE_MS)))
      return current;
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    try {
      return await this.#making;
    } catch (error) {
      const away = error instanceof KeyManagementError && error.failure === 'unreachable';
      if (current && away && age < HOUR_MS + OUTAGE_MS) {
        this.#retryAt = this.#now() + RETRY_MS;
        return current;
      }
      if (!away) this.close();
      throw unavailable(error);
    }
  }

  /** The key of a value that this or another process has sealed. @throws {ProblemError} key_unavailable */
  async forOpening({ madeAt, wrapped }: Omit<CvcKey, 'key'>): Promise<DataKey> {
    this.sweep();
    const id = idOf(wrapped);
    const known = this.#known.get(id)?.key;
    if (known) return known;
    const { kms, keyArn } = this.#options;
    const key = kms.unwrap(keyArn, wrapped, this.#context(madeAt)).then((bytes) => new DataKey(1, bytes));
    this.#remember(id, key, madeAt);
    key.catch(() => this.#known.delete(id));
    return key.catch((error: unknown) => {
      throw unavailable(error);
    });
  }

  /** Zeroes what has sealed nothing that can still be used. */
  sweep(): void {
    for (const [id, { until }] of this.#known) if (until <= this.#now()) this.#forget(id);
  }

  close(): void {
    this.#sealing = undefined;
    for (const id of this.#known.keys()) this.#forget(id);
  }

  async #make(): Promise<CvcKey> {
    const { kms, keyArn } = this.#options;
    const madeAt = this.#now();
    const { plaintext, wrapped } = await kms.generateDataKey(keyArn, this.#context(madeAt));
    const made = { key: new DataKey(1, plaintext), madeAt, wrapped };
    this.#remember(idOf(wrapped), Promise.resolve(made.key), madeAt);
    this.#sealing = made;
    return made;
  }

  #remember(id: string, key: Promise<DataKey>, madeAt: number): void {
    const oldest = this.#known.keys().next().value;
    if (this.#known.size >= MAX_KEYS && oldest !== undefined) this.#forget(oldest);
    this.#known.set(id, { key, until: madeAt + HOUR_MS + OUTAGE_MS + this.#options.ttlMs });
  }

  #forget(id: string): void {
    const entry = this.#known.get(id);
    this.#known.delete(id);
    entry?.key.then(
      (key) => key.destroy(),
      () => undefined,
    );
  }

  #context(madeAt: number): KeyContext {
    return {
      vaultId: this.#options.vaultId,
      merchant: '-',
      purpose: `cvc ${new Date(madeAt).toISOString()}`,
    };
  }
}

function idOf(wrapped: Uint8Array): string {
  return createHash('sha256').update(wrapped).digest('base64');
}

function unavailable(error: unknown): unknown {
  if (!(error instanceof KeyManagementError)) return error;
  return new ProblemError('key_unavailable', {
    detail: 'The key for CVCs cannot be had at the moment. Without a CVC the request would go through.',
    cause: error,
  });
}
