import { OverBudgetError } from './call-budget.ts';
import {
  CREATED_BY,
  CREATED_TAG,
  everyKeyArn,
  type KmsSender,
  MOST_KEYS,
  type Tags,
  tagsIfAllowed,
  VAULT_ID_TAG,
} from './kms-keys.ts';

/** For so long a list of all keys is good: what others make meanwhile is found with the next one. */
const HOLDS_MS = 600_000;
/**
 * For so long a look through a large account is waited for; it goes on alone. From its beginning, and not from each
 * question: many new vaults would have all workers wait for as long as it takes.
 */
const PATIENCE_MS = 5_000;

/**
 * Which keys of an account and region we made, by vaultId. KMS cannot search by tag, so every key has to be asked for
 * its tags. That is done once for each key, and not for those that are known to be a vault's: what a new vault waits
 * for is the list of keys, and the tags of those that nobody has seen yet.
 */
export type KeyIndex = {
  /**
   * ARNs of keys that had our tags for this vault. What they are now is for the caller to look.
   * @throws OverBudgetError while a long look is under way
   */
  of(vaultId: string): Promise<readonly string[]>;
  /** Begins to look at what is not known yet, so that nobody need wait for it later. @throws when KMS cannot be asked */
  prepare(): Promise<void>;
  /** One that we have just made, or that is known to be this vault's. */
  note(vaultId: string, keyArn: string): void;
  /** Tags that somebody has read for another reason: they may have been changed since we did. */
  saw(keyArn: string, tags: Tags): void;
  /** A key may have been made without our knowing its ARN. */
  spoil(): void;
  /** Keys that it knows. */
  readonly size: number;
};

type Look = { startedMs: number; done: Promise<true> };

/** One for a region and endpoint; a look is made with the client of whoever asks first. */
export function createKeyIndex(
  monotonicMs: () => number = () => performance.now(),
  mostKeys = MOST_KEYS,
): (client: KmsSender) => KeyIndex {
  const seen = new Set<string>();
  const found = new Map<string, Set<string>>();
  let look: Look | undefined;

  function note(vaultId: string, keyArn: string): void {
    seen.add(keyArn);
    const keyArns = found.get(vaultId) ?? new Set();
    found.set(vaultId, keyArns.add(keyArn));
  }

  function saw(keyArn: string, tags: Tags): void {
    seen.add(keyArn);
    const vaultId = tags.get(VAULT_ID_TAG);
    if (vaultId !== undefined && tags.get(CREATED_TAG) === CREATED_BY) note(vaultId, keyArn);
  }

  /** Stopped by an error, it leaves what it has seen: the next one goes on from there. */
  async function fill(client: KmsSender): Promise<true> {
    if (seen.size >= mostKeys) {
      // An endpoint that a tenant names may make them up. What is real is found again.
      seen.clear();
      found.clear();
    }
    for await (const keyArn of everyKeyArn(client)) {
      if (!seen.has(keyArn)) saw(keyArn, await tagsIfAllowed(client, keyArn));
    }
    return true;
  }

  function latest(client: KmsSender): Look {
    if (look !== undefined && monotonicMs() - look.startedMs <= HOLDS_MS) return look;
    const fresh: Look = { startedMs: monotonicMs(), done: fill(client) };
    fresh.done.catch(() => {
      if (look === fresh) look = undefined;
    });
    look = fresh;
    return fresh;
  }

  return (client) => ({
    async of(vaultId) {
      const { done, startedMs } = latest(client);
      if (!(await within(Math.max(0, PATIENCE_MS - (monotonicMs() - startedMs)), done))) {
        throw new OverBudgetError(
          "the tags of all keys are being read, to find one that may be this vault's already",
        );
      }
      return [...(found.get(vaultId) ?? [])];
    },
    async prepare() {
      await latest(client).done;
    },
    note,
    saw,
    spoil() {
      look = undefined;
    },
    get size() {
      return seen.size;
    },
  });
}

async function within(ms: number, done: Promise<true>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
