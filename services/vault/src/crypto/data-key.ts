import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { pooledRandomBytes } from '@cofferdam/runtime';
import { encodeTuple } from '../domain/tuple.ts';
import { HmacKey } from './hmac-key.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a digest is for, so that none serves for anything else. */
export type DigestPurpose = 'fingerprint' | 'idempotency key' | 'request' | 'sealed cvc';

/**
 * A data key in memory. It does its work itself, so that its bytes are never handed out, and after `destroy` it
 * refuses: a zeroed key would encrypt as readily as a real one.
 */
export class DataKey {
  readonly version: number;
  /** Of Node.js: made of bytes at each use it would cost ten times what it is used for, and leave a copy each time. */
  #object: KeyObject | undefined;
  readonly #hmac: HmacKey;
  #seals = 0;

  /** Takes over the bytes and zeroes them. */
  constructor(version: number, bytes: Buffer) {
    if (bytes.length !== 32) throw new Error(`a data key has 32 bytes, this one ${bytes.length}`);
    this.version = version;
    this.#object = createSecretKey(bytes);
    this.#hmac = new HmacKey(bytes);
    bytes.fill(0);
  }

  /** How often it has encrypted. With random nonces a key must stay well below 2^32 (NIST SP 800-38D, 8.3). */
  get seals(): number {
    return this.#seals;
  }

  /** AES-256-GCM: nonce, ciphertext, tag. */
  seal(plaintext: Uint8Array, additionalData: Uint8Array): Buffer {
    this.#seals++;
    const nonce = pooledRandomBytes(NONCE_BYTES);
    const options = { authTagLength: TAG_BYTES };
    const cipher = createCipheriv('aes-256-gcm', this.#key(), nonce, options).setAAD(additionalData);
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws when anything differs from what was sealed: key, additional data, a bit */
  open(sealed: Uint8Array, additionalData: Uint8Array): Buffer {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const tag = sealed.subarray(sealed.length - TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#key(), nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData).setAuthTag(tag);
    const ciphertext = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  }

  /** HMAC-SHA-256 over a tuple. The first part says what it is for, so that no digest serves for another purpose. */
  digest(purpose: DigestPurpose, ...parts: string[]): Buffer {
    return this.#hmac.digest(encodeTuple([purpose, ...parts]));
  }

  /** Nothing refers to the key any more: OpenSSL zeroes it when it is collected. */
  destroy(): void {
    this.#object = undefined;
    this.#hmac.destroy();
  }

  #key(): KeyObject {
    if (this.#object === undefined) throw new Error('this data key has been destroyed');
    return this.#object;
  }
}
