import { OverBudgetError } from './call-budget.ts';
import { CREATED_BY, CREATED_TAG, everyKey, type KmsSender, VAULT_ID_TAG } from './kms-keys.ts';

/** An answer is good for so long: keys that others make meanwhile are found with the next one. */
const HOLDS_MS = 3_600_000;
/**
 * For so long a look through a large account is waited for; it goes on alone. From its beginning, and not from each
 * question: many new vaults would have all workers wait for as long as it takes.
 */
const PATIENCE_MS = 5_000;

/**
 * Which keys of an account and region we made, by vaultId. To know that, every key has to be asked for its tags: once
 * for all vaults that want to know, and not once for each.
 */
export type KeyIndex = {
  /**
   * ARNs of keys that had our tags for this vault. What they are now is for the caller to look.
   * @throws OverBudgetError while the look is under way
   */
  of(vaultId: string): Promise<readonly string[]>;
  /** One that we have just made. */
  note(vaultId: string, keyArn: string): void;
  /** A key may have been made without our knowing its ARN. */
  spoil(): void;
};

type Look = { startedMs: number; found: Map<string, string[]>; done: Promise<true> };

/** One for a region and endpoint; a look is made with the client of whoever asks first. */
export function createKeyIndex(
  monotonicMs: () => number = () => performance.now(),
): (client: KmsSender) => KeyIndex {
  let look: Look | undefined;

  function start(client: KmsSender): Look {
    const found = new Map<string, string[]>();
    const fresh: Look = { startedMs: monotonicMs(), found, done: fill(client, found) };
    fresh.done.catch(() => {
      if (look === fresh) look = undefined;
    });
    return fresh;
  }

  return (client) => ({
    async of(vaultId) {
      if (look === undefined || monotonicMs() - look.startedMs > HOLDS_MS) look = start(client);
      const { done, found, startedMs } = look;
      if (!(await within(PATIENCE_MS - (monotonicMs() - startedMs), done))) {
        throw new OverBudgetError(
          "the tags of all keys are being read, to find one that may be this vault's already",
        );
      }
      return found.get(vaultId) ?? [];
    },
    note(vaultId, keyArn) {
      look?.found.set(vaultId, [...(look.found.get(vaultId) ?? []), keyArn]);
    },
    spoil() {
      look = undefined;
    },
  });
}

async function fill(client: KmsSender, found: Map<string, string[]>): Promise<true> {
  for await (const { keyArn, tags } of everyKey(client)) {
    const vaultId = tags.get(VAULT_ID_TAG);
    if (vaultId === undefined || tags.get(CREATED_TAG) !== CREATED_BY) continue;
    found.set(vaultId, [...(found.get(vaultId) ?? []), keyArn]);
  }
  return true;
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
