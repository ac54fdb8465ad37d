import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/**
 * HMAC-SHA-256 under one key, as two hashes in one call each (RFC 2104). Node.js' own `Hmac` is an object of C++ for
 * each digest, which costs three times as much to make, and the garbage collector after that.
 */
export class HmacKey {
  /** The key, padded and combined with the inner and the outer constant. Outside of the heap: nothing copies it. */
  readonly #inner = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  readonly #outer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #isDestroyed = false;

  /** @param key of 64 bytes at most; not kept */
  constructor(key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new Error(`an HMAC key has ${BLOCK_BYTES} bytes at most`);
    for (let i = 0; i < BLOCK_BYTES; i++) {
      const byte = key[i] ?? 0;
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    }
  }

  digest(message: Uint8Array): Buffer {
    if (this.#isDestroyed) throw new Error('this data key has been destroyed');
    // As text and back: that is a copy, where a Buffer of the digest's own is memory to be counted and collected.
    const inner = hash('sha256', joined(this.#inner, message), 'binary');
    const outer = hash('sha256', joined(this.#outer, Buffer.from(inner, 'binary')), 'binary');
    scratch.fill(0, 0, BLOCK_BYTES);
    return Buffer.from(outer, 'binary');
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#inner.fill(0);
    this.#outer.fill(0);
  }
}

/** One digest at a time, and none waits for anything: they share it. */
let scratch = Buffer.allocUnsafeSlow(BLOCK_BYTES + 4 * DIGEST_BYTES);

function joined(pad: Buffer, message: Uint8Array): Buffer {
  const size = BLOCK_BYTES + message.length;
  if (scratch.length < size) {
    scratch.fill(0);
    scratch = Buffer.allocUnsafeSlow(2 * size);
  }
  scratch.set(pad);
  scratch.set(message, BLOCK_BYTES);
  return scratch.subarray(0, size);
}
