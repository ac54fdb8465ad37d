import { type ChargeResult, type CreateCharge, type ProblemCode, RevealedCard } from '@cofferdam/contracts';
import {
  type Logger,
  type Metrics,
  ProblemError,
  ServiceCallError,
  type ServiceClient,
} from '@cofferdam/runtime';
import type { Accounts } from './accounts.ts';
import { CredentialsMissing } from './accounts.ts';
import type { Credentials, PspAdapter, PspCharge } from './psp/port.ts';
import { notProcessed, unknown } from './psp/verdict.ts';

export interface ChargeDependencies {
  /** Name of the PSPConnector, to which the grant is made out. */
  readonly connector: string;
  readonly accounts: Accounts;
  readonly vault: ServiceClient;
  readonly adapter: PspAdapter;
  readonly logger: Logger;
  /** Seconds that the PSP took, by provider and outcome. */
  readonly duration: Metrics['requestDuration'];
}

/**
 * One attempt: account, grant, card, PSP. Until the PSP is called a failure is a problem, which tells the router that
 * nothing was charged; from then on every answer is a {@link ChargeResult}.
 *
 * @throws {ProblemError} account_not_allowed, grant_invalid, token_not_found, cvc_unavailable, key_unavailable,
 *   vault_unavailable
 */
export async function charge(dependencies: ChargeDependencies, request: CreateCharge): Promise<ChargeResult> {
  const account = dependencies.accounts.forMerchant(request.account, request.merchant);
  // Before the grant is redeemed: a grant works once, and without credentials it would be spent for nothing.
  const credentials = await readCredentials(dependencies, account);
  if (credentials === undefined) return notProcessed('credentials_missing');
  const { card, cvc } = await redeem(dependencies, request);
  return send(dependencies, request, { card, cvc, credentials });
}

async function readCredentials(
  { accounts, logger }: ChargeDependencies,
  account: ReturnType<Accounts['forMerchant']>,
): Promise<Credentials | undefined> {
  try {
    return await accounts.credentials(account);
  } catch (error) {
    if (!(error instanceof CredentialsMissing)) throw error;
    logger.error({ account: account.name, problem: error.message }, 'no usable credentials');
    return undefined;
  }
}

/** What the vault may say that its caller can do something about; all else is the vault's trouble or ours. */
const PASSED_ON: readonly ProblemCode[] = [
  'grant_invalid',
  'token_not_found',
  'cvc_unavailable',
  'key_unavailable',
];

/**
 * Longest wait for the vault, milliseconds. The router waits 2 s longer than we wait for the PSP, and an answer that comes
 * after it has gone is lost: the reveal has to fit into these.
 */
const REVEAL_TIMEOUT_MS = 1500;

async function redeem(
  { vault, connector }: ChargeDependencies,
  request: CreateCharge,
): Promise<RevealedCard> {
  const { grant, attemptId, sealedCvc } = request;
  try {
    return await vault.call({
      method: 'POST',
      path: '/v1/reveals',
      body: { grant, attemptId, connector, ...(sealedCvc === undefined ? {} : { sealedCvc }) },
      timeoutMs: REVEAL_TIMEOUT_MS,
      answer: RevealedCard,
    });
  } catch (error) {
    const code = error instanceof ServiceCallError ? error.problem?.code : undefined;
    if (code !== undefined && PASSED_ON.includes(code)) {
      throw new ProblemError(code, { detail: 'The vault did not reveal the card.' });
    }
    // The cause is kept out: no error that has touched a card's answer is logged.
    const found = code ?? (error instanceof ServiceCallError ? error.failure : 'unexpected');
    throw new ProblemError('vault_unavailable', { detail: `The card was not revealed (${found}).` });
  }
}

async function send(
  { adapter, logger, duration }: ChargeDependencies,
  request: CreateCharge,
  secret: Pick<PspCharge, 'card' | 'cvc' | 'credentials'>,
): Promise<ChargeResult> {
  const { paymentId, attemptId, amount, currency, capture } = request;
  const startedAt = performance.now();
  const result = await adapter
    .charge({ ...secret, charge: { paymentId, attemptId, amount, currency, capture } })
    .catch((error: unknown) => {
      // An adapter's own defect. Only the error's name is written: its message could quote the card.
      logger.error({ attemptId, error: error instanceof Error ? error.name : 'unknown' }, 'adapter failed');
      return unknown('adapter_failure');
    });
  const { outcome, code, processed } = result;
  const durationMs = Math.round(performance.now() - startedAt);
  duration.record(durationMs / 1000, { provider: adapter.table.provider, outcome });
  logger.info(
    { paymentId, attemptId, account: request.account, outcome, code, processed, durationMs },
    'charge',
  );
  return result;
}
