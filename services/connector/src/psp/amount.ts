import { minorUnitDigits } from '@cofferdam/contracts';
import type { CapabilityTable } from './port.ts';

/**
 * Our minor units (ISO 4217) in those of the PSP, or undefined where the amount cannot be said in them exactly:
 * an amount is never rounded.
 */
export function toProviderUnits(
  table: Pick<CapabilityTable, 'minorUnitDigits' | 'roundsToTen'>,
  amount: number,
  currency: string,
): number | undefined {
  const ours = minorUnitDigits(currency);
  if (ours === undefined) return undefined;
  const theirs = table.minorUnitDigits[currency] ?? ours;
  const converted = theirs >= ours ? amount * 10 ** (theirs - ours) : amount / 10 ** (ours - theirs);
  if (!Number.isSafeInteger(converted)) return undefined;
  return table.roundsToTen.includes(currency) && converted % 10 !== 0 ? undefined : converted;
}
