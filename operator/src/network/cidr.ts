/** An address as a number; the two families never match each other. */
type Address = { bits: 32 | 128; value: bigint };
/** Its first address, and the one after its last. */
type Block = { bits: 32 | 128; first: bigint; end: bigint };

/**
 * Whether an address is in a CIDR block, IPv4 or IPv6.
 * @throws {RangeError} when either is not what it should be.
 */
export function inBlock(address: string, cidr: string): boolean {
  const { bits, first, end } = parseBlock(cidr);
  const found = parseAddress(address);
  if (found === undefined) throw new RangeError(`${JSON.stringify(address)} is not an IP address`);
  return found.bits === bits && found.value >= first && found.value < end;
}

/**
 * One address for each part of a block that `others` may tell apart: whoever knows of no addresses but those
 * blocks treats every address of the part alike.
 * @throws {RangeError} when one of them is no block.
 */
export function representatives(cidr: string, others: readonly string[]): string[] {
  const { bits, first, end } = parseBlock(cidr);
  const edges = others
    .map(parseBlock)
    .filter((other) => other.bits === bits)
    .flatMap((other) => [other.first, other.end])
    .filter((edge) => edge > first && edge < end);
  return [...new Set([first, ...edges])]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((value) => format({ bits, value }));
}

function parseBlock(cidr: string): Block {
  const [network = '', length = ''] = cidr.split('/');
  const base = parseAddress(network);
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (base === undefined || !(prefix <= base.bits)) {
    throw new RangeError(`${JSON.stringify(cidr)} is not a CIDR block such as 10.0.0.0/8 or 2001:db8::/32`);
  }
  const rest = BigInt(base.bits - prefix);
  const first = (base.value >> rest) << rest;
  return { bits: base.bits, first, end: first + (1n << rest) };
}

function format({ bits, value }: Address): string {
  const [count, width, radix, separator] = bits === 32 ? [4, 8, 10, '.'] : [8, 16, 16, ':'];
  return Array.from({ length: count }, (_, i) =>
    ((value >> BigInt((count - 1 - i) * width)) & ((1n << BigInt(width)) - 1n)).toString(radix),
  ).join(separator);
}

export function isAddress(text: string): boolean {
  return parseAddress(text) !== undefined;
}

export function isBlock(text: string): boolean {
  try {
    parseBlock(text);
    return true;
  } catch {
    return false;
  }
}

function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseIPv4(text);
  // The last 32 bits may be written as IPv4 (RFC 4291, 2.2).
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted === null) return parseIPv6(text);
  const tail = parseIPv4(dotted[2] ?? '');
  if (tail === undefined) return undefined;
  return parseIPv6(`${dotted[1]}${(tail.value >> 16n).toString(16)}:${(tail.value & 0xffffn).toString(16)}`);
}

function parseIPv4(text: string): Address | undefined {
  const parts = text.split('.');
  // No leading zeros: some readers take them for octal.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return { bits: 32, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
}

function parseIPv6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return { bits: 128, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}
