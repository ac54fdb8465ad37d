import type { ChargeResult } from '@cofferdam/contracts';
import type { Verdict } from './port.ts';

/** Charged, or held for a later capture. */
export const APPROVED: Verdict = { outcome: 'approved', processed: 'yes', code: 'approved' };

/** The issuer said no, and may say yes at another time or through another acquirer. */
export const softDecline = (code: string): Verdict => ({ outcome: 'soft_decline', processed: 'no', code });

/** The issuer said no, and will not change its mind: the networks forbid asking again. */
export const hardDecline = (code: string): Verdict => ({ outcome: 'hard_decline', processed: 'no', code });

/** The PSP refused or was not reached: certainly nothing was charged, and another PSP may be tried. */
export const notProcessed = (code: string): Verdict => ({ outcome: 'error', processed: 'no', code });

/** It may have been charged. Nobody else is asked until this PSP has said what happened. */
export const unknown = (code: string): Verdict => ({ outcome: 'unknown', processed: 'unknown', code });

/** What the PSP sent beside the verdict. A value that is not a plain code is left out: it could quote the request. */
export function result(verdict: Verdict, raw: { code?: unknown; reference?: unknown } = {}): ChargeResult {
  return {
    ...verdict,
    ...(isPlainCode(raw.code) ? { rawCode: raw.code } : {}),
    ...(isPlainCode(raw.reference) ? { pspReference: raw.reference } : {}),
  };
}

function isPlainCode(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_.:/-]{1,64}$/.test(value) && !/[0-9]{12}/.test(value);
}
