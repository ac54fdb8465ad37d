import type {
  ChargeOutcome,
  ChargeResult,
  CreatePayment,
  PaymentStatus,
  ProblemCode,
} from '@cofferdam/contracts';

export type AttemptOutcome = ChargeOutcome | 'pending';
type Capture = NonNullable<CreatePayment['capture']>;

/** What a payment does after its attempts so far. */
export type Step =
  /** Somebody is being asked. */
  | { readonly kind: 'wait' }
  /** Ask the candidate of this index. */
  | { readonly kind: 'try'; readonly index: number }
  /** Nothing more is tried. */
  | { readonly kind: 'settle'; readonly status: Exclude<PaymentStatus, 'processing'> };

/**
 * The outcome that a connector's answer stands for. An answer that contradicts itself is not believed: only what
 * says that it certainly did not charge lets another be tried.
 */
export function outcomeOf(result: Pick<ChargeResult, 'outcome' | 'processed'>): ChargeOutcome {
  const wanted = { approved: 'yes', soft_decline: 'no', hard_decline: 'no', error: 'no', unknown: 'unknown' };
  return wanted[result.outcome] === result.processed ? result.outcome : 'unknown';
}

/** Codes of errors about the payment itself: nobody else could carry it out either. */
const OF_THE_PAYMENT: readonly string[] = [
  'cvc_unavailable',
  'token_not_found',
  'token_unusable',
] satisfies ProblemCode[];

/** What an attempt says to the failover rule; `refused`: an error that every other candidate would give as well. */
export type Finding = AttemptOutcome | 'refused';

export function findingOf({ outcome, code }: { outcome: AttemptOutcome; code: string | null }): Finding {
  return outcome === 'error' && code !== null && OF_THE_PAYMENT.includes(code) ? 'refused' : outcome;
}

/**
 * The failover rule. Another candidate is tried after a soft decline or an error, which both say that nothing was
 * charged; never after an approval, an unknown outcome, a hard decline, after which the card networks forbid asking
 * again, or an error that says no more of one PSP than of another.
 *
 * @param findings of the attempts, in order
 * @param candidates how many there are to try, all in all
 */
export function nextStep(findings: readonly Finding[], candidates: number, capture: Capture): Step {
  if (findings.includes('approved')) {
    return { kind: 'settle', status: capture === 'manual' ? 'authorized' : 'captured' };
  }
  if (findings.includes('unknown')) return { kind: 'settle', status: 'unknown' };
  if (findings.includes('pending')) return { kind: 'wait' };
  if (findings.includes('hard_decline')) return { kind: 'settle', status: 'declined' };
  if (findings.length < candidates && !findings.includes('refused'))
    return { kind: 'try', index: findings.length };
  return { kind: 'settle', status: findings.includes('soft_decline') ? 'declined' : 'failed' };
}

/** `processing` may become anything, `unknown` may still be settled, all others are final. */
const MOVES: Record<PaymentStatus, readonly PaymentStatus[]> = {
  processing: ['authorized', 'captured', 'declined', 'failed', 'unknown'],
  unknown: ['authorized', 'captured', 'declined', 'failed'],
  authorized: [],
  captured: [],
  declined: [],
  failed: [],
};

/** Whether a payment may go from one status to another. */
export function canMove(from: PaymentStatus, to: PaymentStatus): boolean {
  return MOVES[from].includes(to);
}

/** An attempt is settled once: from pending, or from unknown when its PSP has said what happened. */
export function canSettle(from: AttemptOutcome, to: AttemptOutcome): boolean {
  if (from === 'pending') return to !== 'pending';
  return from === 'unknown' && to !== 'pending' && to !== 'unknown';
}
