import { Buffer } from 'node:buffer';

/**
 * A list of strings as bytes that no other list has: the number of parts, then each with its length before it
 * (32 bits, big endian). Joining with a separator would let ("a|b", "c") and ("a", "b|c") look alike.
 */
export function encodeTuple(parts: readonly string[]): Uint8Array {
  let size = 4;
  for (const part of parts) size += 4 + Buffer.byteLength(part);
  const bytes = Buffer.allocUnsafe(size); // all of it is written
  let offset = bytes.writeUInt32BE(parts.length);
  for (const part of parts) {
    const length = bytes.write(part, offset + 4);
    bytes.writeUInt32BE(length, offset);
    offset += 4 + length;
  }
  return bytes;
}
