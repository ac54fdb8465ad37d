import type { Context } from './context.ts';
import { type ReadVault, readVault, tryRead } from './parse.ts';

/** The other PaymentVaults with the same vaultId that are not being deleted. */
export function claimantsOf(context: Pick<Context, 'caches'>, vault: ReadVault): ReadVault[] {
  return context.caches.vaults.store
    .byIndex(vault.spec.vaultId)
    .filter(({ metadata }) => metadata.uid !== vault.metadata.uid && metadata.deletionTimestamp === undefined)
    .map((other) => tryRead(readVault, other))
    .filter((other) => other !== undefined);
}

/**
 * The vault whose vaultId this is, when it is not `vault`: the oldest one. Keys, topics and data go by vaultId, so
 * whoever could take another's would get a grant to another's key.
 */
export function vaultIdHolder(context: Pick<Context, 'caches'>, vault: ReadVault): ReadVault | undefined {
  const age = ({ metadata }: ReadVault) => `${metadata.creationTimestamp} ${metadata.uid}`;
  return claimantsOf(context, vault)
    .filter((other) => age(other) < age(vault))
    .sort((a, b) => (age(a) < age(b) ? -1 : 1))[0];
}
