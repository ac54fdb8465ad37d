import { type AuditAnchor, anchorContext, keyMark } from '@cofferdam/contracts/audit';
import { type KeyContext, type KeyManagement, KeyManagementError } from '../kms/key-management.ts';

type Unproven = Pick<AuditAnchor, 'vaultId' | 'hash'>;

/**
 * The MAC of an anchor is a ciphertext that KMS makes with the anchor's hash in its encryption context. The context is
 * authenticated: decrypting succeeds for that hash alone. Making one takes the right to generate data keys, proving one
 * only the right to decrypt, so that whoever may check need not be able to forge. The key inside is never used.
 */
export async function macAnchor(
  { kms, keyArn }: { kms: KeyManagement; keyArn: string },
  anchor: Unproven,
): Promise<Pick<AuditAnchor, 'key' | 'mac'>> {
  const { plaintext, wrapped } = await kms.generateDataKey(keyArn, anchorContext(anchor));
  plaintext.fill(0);
  return { key: keyMark(keyArn), mac: wrapped.toString('base64url') };
}

/**
 * Asks KMS whether it made this MAC for this hash.
 *
 * @returns unknown for one of another KMS key: a later anchor vouches for it, or whoever has rights on that key
 * @throws {KeyManagementError} when KMS does not answer, or not whether it is right
 */
export async function proveAnchor(
  { kms, keyArn }: { kms: KeyManagement; keyArn: string },
  anchor: Unproven & Pick<AuditAnchor, 'key' | 'mac'>,
): Promise<'valid' | 'invalid' | 'unknown'> {
  if (anchor.key !== keyMark(keyArn)) return 'unknown';
  const mac = Buffer.from(anchor.mac, 'base64url');
  // KMS would say that the request is no request, which sounds like trouble with KMS.
  if (mac.length < CIPHERTEXT_BYTES.least || mac.length > CIPHERTEXT_BYTES.most) return 'invalid';
  try {
    await unwrap(kms, keyArn, { mac, context: anchorContext(anchor) });
    return 'valid';
  } catch (error) {
    if (!(error instanceof KeyManagementError) || error.failure !== 'refused') throw error;
    // What is no ciphertext at all may be answered as if we had no right: so we see whether we have it.
    const context = { vaultId: anchor.vaultId, merchant: '-', purpose: 'probe' };
    const { plaintext, wrapped } = await kms.generateDataKey(keyArn, context);
    plaintext.fill(0);
    await unwrap(kms, keyArn, { mac: wrapped, context });
    return 'invalid';
  }
}

/** Key, nonce and tag take more than the least; the most is what Decrypt accepts. */
const CIPHERTEXT_BYTES = { least: 32, most: 6144 };

async function unwrap(
  kms: KeyManagement,
  keyArn: string,
  { mac, context }: { mac: Uint8Array; context: KeyContext },
): Promise<void> {
  const plaintext = await kms.unwrap(keyArn, mac, context);
  plaintext.fill(0);
}
