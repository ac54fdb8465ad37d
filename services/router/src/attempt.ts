import type { ChargeResult } from '@cofferdam/contracts';
import { orderedId, ServiceCallError } from '@cofferdam/runtime';
import type { Candidate } from './domain/selection.ts';
import type { Router } from './router.ts';
import { settle } from './settle.ts';
import { insertAttempt } from './storage/attempts.ts';
import { keepAlive, type PaymentRow } from './storage/payments.ts';
import { untilTaken } from './until-taken.ts';
import { VAULT_TIMEOUT_MS } from './vault-api.ts';

/** Beyond the waits for vault and connector: what the database and a busy process may take. */
const SLACK_MS = 2000;

/** How long an attempt may take before whoever makes it counts as dead. */
export const attemptLifeMs = (candidate: Candidate): number =>
  VAULT_TIMEOUT_MS + candidate.connector.timeoutMs + SLACK_MS;

/**
 * One attempt. It is committed before anybody is asked, so that a crash leaves behind that somebody may have been.
 * Nobody is asked when the payment was settled by others meanwhile.
 */
export async function attempt(
  router: Router,
  payment: PaymentRow,
  next: { candidate: Candidate; ordinal: number; sealedCvc?: string | undefined },
): Promise<void> {
  const { candidate, ordinal, sealedCvc } = next;
  const startedAt = router.now();
  const id = orderedId('att', startedAt.getTime());
  const ours = await untilTaken(() =>
    router.database.transaction(async (transaction) => {
      if (!(await keepAlive(transaction, payment.id, attemptLifeMs(candidate)))) return false;
      await insertAttempt(transaction, {
        id,
        paymentId: payment.id,
        ordinal,
        connector: candidate.connector.name,
        account: candidate.account,
        startedAt,
      });
      return true;
    }),
  );
  if (!ours) return;
  const result = await ask(router, payment, candidate, { attemptId: id, sealedCvc });
  await untilTaken(() => settle(router, payment.id, { attemptId: id, result }));
}

async function ask(
  router: Router,
  payment: PaymentRow,
  { connector, account }: Candidate,
  { attemptId, sealedCvc }: { attemptId: string; sealedCvc: string | undefined },
): Promise<ChargeResult> {
  const { id: paymentId, merchant, token, amount, currency, capture, card } = payment;
  const startedAt = performance.now();
  const grant = await router.vault
    .grant({ merchant, token, paymentId, attemptId, connector })
    .catch((error: unknown) => error);
  const result =
    typeof grant === 'string'
      ? await router.connectors.charge(connector, {
          ...{ paymentId, attemptId, merchant, account, amount, currency, capture, card },
          grant,
          ...(sealedCvc === undefined ? {} : { sealedCvc }),
        })
      : withoutGrant(grant);
  const { outcome, code, pspReference } = result;
  const durationMs = Math.round(performance.now() - startedAt);
  router.logger.info(
    { paymentId, attemptId, connector: connector.name, outcome, code, pspReference, durationMs },
    'attempt',
  );
  return result;
}

/** Without a grant nobody can have charged. */
function withoutGrant(error: unknown): ChargeResult {
  const code = error instanceof ServiceCallError ? error.problem?.code : undefined;
  return { outcome: 'error', processed: 'no', code: code ?? 'vault_unavailable' };
}
