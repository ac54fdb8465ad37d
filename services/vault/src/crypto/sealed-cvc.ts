import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  decodeSealedCvc,
  encodeHead,
  encodeSealedCvc,
  type SealedCvcHead,
} from '../domain/sealed-cvc-layout.ts';
import { encodeTuple } from '../domain/tuple.ts';
import type { CvcKeys } from './cvc-keys.ts';
import type { DataKey } from './data-key.ts';

/** Where a sealed CVC belongs: it opens for this token of this merchant of this vault, and for nothing else. */
export interface CvcPlace {
  vaultId: string;
  merchant: string;
  token: string;
}

export interface SealedCvc {
  value: string;
  expiresAt: Date;
}

/** Why one cannot be opened; for the audit. */
export type CvcRefusal = 'cvc_malformed' | 'cvc_expired' | 'cvc_not_ours' | 'cvc_other_key';

export interface OpenedCvc {
  id: Buffer;
  expiresAt: Date;
  cvc: string;
}

/**
 * Seals a CVC for a while. Nothing of it is kept: the value is all that there is.
 *
 * @param macKey the merchant's digest key: what it has not authenticated costs no call to KMS when it is handed in
 * @throws {ProblemError} key_unavailable
 */
export async function sealCvc(
  cvcKeys: CvcKeys,
  macKey: DataKey,
  place: CvcPlace,
  { cvc, now }: { cvc: string; now: Date },
): Promise<SealedCvc> {
  const { key, madeAt, wrapped } = await cvcKeys.forSealing();
  const expiresAt = now.getTime() + cvcKeys.ttlMs;
  const headBytes = encodeHead({
    ...{ id: randomBytes(16), expiresAt, keyMadeAt: madeAt, keyTag: cvcKeys.keyTag },
    ...{ macKeyVersion: macKey.version, wrappedKey: wrapped },
  });
  const plaintext = Buffer.from(cvc.padEnd(4));
  const sealed = key.seal(plaintext, additionalData(place, headBytes));
  plaintext.fill(0);
  const mac = authenticate(macKey, place, headBytes, sealed);
  return { value: encodeSealedCvc({ headBytes, sealed, mac }), expiresAt: new Date(expiresAt) };
}

/**
 * @param macKeyOf the merchant's digest key of a version, or undefined when there is none
 * @throws {ProblemError} key_unavailable
 */
export async function openCvc(
  cvcKeys: CvcKeys,
  macKeyOf: (version: number) => DataKey | undefined,
  place: CvcPlace,
  { value, now }: { value: string; now: Date },
): Promise<OpenedCvc | CvcRefusal> {
  const parts = decodeSealedCvc(value);
  if (parts === undefined) return 'cvc_malformed';
  const { head, headBytes, sealed, mac } = parts;
  if (head.expiresAt <= now.getTime()) return 'cvc_expired';
  if (!head.keyTag.equals(cvcKeys.keyTag)) return 'cvc_other_key';
  const macKey = macKeyOf(head.macKeyVersion);
  if (macKey === undefined) return 'cvc_not_ours';
  if (!timingSafeEqual(authenticate(macKey, place, headBytes, sealed), mac)) return 'cvc_not_ours';
  const plaintext = await openSealed(cvcKeys, head, sealed, additionalData(place, headBytes));
  const cvc = plaintext.toString('latin1').trimEnd();
  plaintext.fill(0);
  return { id: head.id, expiresAt: new Date(head.expiresAt), cvc };
}

async function openSealed(
  cvcKeys: CvcKeys,
  { keyMadeAt, wrappedKey }: SealedCvcHead,
  sealed: Buffer,
  data: Uint8Array,
): Promise<Buffer> {
  const key = await cvcKeys.forOpening({ madeAt: keyMadeAt, wrapped: wrappedKey });
  return key.open(sealed, data);
}

function additionalData({ vaultId, merchant, token }: CvcPlace, head: Buffer): Uint8Array {
  return encodeTuple(['sealed cvc', vaultId, merchant, token, head.toString('base64')]);
}

function authenticate(macKey: DataKey, place: CvcPlace, head: Buffer, sealed: Buffer): Buffer {
  const { vaultId, merchant, token } = place;
  return macKey.digest(
    'sealed cvc',
    vaultId,
    merchant,
    token,
    head.toString('base64'),
    sealed.toString('base64'),
  );
}
