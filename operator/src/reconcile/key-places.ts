import type { KeyPlace } from '../effects/kms.ts';
import type { Caches } from './caches.ts';
import { readVault, tryRead } from './parse.ts';

/** A region, and endpoint, that has a vault whose key we make. */
export type UsedPlace = KeyPlace & {
  /** Of those vaults. */
  vaultIds: Set<string>;
  /** The keys that vaults there are known to have, by their status. */
  keys: { vaultId: string; keyArn: string }[];
};

/** By a name of the place. */
export function keyPlaces({ vaults }: Pick<Caches, 'vaults'>): Map<string, UsedPlace> {
  const places = new Map<string, UsedPlace>();
  for (const raw of vaults.store.list()) {
    const vault = tryRead(readVault, raw);
    const { kms, vaultId } = vault?.spec ?? {};
    if (kms?.create === undefined || vaultId === undefined) continue;
    const { region, endpoint } = kms;
    const id = `${region} ${endpoint ?? ''}`;
    const place = places.get(id) ?? {
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      vaultIds: new Set<string>(),
      keys: [],
    };
    places.set(id, place);
    place.vaultIds.add(vaultId);
    const { keyArn } = vault?.status?.kms ?? {};
    if (keyArn !== undefined) place.keys.push({ vaultId, keyArn });
  }
  return places;
}
