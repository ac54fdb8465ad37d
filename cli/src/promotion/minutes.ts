import { InvalidArgumentError } from 'commander';

/** A number of minutes, up to a week. */
export function minutes(text: string): number {
  const found = Number(text);
  if (/^\d+$/.test(text) && found <= 10_080) return found;
  throw new InvalidArgumentError('expected minutes, 0 to 10080.');
}
