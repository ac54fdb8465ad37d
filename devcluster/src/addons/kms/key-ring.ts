import { randomBytes, randomUUID } from 'node:crypto';
import type { KeyMaterial, KeyRecord, KmsState } from './state.ts';
import type { StateFile } from './state-file.ts';

const DAY_MS = 24 * 3600_000;

/** The keys and aliases of one account and region, above the state file. Callers change records, then save(). */
export class KeyRing {
  readonly account: string;
  readonly region: string;
  readonly now: () => number;
  readonly #file: StateFile;

  constructor(file: StateFile, options: { account: string; region: string; now: () => number }) {
    this.#file = file;
    this.account = options.account;
    this.region = options.region;
    this.now = options.now;
  }

  get aliases(): KmsState['aliases'] {
    return this.#file.state.aliases;
  }

  /** Every key whose deletion has not come. */
  keys(): KeyRecord[] {
    this.#dropDeleted();
    return Object.values(this.#file.state.keys);
  }

  /** By key id, key ARN, alias name or alias ARN. */
  find(reference: string): KeyRecord | undefined {
    this.#dropDeleted();
    const prefix = `arn:aws:kms:${this.region}:${this.account}:`;
    const name = reference.startsWith(prefix) ? reference.slice(prefix.length) : reference;
    if (name.startsWith('alias/')) {
      const alias = Object.hasOwn(this.aliases, name) ? this.aliases[name] : undefined;
      return alias === undefined ? undefined : this.#byId(alias.targetKeyId);
    }
    return this.#byId(name === reference ? name : name.replace(/^key\//, ''));
  }

  keyArn(keyId: string): string {
    return `arn:aws:kms:${this.region}:${this.account}:key/${keyId}`;
  }

  aliasArn(name: string): string {
    return `arn:aws:kms:${this.region}:${this.account}:${name}`;
  }

  create(key: Pick<KeyRecord, 'description' | 'keySpec' | 'keyUsage' | 'policy' | 'tags'>): KeyRecord {
    const created: KeyRecord = {
      ...key,
      keyId: randomUUID(),
      createdAtMs: this.now(),
      state: 'Enabled',
      materials: [newMaterial(1, this.now())],
      grants: [],
    };
    this.#file.state.keys[created.keyId] = created;
    this.save();
    return created;
  }

  /** What encrypts now; a rotation that is due happens first. */
  currentMaterial(key: KeyRecord): KeyMaterial {
    if (key.rotation !== undefined && key.rotation.nextAtMs <= this.now()) {
      this.rotate(key);
      key.rotation.nextAtMs = this.now() + key.rotation.periodInDays * DAY_MS;
      this.save();
    }
    const newest = key.materials.at(-1);
    if (newest === undefined) throw new Error(`the key ${key.keyId} has no material`);
    return newest;
  }

  /** A new generation of material; the older ones stay, for what they encrypted. */
  rotate(key: KeyRecord): void {
    key.materials.push(newMaterial((key.materials.at(-1)?.version ?? 0) + 1, this.now()));
  }

  /** Automatic rotation in so many days, and then every so many. */
  scheduleRotation(key: KeyRecord, periodInDays: number): void {
    key.rotation = { periodInDays, nextAtMs: this.now() + periodInDays * DAY_MS };
  }

  save(): void {
    this.#file.save();
  }

  #byId(keyId: string): KeyRecord | undefined {
    const { keys } = this.#file.state;
    return Object.hasOwn(keys, keyId) ? keys[keyId] : undefined;
  }

  #dropDeleted(): void {
    const { keys, aliases } = this.#file.state;
    const due = Object.values(keys).filter((key) => (key.deletionAtMs ?? Infinity) <= this.now());
    if (due.length === 0) return;
    for (const { keyId } of due) {
      delete keys[keyId];
      for (const [name, alias] of Object.entries(aliases))
        if (alias.targetKeyId === keyId) delete aliases[name];
    }
    this.save();
  }
}

function newMaterial(version: number, createdAtMs: number): KeyMaterial {
  return { version, createdAtMs, secret: randomBytes(32).toString('base64') };
}
