/** A card number, or other text, as bytes, in one of the ways in which it can end up somewhere. */
export interface Needle {
  number: string;
  encoding: string;
  bytes: Buffer;
}

type Encode = (plain: Buffer) => Buffer;

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
const eachByte = (plain: Buffer, write: (hex: string) => string): Buffer =>
  ascii([...plain].map((byte) => write(byte.toString(16).padStart(2, '0'))).join(''));

/** What text becomes when it is written in another character set. */
const CHARSETS: Record<string, Encode> = {
  plain: (plain) => plain,
  'utf-16le': (plain) => Buffer.from(plain.toString('latin1'), 'utf16le'),
  'utf-16be': (plain) => Buffer.from(plain.toString('latin1'), 'utf16le').swap16(),
};

/** What bytes become when they are written as text. Digits have no letters in hexadecimal: case does not matter. */
const TEXTS: Record<string, Encode> = {
  hex: (bytes) => eachByte(bytes, (hex) => hex),
  'hex with spaces': (bytes) => eachByte(bytes, (hex) => ` ${hex}`).subarray(1),
  'hex with colons': (bytes) => eachByte(bytes, (hex) => `:${hex}`).subarray(1),
  'url-encoded': (bytes) => eachByte(bytes, (hex) => `%${hex}`),
  'escaped as \\x': (bytes) => eachByte(bytes, (hex) => `\\x${hex}`),
  'escaped as \\u': (bytes) => eachByte(bytes, (hex) => `\\u00${hex}`),
};

/** Every fixed sequence of bytes to look for. Separators and compression are looked for otherwise. */
export function needlesOf(number: string): Needle[] {
  const needles: Needle[] = /^\d+$/.test(number)
    ? [{ number, encoding: 'packed decimal', bytes: packedDecimal(number) }]
    : [];
  for (const [charset, encode] of Object.entries(CHARSETS)) {
    const bytes = encode(ascii(number));
    needles.push({ number, encoding: charset, bytes });
    for (const [text, write] of Object.entries(TEXTS)) {
      needles.push({ number, encoding: `${text} of ${charset}`, bytes: write(bytes) });
    }
    for (const alignment of [0, 1, 2]) {
      needles.push({ number, encoding: `base64 of ${charset}`, bytes: base64Inside(bytes, alignment) });
    }
  }
  return needles;
}

/** Two digits a byte, as card systems do; the last digit of an odd number has no byte to itself and is left out. */
function packedDecimal(number: string): Buffer {
  return Buffer.from(number.slice(0, number.length - (number.length % 2)), 'hex');
}

/** The base64 digits that depend on these bytes alone, when they begin at `alignment` of a group of three. */
function base64Inside(bytes: Buffer, alignment: number): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(alignment), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const trailing = (alignment + bytes.length) % 3 === 0 ? 0 : 1;
  const leading = alignment === 0 ? 0 : alignment + 1;
  return ascii(encoded.slice(leading, encoded.length - trailing));
}
