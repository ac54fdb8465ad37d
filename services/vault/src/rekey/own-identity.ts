import type { Requester } from '../vault.ts';

/** In whose name the vault does what nobody's request asked for. */
export function ownIdentity(vaultId: string): Requester {
  const identity = {
    issuer: 'cofferdam',
    subject: `vault:${vaultId}`,
    claimedMerchants: [],
    lifetimeSeconds: undefined,
    pod: undefined,
  };
  return { identity, merchant: '', requestId: '' };
}
