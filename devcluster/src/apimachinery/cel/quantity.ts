/** A Kubernetes quantity (`1500m`, `2Gi`, `1e3`): an exact number of billionths, the finest that there is. */
export class Quantity {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

const BILLION = 1_000_000_000n;
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** @returns undefined when the text is not a quantity */
export function parseQuantity(text: string): Quantity | undefined {
  const match = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d+)|([numkMGTPE]?|[KMGTPE]i))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, digits = '', exponent, suffix = ''] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const binary = BINARY.indexOf(suffix);
  const power = exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent.slice(1));
  let nanos = BigInt(`${whole}${fraction}` || '0') * BILLION;
  if (binary > 0) nanos *= 1024n ** BigInt(binary);
  const shift = (binary > 0 ? 0 : power) - fraction.length;
  nanos = shift >= 0 ? nanos * 10n ** BigInt(shift) : roundUp(nanos, 10n ** BigInt(-shift));
  return new Quantity(sign === '-' ? -nanos : nanos);
}

/** Kubernetes rounds away from zero when it cannot hold a quantity exactly. */
function roundUp(value: bigint, divisor: bigint): bigint {
  return value % divisor === 0n ? value / divisor : value / divisor + 1n;
}

export function compareQuantities(a: Quantity, b: Quantity): bigint {
  if (a.nanos === b.nanos) return 0n;
  return a.nanos < b.nanos ? -1n : 1n;
}

export function isWhole(quantity: Quantity): boolean {
  return quantity.nanos % BILLION === 0n;
}

/** @throws RangeError when it is not a whole number */
export function asInteger(quantity: Quantity): bigint {
  if (!isWhole(quantity)) throw new RangeError('cannot convert value to integer');
  return quantity.nanos / BILLION;
}

export function asApproximateFloat(quantity: Quantity): number {
  return Number(quantity.nanos) / Number(BILLION);
}
