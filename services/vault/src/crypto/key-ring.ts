import { type Database, type Logger, ProblemError } from '@cofferdam/runtime';
import { type KeyContext, type KeyManagement, KeyManagementError } from '../kms/key-management.ts';
import { findKey, findNewestKey, insertKey, type KeyPurpose, type WrappedKey } from '../storage/data-keys.ts';
import { DataKey } from './data-key.ts';
import { KeyCache } from './key-cache.ts';

export interface KeyRingOptions {
  vaultId: string;
  keyArn: string;
  database: Database;
  kms: KeyManagement;
  logger: Logger;
  /** After this a merchant's next write makes a new record key. */
  dataKeyMaxAgeMs: number;
  /** The rekey that was asked for: a record key of an earlier one encrypts nothing new. */
  generation: number;
  now?: () => number;
}

/** What a request needs to write: a key for the record and a key for fingerprints and request digests. */
export interface WritingKeys {
  record: DataKey;
  digest: DataKey;
}

// Far below the 2^32 of random nonces, even with a hundred replicas on one key.
const MAX_SEALS = 2 ** 24;
const NEWEST_FOR_MS = 30_000;

/**
 * The data keys of all merchants: wrapped in the database, for a while unwrapped in memory. Key material is made and
 * unwrapped by KMS alone; a key's context names vault, merchant and purpose, so that one cannot stand in for another.
 */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #now: () => number;
  readonly #cache: KeyCache;
  /** Which version is newest, remembered shortly: another replica may have made a newer one. */
  readonly #newest = new Map<string, { row: WrappedKey; until: number }>();
  readonly #making = new Map<string, Promise<WrappedKey>>();

  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#cache = new KeyCache({
      now: this.#now,
      isFinal: (error) => error instanceof KeyManagementError && error.failure === 'refused',
    });
  }

  /** @throws {ProblemError} key_unavailable, database_unavailable */
  async forWriting(merchant: string): Promise<WritingKeys> {
    return this.#orUnavailable(async () => {
      const [record, digest] = await Promise.all([
        this.#newestKey(merchant, 'record'),
        this.#newestKey(merchant, 'digest'),
      ]);
      return { record, digest };
    });
  }

  /** The key of an existing record. @throws {ProblemError} key_unavailable, database_unavailable */
  async forReading(merchant: string, version: number): Promise<DataKey> {
    return this.#orUnavailable(() =>
      this.#cache.get(idOf(merchant, 'record', version), async () => {
        const row = await findKey(this.#options.database, merchant, 'record', version);
        if (!row) throw new Error(`merchant ${merchant} has no record key of version ${version}`);
        return this.#unwrap(row);
      }),
    );
  }

  /** Zeroes keys that are too old although nobody asks for them. */
  sweep(): void {
    this.#cache.sweep();
  }

  close(): void {
    this.#cache.clear();
  }

  async #newestKey(merchant: string, purpose: KeyPurpose): Promise<DataKey> {
    const row = await this.#newestRow(merchant, purpose);
    return this.#cache.get(idOf(merchant, purpose, row.version), () => this.#unwrap(row));
  }

  async #newestRow(merchant: string, purpose: KeyPurpose): Promise<WrappedKey> {
    const id = `${merchant}/${purpose}`;
    const remembered = this.#newest.get(id);
    if (remembered && this.#now() < remembered.until) return remembered.row;
    const found = await findNewestKey(this.#options.database, merchant, purpose);
    const row =
      found && !(await this.#isDue(found)) ? found : await this.#makeOnce(id, found, merchant, purpose);
    if (this.#newest.size > 10_000) this.#newest.clear();
    this.#newest.set(id, { row, until: this.#now() + NEWEST_FOR_MS });
    return row;
  }

  /** A digest key has no successor here: fingerprints under two keys are the work of a rekey. */
  async #isDue(row: WrappedKey): Promise<boolean> {
    if (row.purpose === 'digest') return false;
    if (row.generation < this.#options.generation) return true;
    if (row.kmsKeyArn !== this.#options.keyArn) return true;
    if (this.#now() - row.createdAt.getTime() > this.#options.dataKeyMaxAgeMs) return true;
    const key = await this.#cache.get(idOf(row.merchant, row.purpose, row.version), () => this.#unwrap(row));
    return key.seals > MAX_SEALS;
  }

  #makeOnce(
    id: string,
    previous: WrappedKey | undefined,
    merchant: string,
    purpose: KeyPurpose,
  ): Promise<WrappedKey> {
    const running = this.#making.get(id);
    if (running) return running;
    const making = this.#make(previous, merchant, purpose).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    return making;
  }

  /** The row is committed before the key is used for anything: a ciphertext never waits for its key. */
  async #make(previous: WrappedKey | undefined, merchant: string, purpose: KeyPurpose): Promise<WrappedKey> {
    const { database, kms, keyArn, generation, logger } = this.#options;
    const version = (previous?.version ?? 0) + 1;
    try {
      const { plaintext, wrapped } = await kms.generateDataKey(keyArn, this.#context(merchant, purpose));
      const createdAt = new Date(this.#now());
      const row = { merchant, purpose, version, generation, kmsKeyArn: keyArn, wrapped, createdAt };
      const inserted = await insertKey(database, row).catch((error: unknown) => {
        plaintext.fill(0);
        throw error;
      });
      if (inserted) {
        this.#cache.put(idOf(merchant, purpose, version), new DataKey(version, plaintext));
        return row;
      }
      plaintext.fill(0);
      return (await findNewestKey(database, merchant, purpose)) ?? row;
    } catch (error) {
      if (!previous || !(error instanceof KeyManagementError) || error.failure === 'refused') throw error;
      logger.warn(
        { err: error, merchant, version },
        'a new data key is due but KMS is away; the old one goes on',
      );
      return previous;
    }
  }

  async #unwrap(row: WrappedKey): Promise<DataKey> {
    const context = this.#context(row.merchant, row.purpose);
    return new DataKey(row.version, await this.#options.kms.unwrap(row.kmsKeyArn, row.wrapped, context));
  }

  #context(merchant: string, purpose: KeyPurpose): KeyContext {
    return { vaultId: this.#options.vaultId, merchant, purpose };
  }

  async #orUnavailable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof KeyManagementError)) throw error;
      throw new ProblemError('key_unavailable', {
        detail: 'The key of this merchant cannot be used at the moment.',
        cause: error,
      });
    }
  }
}

function idOf(merchant: string, purpose: KeyPurpose, version: number): string {
  return `${merchant}/${purpose}/${version}`;
}
