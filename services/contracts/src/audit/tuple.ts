/**
 * A list of strings as bytes that no other list has: the number of parts, then each with its length before it
 * (32 bits, big endian). Joining with a separator would let ("a|b", "c") and ("a", "b|c") look alike.
 */
export function encodeTuple(parts: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = parts.map((part) => encoder.encode(part));
  const bytes = new Uint8Array(4 + encoded.reduce((size, part) => size + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, parts.length);
  let offset = 4;
  for (const part of encoded) {
    view.setUint32(offset, part.length);
    bytes.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return bytes;
}
