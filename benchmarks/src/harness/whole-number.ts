import { BenchError } from '../errors.ts';

/** @throws BenchError `usage`: the option, what was found, and the range that is wanted */
export function wholeNumber(option: string, text: unknown, range: { from: number; to: number }): number {
  const value = /^\d+$/.test(String(text)) ? Number(text) : Number.NaN;
  if (value >= range.from && value <= range.to) return value;
  throw new BenchError(
    'usage',
    `${option} ${JSON.stringify(text)}: a whole number from ${range.from} to ${range.to} is wanted`,
  );
}
