import type { AuthorityStore, Stored } from '../../src/ca/secret-store.ts';

/** What a Secret would hold, for tests that are about something else. */
export function memoryStore(): AuthorityStore {
  let stored: Stored = { set: [], resourceVersion: undefined };
  return {
    read: async () => stored,
    async write(set, before) {
      if (before.resourceVersion !== stored.resourceVersion) return undefined;
      stored = { set, resourceVersion: String(Number(stored.resourceVersion ?? 0) + 1) };
      return stored;
    },
  };
}
