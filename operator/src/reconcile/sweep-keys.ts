import type { KeyManagement } from '../effects/kms.ts';
import type { Clock } from '../engine/index.ts';
import type { Caches } from './caches.ts';
import type { Log } from './context.ts';
import { keyPlaces } from './key-places.ts';

const EVERY_MS = 24 * 3_600_000;
/** After a look that KMS cut short; and how often somebody sees what is due. */
const AGAIN_MS = 3_600_000;
/** What leads has other things to do first. */
const FIRST_AFTER_MS = 600_000;

/**
 * Once a day, and a while after it began to lead: has keys looked for that a stop in the middle left unused, in
 * every region that has a vault whose key we make.
 * @returns what to call now and then; it never rejects
 */
export function keySweeper(options: {
  caches: Pick<Caches, 'vaults'>;
  keys: Pick<KeyManagement, 'sweep'>;
  guard: () => void;
  clock: Pick<Clock, 'now' | 'monotonicMs'>;
  log: Log;
}): () => Promise<void> {
  const { caches, keys, guard, clock, log } = options;
  const due = new Map<string, number>();
  let nextMs = clock.monotonicMs() + FIRST_AFTER_MS;
  return async () => {
    if (clock.monotonicMs() < nextMs) return;
    nextMs = clock.monotonicMs() + AGAIN_MS;
    for (const [id, { vaultIds, keys: _, ...place }] of keyPlaces(caches)) {
      const nowMs = clock.monotonicMs();
      if (nowMs < (due.get(id) ?? 0)) continue;
      // Before it begins: it may last longer than until the next call.
      due.set(id, nowMs + EVERY_MS);
      try {
        const dropped = await keys.sweep(place, { vaultIds, nowMs: clock.now() }, guard);
        for (const keyArn of dropped)
          log.warn({ keyArn }, 'a key that was never used is going to be deleted');
      } catch (error) {
        log.warn({ ...place, err: error }, 'unused keys could not be looked for');
        due.set(id, clock.monotonicMs() + AGAIN_MS);
      }
    }
  };
}
