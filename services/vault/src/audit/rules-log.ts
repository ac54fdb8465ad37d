import { createHash } from 'node:crypto';
import type { AccessFile } from '@cofferdam/contracts';
import { auditEntry } from '../audit-entry.ts';
import type { Commit } from '../commit.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { ownIdentity } from '../rekey/own-identity.ts';

const MOST_RULES = 50;

/**
 * Audits by which rules this process decides: once at its start, then at every change. Who changed them is not known
 * here, for they come as a file: the hash is what finds the change in Git or in the cluster's own audit log.
 */
export class RulesLog {
  readonly #options: { vaultId: string; commit: Commit; now: () => Date };
  #written: string | undefined;
  #waiting: { time: Date; file: AccessFile; hash: string }[] = [];

  constructor(options: { vaultId: string; commit: Commit; now: () => Date }) {
    this.#options = options;
  }

  /** These are used from now on. Only remembered: rules change whether or not the database is there. */
  inUse(file: AccessFile): void {
    const hash = createHash('sha256').update(canonicalJson(file)).digest('base64url');
    if (hash === (this.#waiting.at(-1)?.hash ?? this.#written)) return;
    this.#waiting = [...this.#waiting.slice(-99), { time: this.#options.now(), file, hash }];
  }

  /** Writes what has not been written yet. */
  async flush(): Promise<void> {
    const { vaultId, commit } = this.#options;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { file, hash, time } = next;
      const action = this.#written === undefined ? 'rules.loaded' : 'rules.changed';
      const detail = { ...describe(file), rulesHash: hash, before: this.#written };
      await commit(async ({ audit }) => audit(auditEntry(action, ownIdentity(vaultId), '', time, detail)));
      this.#written = hash;
      this.#waiting = this.#waiting.filter((one) => one !== next);
    }
  }
}

/** Who could have a card number revealed, or let another do so: what an auditor asks first. */
function describe({ rules, issuers }: AccessFile): Record<string, unknown> {
  const concerning = rules.filter(({ allow }) => allow.some((one) => ABOUT_CARDS.has(one)));
  return {
    rules: rules.length,
    issuers: issuers.map(({ issuer }) => issuer),
    revealing: concerning.slice(0, MOST_RULES).map(({ subjects, merchants, allow }) => ({
      subjects: subjects.slice(0, MOST_RULES),
      merchants: merchants.slice(0, MOST_RULES),
      allow: allow.filter((one) => ABOUT_CARDS.has(one)),
    })),
    ...(concerning.length > MOST_RULES ? { revealingLeftOut: concerning.length - MOST_RULES } : {}),
  };
}

const ABOUT_CARDS = new Set<string>(['tokens:reveal', 'grants:create']);
