import { constants, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** Bytes found inside other bytes. */
export interface Unpacked {
  how: string;
  bytes: Buffer;
}

const MAX_OUTPUT = 64 * 1024 * 1024;
// A stream that was cut off, or has something behind it, is read as far as it goes.
const LENIENT = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_OUTPUT };

const MAGIC: readonly { how: string; prefix: Buffer; unpack: (bytes: Buffer) => Buffer }[] = [
  {
    how: 'gzip',
    prefix: Buffer.from([0x1f, 0x8b, 0x08]),
    unpack: (bytes) => inflateRawSync(afterGzipHeader(bytes), LENIENT),
  },
  ...[0x01, 0x5e, 0x9c, 0xda].map((level) => ({
    how: 'zlib',
    prefix: Buffer.from([0x78, level]),
    unpack: (bytes: Buffer) => inflateSync(bytes, LENIENT),
  })),
  {
    how: 'zstd',
    prefix: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    unpack: (bytes) => zstdDecompressSync(bytes, { maxOutputLength: MAX_OUTPUT }),
  },
];

/**
 * Compressed streams that begin anywhere in the data, raw deflate that is the data, and what base64 and hex hide.
 *
 * @param text the bytes as Latin-1
 */
export function* unpackAll(bytes: Buffer, text: string): Generator<Unpacked> {
  for (const { how, prefix, unpack } of MAGIC) {
    for (let at = bytes.indexOf(prefix); at >= 0; at = bytes.indexOf(prefix, at + 1)) {
      const unpacked = attempt(() => unpack(bytes.subarray(at)));
      if (unpacked) yield { how: `${how} at ${at}`, bytes: unpacked };
    }
  }
  const deflated = attempt(() => inflateRawSync(bytes, LENIENT));
  if (deflated) yield { how: 'deflate', bytes: deflated };
  yield* textRuns(text);
}

/** Only runs that decode to something packed again matter: what they hold in the clear, the needles find. */
function* textRuns(text: string): Generator<Unpacked> {
  for (const { index, 0: run } of text.matchAll(/[A-Za-z0-9+/_-]{24,100000}={0,2}/g)) {
    const decoded = Buffer.from(run, 'base64');
    if (looksPacked(decoded)) yield { how: `base64 at ${index}`, bytes: decoded };
  }
  for (const { index, 0: run } of text.matchAll(/(?:[0-9a-fA-F]{2}){16,50000}/g)) {
    const decoded = Buffer.from(run, 'hex');
    if (looksPacked(decoded)) yield { how: `hex at ${index}`, bytes: decoded };
  }
}

function looksPacked(bytes: Buffer): boolean {
  return MAGIC.some(({ prefix }) => bytes.subarray(0, prefix.length).equals(prefix));
}

function attempt(unpack: () => Buffer): Buffer | undefined {
  try {
    const unpacked = unpack();
    return unpacked.length > 0 ? unpacked : undefined;
  } catch {
    return undefined; // it only looked like a stream
  }
}

/** RFC 1952, 2.3. Read by hand, because `gunzipSync` refuses a stream that has something else behind it. */
function afterGzipHeader(bytes: Buffer): Buffer {
  const flags = bytes.readUInt8(3);
  let offset = 10;
  if (flags & 0x04) offset += 2 + bytes.readUInt16LE(offset);
  for (const flag of [0x08, 0x10]) if (flags & flag) offset = bytes.indexOf(0, offset) + 1;
  if (flags & 0x02) offset += 2;
  return bytes.subarray(offset);
}
