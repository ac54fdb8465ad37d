import type { KeyManagement } from '../effects/kms.ts';
import type { Caches } from './caches.ts';
import type { Log } from './context.ts';
import { keyPlaces } from './key-places.ts';

/**
 * Gets to know the keys of every region in which a vault may want a new one, once for each: before the first vault is
 * looked at, and when a region comes to be used. One that cannot be asked is asked again with the next call.
 * @returns what to call at first and now and then; it takes note of what is in the caches at once, and never rejects
 */
export function keyPreparer(options: {
  caches: Pick<Caches, 'vaults'>;
  keys: Pick<KeyManagement, 'prepare'>;
  guard: () => void;
  log: Log;
}): () => Promise<void> {
  const { caches, keys, guard, log } = options;
  const begun = new Set<string>();
  return async () => {
    const fresh = [...keyPlaces(caches)].filter(([id]) => !begun.has(id));
    const prepare = async ([id, { region, endpoint, keys: known }]: (typeof fresh)[number]) => {
      begun.add(id);
      const place = { region, ...(endpoint === undefined ? {} : { endpoint }) };
      try {
        await keys.prepare(place, known, guard);
      } catch (error) {
        log.warn({ ...place, err: error }, 'the keys of a region cannot be looked at yet');
        begun.delete(id);
      }
    };
    await Promise.all(fresh.map(prepare));
  };
}
