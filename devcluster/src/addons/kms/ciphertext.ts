import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { EncryptionContext, KeyMaterial } from './state.ts';

/**
 * What Encrypt and GenerateDataKey answer, and Decrypt reads. It names its key and the generation of its
 * material, so that it stays readable after a rotation:
 *
 *     format (1 byte) | key id (16) | material version (4) | nonce (12) | tag (16) | ciphertext
 */
export interface CiphertextName {
  keyId: string;
  version: number;
}

const FORMAT = 1;
const HEADER = 1 + 16 + 4;
const NONCE = 12;
const TAG = 16;

/** AES-256-GCM; header and encryption context are additional data, so that neither can be exchanged. */
export function seal(
  keyId: string,
  material: KeyMaterial,
  plaintext: Uint8Array,
  context: EncryptionContext,
): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(FORMAT);
  header.write(keyId.replaceAll('-', ''), 1, 'hex');
  header.writeUInt32BE(material.version, 17);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(material.secret, 'base64'), nonce);
  cipher.setAAD(Buffer.concat([header, contextBytes(context)]));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), ciphertext]);
}

/** Which key sealed a blob; undefined when it is no blob of ours. Not authenticated before {@link unseal}. */
export function readName(blob: Buffer): CiphertextName | undefined {
  if (blob.length < HEADER + NONCE + TAG || blob[0] !== FORMAT) return undefined;
  const hex = blob.toString('hex', 1, 17);
  const keyId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { keyId, version: blob.readUInt32BE(17) };
}

/** The plaintext; undefined when blob, key or encryption context do not belong together. */
export function unseal(material: KeyMaterial, blob: Buffer, context: EncryptionContext): Buffer | undefined {
  const header = blob.subarray(0, HEADER);
  const nonce = blob.subarray(HEADER, HEADER + NONCE);
  const tag = blob.subarray(HEADER + NONCE, HEADER + NONCE + TAG);
  try {
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(material.secret, 'base64'), nonce);
    decipher.setAAD(Buffer.concat([header, contextBytes(context)]));
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(blob.subarray(HEADER + NONCE + TAG)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Sorted and length-prefixed: two different contexts never give the same bytes, the order of pairs is nothing. */
function contextBytes(context: EncryptionContext): Buffer {
  const names = Object.keys(context).sort();
  return Buffer.concat(names.flatMap((name) => [prefixed(name), prefixed(context[name] ?? '')]));
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
