/** What is authenticated of a sealed CVC and says how to open it. */
export interface SealedCvcHead {
  /** 16 random bytes: marked as used when the CVC is. */
  id: Buffer;
  /** Unix milliseconds. */
  expiresAt: number;
  keyMadeAt: number;
  /** 8 bytes that tell the KMS key. */
  keyTag: Buffer;
  /** Of the merchant's digest key that authenticates. */
  macKeyVersion: number;
  wrappedKey: Buffer;
}

export interface SealedCvcParts {
  head: SealedCvcHead;
  /** The head as bytes. */
  headBytes: Buffer;
  /** Nonce, ciphertext and tag. */
  sealed: Buffer;
  /** Over everything before it. */
  mac: Buffer;
}

const FORMAT = 1;
const FIXED = 1 + 16 + 8 + 8 + 8 + 4 + 2;
const MAC_BYTES = 32;
/** Of a CVC of three or four digits, padded to four. */
const SEALED_BYTES = 12 + 4 + 16;
const PREFIX = 'cvc_';

export function encodeHead(head: SealedCvcHead): Buffer {
  const fixed = Buffer.alloc(FIXED);
  fixed.writeUInt8(FORMAT, 0);
  head.id.copy(fixed, 1);
  fixed.writeBigUInt64BE(BigInt(head.expiresAt), 17);
  fixed.writeBigUInt64BE(BigInt(head.keyMadeAt), 25);
  head.keyTag.copy(fixed, 33);
  fixed.writeUInt32BE(head.macKeyVersion, 41);
  fixed.writeUInt16BE(head.wrappedKey.length, 45);
  return Buffer.concat([fixed, head.wrappedKey]);
}

export function encodeSealedCvc({ headBytes, sealed, mac }: Omit<SealedCvcParts, 'head'>): string {
  return PREFIX + Buffer.concat([headBytes, sealed, mac]).toString('base64url');
}

/** @returns undefined for what is not laid out as one */
export function decodeSealedCvc(text: string): SealedCvcParts | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
  if (bytes.length < FIXED + SEALED_BYTES + MAC_BYTES || bytes.readUInt8(0) !== FORMAT) return undefined;
  const headLength = FIXED + bytes.readUInt16BE(45);
  if (bytes.length !== headLength + SEALED_BYTES + MAC_BYTES) return undefined;
  const head: SealedCvcHead = {
    id: bytes.subarray(1, 17),
    expiresAt: Number(bytes.readBigUInt64BE(17)),
    keyMadeAt: Number(bytes.readBigUInt64BE(25)),
    keyTag: bytes.subarray(33, 41),
    macKeyVersion: bytes.readUInt32BE(41),
    wrappedKey: bytes.subarray(FIXED, headLength),
  };
  return {
    head,
    headBytes: bytes.subarray(0, headLength),
    sealed: bytes.subarray(headLength, headLength + SEALED_BYTES),
    mac: bytes.subarray(headLength + SEALED_BYTES),
  };
}
