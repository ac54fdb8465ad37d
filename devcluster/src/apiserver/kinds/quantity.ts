import { isObject, type JsonObject } from '../object.ts';

const NANO = 1_000_000_000n;
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** Decimal suffixes by their power of ten. */
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

export const QUANTITY_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

interface Parsed {
  /** In billionths. */
  nanos: bigint;
  format: 'binary' | 'decimal' | 'exponent';
}

function parse(text: string): Parsed | undefined {
  const found = /^([+-]?)(\d*)(?:\.(\d*))?([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+|)$/.exec(text);
  if (found === null) return undefined;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = found;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const scale = BigInt(10) ** BigInt(fraction.length);
  const signed = sign === '-' ? -digits : digits;
  if (suffix.endsWith('i')) {
    const factor = 1024n ** BigInt(BINARY.indexOf(suffix) + 1);
    return { nanos: (signed * factor * NANO) / scale, format: 'binary' };
  }
  const exponential = /^[eE][+-]?\d+$/.test(suffix);
  const power = exponential ? Number(suffix.slice(1)) : (DECIMAL[suffix] ?? 0);
  const format = exponential ? 'exponent' : 'decimal';
  if (power >= 0) return { nanos: (signed * NANO * 10n ** BigInt(power)) / scale, format };
  const divisor = scale * 10n ** BigInt(-power);
  const up = (signed * NANO) % divisor === 0n ? 0n : 1n; // rounded up to the nano
  return { nanos: (signed * NANO) / divisor + up, format };
}

function decimal(nanos: bigint, exponent: boolean): string {
  if (nanos === 0n) return '0';
  let power = -9;
  let mantissa = nanos;
  while (mantissa % 1000n === 0n && power < 18) {
    mantissa /= 1000n;
    power += 3;
  }
  if (exponent) return power === 0 ? `${mantissa}` : `${mantissa}e${power}`;
  const suffix = Object.keys(DECIMAL).find((key) => DECIMAL[key] === power) ?? '';
  return `${mantissa}${suffix}`;
}

/** The canonical text of a quantity, as Kubernetes stores it; undefined when it is none. */
export function canonicalQuantity(value: unknown): string | undefined {
  const parsed = parse(typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '!');
  if (parsed === undefined) return undefined;
  const { nanos, format } = parsed;
  const small = nanos < 1024n * NANO && nanos > -1024n * NANO;
  if (format !== 'binary' || small || nanos % NANO !== 0n) return decimal(nanos, format === 'exponent');
  let mantissa = nanos / NANO;
  let suffix = '';
  for (const next of BINARY) {
    if (mantissa % 1024n !== 0n) break;
    mantissa /= 1024n;
    suffix = next;
  }
  return `${mantissa}${suffix}`;
}

/** Rewrites every quantity of a map, such as `resources.requests`. */
export function canonicalQuantities(map: unknown): void {
  if (!isObject(map)) return;
  for (const [key, value] of Object.entries(map)) map[key] = canonicalQuantity(value) ?? value;
}

export function canonicalMember(parent: JsonObject, key: string): void {
  if (parent[key] !== undefined) parent[key] = canonicalQuantity(parent[key]) ?? parent[key];
}
