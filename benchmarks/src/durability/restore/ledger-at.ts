import type { Ledger, LedgerToken } from '../ledger.ts';

/** What has to be so after a restore to a point in time, of all that was acknowledged before and after. */
export type LedgerAt = {
  /** Acknowledged before: the card, and the expiry years that it may have. */
  open: { token: LedgerToken; expiryYears: ReadonlySet<number> }[];
  /** Deleted before, or asked for after. */
  gone: LedgerToken[];
  /** Of those that open: deleted after the point, and there again. */
  resurrected: LedgerToken[];
  /** Under way at the point: nobody can say. */
  undecided: number;
};

/** @param at milliseconds since 1970, by the same clock as the ledger's */
export function ledgerAt(ledger: Ledger, at: number): LedgerAt {
  const then: LedgerAt = { open: [], gone: [], resurrected: [], undecided: 0 };
  for (const token of ledger.tokens.values()) {
    const before = token.deeds.filter(({ acknowledgedAt }) => acknowledgedAt < at);
    const maybe = token.deeds.filter(({ acknowledgedAt, sentAt }) => acknowledgedAt >= at && sentAt <= at);
    const last = before.at(-1);
    if (!last && maybe.length === 0) then.gone.push(token);
    else if (last?.type === 'token.deleted') then.gone.push(token);
    else if (!last || maybe.some(({ type }) => type === 'token.deleted')) then.undecided++;
    else {
      then.open.push({ token, expiryYears: new Set([last, ...maybe].map(({ expiryYear }) => expiryYear)) });
      if (token.deeds.at(-1)?.type === 'token.deleted') then.resurrected.push(token);
    }
  }
  return then;
}
