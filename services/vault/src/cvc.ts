import { type CvcRefusal, type OpenedCvc, openCvc, type SealedCvc, sealCvc } from './crypto/sealed-cvc.ts';
import type { Vault } from './vault.ts';

interface Place {
  merchant: string;
  token: string;
}

/** Seals a CVC for a token of the merchant. Nothing of it is kept. @throws {ProblemError} key_unavailable */
export async function sealCvcFor(vault: Vault, place: Place, cvc: string): Promise<SealedCvc> {
  const { digest } = await vault.keys.forWriting(place.merchant);
  return sealCvc(vault.cvcKeys, digest, { ...place, vaultId: vault.vaultId }, { cvc, now: vault.now() });
}

/** @returns the CVC, or why there is none @throws {ProblemError} key_unavailable, database_unavailable */
export async function openCvcFor(
  vault: Vault,
  { merchant, token }: Place,
  value: string,
): Promise<OpenedCvc | CvcRefusal> {
  const { digests } = await vault.keys.forWriting(merchant);
  const { current, next, former } = digests;
  const known = [current, ...next, ...former];
  return openCvc(
    vault.cvcKeys,
    (version) => known.find((key) => key.version === version),
    { merchant, token, vaultId: vault.vaultId },
    { value, now: vault.now() },
  );
}
