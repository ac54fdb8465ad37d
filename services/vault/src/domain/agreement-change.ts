import type { CardBrand, CardSummary, OnFileReason, UpdateAgreement } from '@cofferdam/contracts';

/** What of an agreement can change. */
export interface AgreementState {
  networkTransactionId: string | null;
  /** Whose it is. */
  network: CardBrand | null;
  endedAt: Date | null;
  endReason: OnFileReason | null;
}

export type AgreementChange =
  | { refused: 'agreement_ended' | 'network_transaction_id_set' }
  | { changed: readonly ('networkTransactionId' | 'state')[]; state: AgreementState };

/**
 * A network transaction id is set once. Every later payment refers by it to the transaction in which the cardholder
 * agreed, so that another id would make another agreement of this one. Only when the card has moved to another network
 * is there nothing that it refers to, and the first transaction there takes its place.
 *
 * @param brand of the card as it is now
 */
export function changeAgreement(
  current: AgreementState,
  wanted: UpdateAgreement,
  { brand, now }: { brand: CardBrand; now: Date },
): AgreementChange {
  const changed: ('networkTransactionId' | 'state')[] = [];
  let state = current;
  const { networkTransactionId: id } = wanted;
  if (id !== undefined && id !== current.networkTransactionId) {
    if (current.endedAt !== null) return { refused: 'agreement_ended' };
    if (current.networkTransactionId !== null && current.network === brand) {
      return { refused: 'network_transaction_id_set' };
    }
    changed.push('networkTransactionId');
    state = { ...state, networkTransactionId: id, network: brand };
  }
  if (wanted.state === 'ended' && current.endedAt === null) {
    changed.push('state');
    state = { ...state, endedAt: now, endReason: 'requested' };
  }
  return { changed, state };
}

/** Whether an id is the number of the card itself: a caller who has mixed them up. */
export function isNumberOf({ bin, lastFour }: Pick<CardSummary, 'bin' | 'lastFour'>, id: string): boolean {
  return /^[0-9]{12,19}$/.test(id) && id.startsWith(bin) && id.endsWith(lastFour);
}
