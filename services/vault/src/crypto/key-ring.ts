import { type Database, type Logger, ProblemError } from '@cofferdam/runtime';
import { type Altered, IntegrityError } from '../integrity-error.ts';
import { type KeyContext, type KeyManagement, KeyManagementError } from '../kms/key-management.ts';
import { type MerchantKeys, NO_MERCHANT_KEYS } from '../kms/merchant-keys.ts';
import {
  findKey,
  findWritingKeys,
  insertKey,
  type KeyPurpose,
  reserveUses,
  type WrappedKey,
} from '../storage/data-keys.ts';
import { DataKey } from './data-key.ts';
import { currentOf, type DigestKeys, digestKeysOf } from './digest-keys.ts';
import { KeyCache } from './key-cache.ts';

export interface KeyRingOptions {
  vaultId: string;
  /** Of all merchants that have none of their own. */
  keyArn: string;
  /** Default: none. */
  merchantKeys?: MerchantKeys;
  database: Database;
  kms: KeyManagement;
  /** For what can wait. Default: `kms`. */
  backgroundKms?: KeyManagement;
  /** Keeps a new key; false when another replica was first. Default: in the database, and no more. */
  store?: (key: WrappedKey) => Promise<boolean>;
  logger: Logger;
  /** After this a merchant's next write makes a new record key. */
  dataKeyMaxAgeMs: number;
  /** For so long after KMS confirmed it a key goes on while KMS cannot be reached. Default 60 minutes. */
  outageToleranceMs?: number;
  /** The rekey that was asked for: a record key of an earlier one encrypts nothing new. */
  generation: number;
  uses?: UseLimits;
  now?: () => number;
}

/** How many encryptions one record key is for. */
export interface UseLimits {
  /** What a replica sets aside at a time. */
  block: number;
  /** Set aside by all replicas together: then it is time for another key. */
  wanted: number;
  /** The same: then it encrypts nothing more, also when KMS is away and there is no other. */
  most: number;
}

/** What a request needs to write: a key for the record and those for fingerprints and request digests. */
export interface WritingKeys {
  record: DataKey;
  /** `digests.current` */
  digest: DataKey;
  digests: DigestKeys;
}

/**
 * With random 96-bit nonces a key must stay well below 2^32 encryptions (NIST SP 800-38D, 8.3). What a replica has in
 * memory counts its own alone, and forgets it when it ends: so blocks are taken from a count in the database first. Of
 * the last block of each run a part may stay unused, never the other way round.
 */
const USES: UseLimits = { block: 2 ** 16, wanted: 2 ** 28, most: 2 ** 30 };
const NEWEST_FOR_MS = 30_000;

/** The keys of a merchant, unwrapped, and where each is in the cache. */
interface Ready {
  keys: WritingKeys;
  ids: readonly [id: string, key: DataKey][];
}

interface Rows {
  record: WrappedKey;
  digests: readonly WrappedKey[];
}

/**
 * The data keys of all merchants: wrapped in the database, for a while unwrapped in memory. Key material is made and
 * unwrapped by KMS alone; a key's context names vault, merchant and purpose, so that one cannot stand in for another.
 */
export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #now: () => number;
  readonly #cache: KeyCache;
  /** Which versions are newest, remembered shortly: another replica may have made a newer one. */
  readonly #newest = new Map<string, { rows: Rows; until: number; ready?: Ready }>();
  readonly #looking = new Map<string, Promise<Rows>>();
  readonly #allowed = new WeakMap<DataKey, { uses: number; reserving?: Promise<void> }>();

  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#cache = new KeyCache({
      now: this.#now,
      isFinal: (error) =>
        error instanceof KeyManagementError
          ? error.failure === 'refused'
          : error instanceof IntegrityError || isGone(error),
      ...(options.outageToleranceMs === undefined ? {} : { maxAgeMs: options.outageToleranceMs }),
    });
  }

  /** Keys in memory. */
  get size(): number {
    return this.#cache.size;
  }

  /** Until when some key would go on without KMS; undefined when there is none. Milliseconds since 1970. */
  get lastsUntil(): number | undefined {
    return this.#cache.lastsUntil;
  }

  /** @throws {ProblemError} key_unavailable, database_unavailable */
  async forWriting(merchant: string): Promise<WritingKeys> {
    return this.#ready(merchant) ?? this.#orUnavailable(() => this.#makeReady(merchant));
  }

  /** What the last request was given, as long as nobody would have to be asked for it: nearly every time. */
  #ready(merchant: string): WritingKeys | undefined {
    const newest = this.#newest.get(merchant);
    if (!newest?.ready || this.#now() >= newest.until) return undefined;
    const { keys, ids } = newest.ready;
    const isMore = keys.record.seals < (this.#allowed.get(keys.record)?.uses ?? 0);
    return isMore && ids.every(([id, key]) => this.#cache.fresh(id) === key) ? keys : undefined;
  }

  async #makeReady(merchant: string): Promise<WritingKeys> {
    const rows = await this.#rows(merchant);
    const ids: [string, DataKey][] = [];
    const known = async (row: WrappedKey): Promise<DataKey> => {
      const key = await this.#known(row);
      ids.push([idOf(row), key]);
      return key;
    };
    const [record, digests] = await Promise.all([known(rows.record), digestKeysOf(rows.digests, known)]);
    await this.#allow(rows.record, record);
    const keys = { record, digest: digests.current, digests };
    const newest = this.#newest.get(merchant);
    if (newest?.rows === rows) newest.ready = { keys, ids };
    return keys;
  }

  /**
   * The key of an existing record.
   *
   * @param of the record, for the error that says that there is no such key
   * @throws {IntegrityError}
   * @throws {ProblemError} key_unavailable, database_unavailable; token_not_found when the key has been destroyed
   */
  async forReading(merchant: string, version: number, of?: Partial<Altered>): Promise<DataKey> {
    const load = (kms: KeyManagement) => async () => {
      const row = await findKey(this.#options.database, merchant, 'record', version);
      if (!row) {
        throw new IntegrityError({ token: '', recordVersion: 0, ...of, merchant, keyVersion: version });
      }
      if (row.closedAt) throw new ProblemError('token_not_found');
      return this.#unwrap(row, kms);
    };
    const { kms, backgroundKms = kms } = this.#options;
    const id = idOf({ merchant, purpose: 'record', version });
    return this.#orUnavailable(() => this.#cache.get(id, load(kms), load(backgroundKms)));
  }

  /** Makes the key that a merchant's fingerprints are moved to, unless there is one. @throws as forWriting */
  async makeNextDigestKey(merchant: string): Promise<void> {
    await this.#orUnavailable(async () => {
      const { digests } = await findWritingKeys(this.#options.database, merchant);
      if (digests.some(({ stage, closedAt }) => stage === 'next' || closedAt)) return;
      const version = (digests[0]?.version ?? 0) + 1;
      await this.#make({ merchant, purpose: 'fingerprint', version, stage: 'next' });
      this.#newest.delete(merchant);
    });
  }

  /** The keys that a merchant's cards are found by. @throws as forWriting */
  async forDigests(merchant: string): Promise<DigestKeys> {
    return this.#orUnavailable(async () => {
      const { digests } = await this.#look(merchant);
      return digestKeysOf(digests, (row) => this.#known(row));
    });
  }

  /** Of a merchant whose keys are destroyed: what a request holds is zeroed when it must have ended. */
  forget(merchant: string): void {
    this.#newest.delete(merchant);
    this.#cache.forget(`${merchant}/`);
  }

  /** Zeroes keys that are too old although nobody asks for them. */
  sweep(): void {
    this.#cache.sweep();
  }

  close(): void {
    this.#cache.clear();
  }

  #known(row: WrappedKey): Promise<DataKey> {
    const { kms, backgroundKms = kms } = this.#options;
    return this.#cache.get(
      idOf(row),
      () => this.#unwrap(row, kms),
      () => this.#unwrap(row, backgroundKms),
    );
  }

  async #rows(merchant: string): Promise<Rows> {
    const remembered = this.#newest.get(merchant);
    if (remembered && this.#now() < remembered.until) return remembered.rows;
    return this.#look(merchant);
  }

  #look(merchant: string): Promise<Rows> {
    const running = this.#looking.get(merchant);
    if (running) return running;
    const looking = this.#find(merchant)
      .then((rows) => {
        if (this.#newest.size > 10_000) this.#newest.clear();
        this.#newest.set(merchant, { rows, until: this.#now() + NEWEST_FOR_MS });
        return rows;
      })
      .finally(() => this.#looking.delete(merchant));
    this.#looking.set(merchant, looking);
    return looking;
  }

  async #find(merchant: string): Promise<Rows> {
    const { record, digests } = await findWritingKeys(this.#options.database, merchant);
    const closing = [record, ...digests].find((row) => row?.closedAt && !row.destroyedAt);
    if (closing) {
      throw new ProblemError('key_unavailable', {
        detail: 'This merchant is being shredded; it can begin anew when that is done.',
        retryAfterSeconds: 30,
      });
    }
    const newestRecord = record && !this.#isDue(record) ? record : await this.#renew(merchant, record);
    if (currentOf(digests)) return { record: newestRecord, digests };
    const version = (digests[0]?.version ?? 0) + 1;
    await this.#make({ merchant, purpose: 'digest', version, stage: undefined });
    const made = await findWritingKeys(this.#options.database, merchant);
    return { record: newestRecord, digests: made.digests };
  }

  #isDue(row: WrappedKey): boolean {
    return (
      row.destroyedAt !== undefined ||
      row.generation < this.#options.generation ||
      this.#isElsewhere(row) ||
      row.uses > this.#limits.wanted ||
      this.#now() - row.createdAt.getTime() > this.#options.dataKeyMaxAgeMs
    );
  }

  /** Under another KMS key than the merchant's data keys are to be under. One that is not bound is waited for. */
  #isElsewhere({ merchant, kmsKeyArn }: WrappedKey): boolean {
    const { keyArn, bound } = this.#kmsKeyOf(merchant);
    return bound && kmsKeyArn !== keyArn;
  }

  #kmsKeyOf(merchant: string): { keyArn: string; bound: boolean } {
    const { keyArn, merchantKeys = NO_MERCHANT_KEYS } = this.#options;
    return merchantKeys.of(merchant) ?? { keyArn, bound: true };
  }

  async #renew(merchant: string, previous: WrappedKey | undefined): Promise<WrappedKey> {
    const version = (previous?.version ?? 0) + 1;
    try {
      await this.#make({ merchant, purpose: 'record', version, stage: undefined });
    } catch (error) {
      if (!previous || previous.destroyedAt || !(error instanceof KeyManagementError)) throw error;
      // A refusal of the key that it is under is an answer; of one that it is to come under, the move waits: a new
      // grant takes a while to be known everywhere.
      const isMove = previous.kmsKeyArn !== this.#kmsKeyOf(merchant).keyArn;
      if (error.failure === 'refused' && !isMove) throw error;
      this.#options.logger.warn(
        { err: error, merchant, version },
        'a new data key is due, and KMS does not make it: the old one goes on',
      );
      return previous;
    }
    const { record } = await findWritingKeys(this.#options.database, merchant);
    if (!record)
      throw new Error(`the record key ${version} of merchant ${merchant} was made and is not there`);
    return record;
  }

  /** The row is committed before the key is used for anything: a ciphertext never waits for its key. */
  async #make(key: Pick<WrappedKey, 'merchant' | 'purpose' | 'version' | 'stage'>): Promise<void> {
    const { database, kms, generation } = this.#options;
    const { keyArn: kmsKeyArn, bound } = this.#kmsKeyOf(key.merchant);
    if (!bound) {
      const message = `the KMS key of merchant ${key.merchant}'s own, ${kmsKeyArn}, cannot be used: status.kms.merchantKeys says why`;
      throw new KeyManagementError('refused', message);
    }
    const { store = (made: WrappedKey) => insertKey(database, made) } = this.#options;
    const { plaintext, wrapped } = await kms.generateDataKey(kmsKeyArn, this.#context(key));
    const createdAt = new Date(this.#now());
    const unused = { uses: 0, closedAt: undefined, destroyedAt: undefined };
    const row: WrappedKey = { ...key, ...unused, generation, kmsKeyArn, wrapped, createdAt };
    const inserted = await store(row).catch((error: unknown) => {
      plaintext.fill(0);
      throw error;
    });
    if (inserted) this.#cache.put(idOf(key), new DataKey(key.version, plaintext));
    else plaintext.fill(0); // another replica was first
  }

  /** Sees to it that what this replica encrypts is counted before. */
  async #allow(row: WrappedKey, key: DataKey): Promise<void> {
    const allowed = this.#allowed.get(key) ?? { uses: 0 };
    this.#allowed.set(key, allowed);
    if (key.seals < allowed.uses) return;
    allowed.reserving ??= this.#reserve(row, key, allowed).finally(() => {
      delete allowed.reserving;
    });
    await allowed.reserving;
  }

  async #reserve(row: WrappedKey, key: DataKey, allowed: { uses: number }): Promise<void> {
    const { block, wanted, most } = this.#limits;
    const uses = await reserveUses(this.#options.database, row, block);
    if (uses > wanted) this.#newest.delete(row.merchant);
    if (uses > most) {
      throw new KeyManagementError(
        'unreachable',
        `the data key ${row.version} of merchant ${row.merchant} has encrypted as often as it may`,
      );
    }
    allowed.uses = key.seals + block;
  }

  async #unwrap(row: WrappedKey, kms: KeyManagement): Promise<DataKey> {
    return new DataKey(row.version, await kms.unwrap(row.kmsKeyArn, row.wrapped, this.#context(row)));
  }

  #context({ merchant, purpose }: Pick<WrappedKey, 'merchant' | 'purpose'>): KeyContext {
    return { vaultId: this.#options.vaultId, merchant, purpose };
  }

  get #limits(): UseLimits {
    return this.#options.uses ?? USES;
  }

  async #orUnavailable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof KeyManagementError)) throw error;
      throw new ProblemError('key_unavailable', {
        detail:
          error.failure === 'refused'
            ? 'The key of this merchant may not be used at the moment.'
            : 'The key service does not answer, and no key of this merchant is in memory. Try again.',
        retryAfterSeconds: Math.max(1, Math.ceil((error.retryAfterMs ?? 5_000) / 1000)),
        cause: error,
      });
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ProblemError && error.code === 'token_not_found';
}

function idOf({
  merchant,
  purpose,
  version,
}: {
  merchant: string;
  purpose: KeyPurpose;
  version: number;
}): string {
  return `${merchant}/${purpose}/${version}`;
}
