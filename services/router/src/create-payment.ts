import { type CreatePayment, minorUnitDigits, type Payment } from '@cofferdam/contracts';
import { appendEvent, orderedId, ProblemError } from '@cofferdam/runtime';
import { attempt, attemptLifeMs } from './attempt.ts';
import { type Candidate, select } from './domain/selection.ts';
import { nextStep } from './domain/state-machine.ts';
import { paymentAnswer } from './payment-answer.ts';
import { readPayment } from './read-payment.ts';
import { keyedRequest } from './request-digest.ts';
import type { Router } from './router.ts';
import { eventData, findingsOf, finish } from './settle.ts';
import { findAttempts } from './storage/attempts.ts';
import { claimKey, findRequest, type KeyedRequest, type KnownRequest } from './storage/idempotency-keys.ts';
import { findPayment, insertPayment, lockPayment, type PaymentRow } from './storage/payments.ts';
import type { KnownToken } from './vault-api.ts';

export interface PaymentRequest {
  readonly merchant: string;
  readonly idempotencyKey: string;
  readonly body: CreatePayment;
  readonly requestId: string;
}

export interface CreatedPayment {
  readonly payment: Payment;
  /** The answer to an earlier request with this key. */
  readonly replayed: boolean;
}

/** Attempts of one payment, over all connectors. */
const MAX_ATTEMPTS = 3;
/** No further attempt begins after this. */
const CASCADE_MS = 30_000;

/**
 * Takes a payment: what was asked is committed before anybody is asked to charge, every attempt before it is made,
 * and another connector is tried only after a definitive "not processed".
 *
 * @throws {ProblemError} idempotency_key_reused, request_in_progress, unknown_currency, token_not_found,
 * no_connector, vault_unavailable, database_unavailable
 */
export async function createPayment(router: Router, request: PaymentRequest): Promise<CreatedPayment> {
  const keyed = keyedRequest(await router.digestKey(), request);
  const known = await findRequest(router.database, keyed);
  if (known !== undefined) return replay(router, keyed, known);

  requireKnownCurrency(request.body.currency);
  const record = await router.vault.readToken(request.merchant, request.body.token, request.requestId);
  const intent = planPayment(router, request, record);
  if (!(await commitIntent(router, keyed, intent))) {
    const winner = await findRequest(router.database, keyed);
    if (winner === undefined) throw new ProblemError('request_in_progress');
    return replay(router, keyed, winner);
  }
  try {
    await makeAttempts(router, intent);
    return { payment: await readPayment(router, request.merchant, intent.payment.id), replayed: false };
  } catch (error) {
    throw underWay(intent.payment.id, error);
  }
}

/** What fails after the intent is no reason to pay again: somebody may have been asked. */
function underWay(paymentId: string, error: unknown): ProblemError {
  return new ProblemError(error instanceof ProblemError ? error.code : 'internal_error', {
    detail: `What became of payment ${paymentId} is not known yet. Repeat the request with the same idempotency key, or read the payment; a new key could charge twice.`,
    cause: error,
  });
}

interface Intent {
  readonly payment: PaymentRow;
  readonly candidates: readonly Candidate[];
  /** In memory alone: of a payment that another process takes on, the CVC is lost. */
  readonly sealedCvc: CreatePayment['sealedCvc'];
}

async function replay(router: Router, keyed: KeyedRequest, known: KnownRequest): Promise<CreatedPayment> {
  if (!known.bodyDigest.equals(keyed.bodyDigest)) {
    throw new ProblemError('idempotency_key_reused', {
      detail: 'This idempotency key came with another body before. Use a new key for a new payment.',
    });
  }
  if (known.answer !== null) return { payment: known.answer, replayed: true };
  // Either somebody is at work on it, or whoever was has died; reading settles the latter.
  const payment = await readPayment(router, keyed.merchant, known.paymentId);
  if (payment.status !== 'processing') return { payment, replayed: true };
  throw new ProblemError('request_in_progress', {
    detail: `The first request with this idempotency key is under way as payment ${payment.id}. Try again.`,
  });
}

function requireKnownCurrency(currency: string): void {
  if (minorUnitDigits(currency) !== undefined) return;
  throw new ProblemError('unknown_currency', {
    detail: `${currency} is not a currency of ISO 4217.`,
    errors: [{ field: 'currency', message: 'must be an ISO 4217 code' }],
  });
}

function planPayment(router: Router, request: PaymentRequest, record: KnownToken): Intent {
  const { merchant, body } = request;
  const { amount, currency, country } = body;
  const createdAt = router.now();
  const id = orderedId('pay', createdAt.getTime());
  // The payment's id is as good a seed as any: random, and stored with what it decided.
  const { candidates: all, reasons } = select(
    { merchant, amount, currency, country, brand: record.card.brand },
    router.routing(),
    id,
  );
  const candidates = all.slice(0, MAX_ATTEMPTS);
  if (candidates.length === 0) {
    throw new ProblemError('no_connector', {
      detail: `No connector can take this payment: ${reasons.join('; ')}.`,
    });
  }
  const payment: PaymentRow = {
    ...{ id, merchant, token: body.token, card: record.card, amount, currency },
    capture: body.capture ?? 'automatic',
    country: country ?? null,
    reference: body.reference ?? null,
    metadata: body.metadata ?? null,
    selection: {
      seed: id,
      candidates: candidates.map(({ connector }) => connector.name),
      reasons: [...reasons],
    },
    status: 'processing',
    createdAt,
    updatedAt: createdAt,
    abandoned: false,
  };
  return { payment, candidates, sealedCvc: body.sealedCvc };
}

/** @returns false when another request with this key was first */
function commitIntent(
  router: Router,
  keyed: KeyedRequest,
  { payment, candidates }: Intent,
): Promise<boolean> {
  const [first] = candidates;
  return router.database.transaction(async (transaction) => {
    const { id, createdAt, merchant } = payment;
    if (!(await claimKey(transaction, keyed, { id, createdAt }))) return false;
    await insertPayment(transaction, payment, first === undefined ? 0 : attemptLifeMs(first));
    await appendEvent(transaction, {
      type: 'payment.created',
      merchant,
      subject: id,
      time: createdAt,
      data: eventData(paymentAnswer(payment, []), []),
    });
    return true;
  });
}

async function makeAttempts(router: Router, { payment, candidates, sealedCvc }: Intent): Promise<void> {
  const deadline = payment.createdAt.getTime() + CASCADE_MS;
  for (let ordinal = 0; ordinal < candidates.length; ordinal++) {
    const candidate = candidates[ordinal];
    if (candidate === undefined) return;
    if (ordinal > 0 && router.now().getTime() > deadline) return giveUp(router, payment);
    await attempt(router, payment, { candidate, ordinal, sealedCvc });
    const current = await findPayment(router.database, payment.id, payment.merchant);
    if (current?.status !== 'processing') return;
  }
}

/** Out of time: what the attempts so far say is all that there will be. */
async function giveUp(router: Router, payment: PaymentRow): Promise<void> {
  await router.database.transaction(async (transaction) => {
    const current = await lockPayment(transaction, payment.id);
    if (current === undefined) return;
    const findings = findingsOf(await findAttempts(transaction, payment.id));
    const step = nextStep(findings, findings.length, current.capture);
    if (step.kind === 'settle') await finish(transaction, current, step.status, router.now());
  });
}
