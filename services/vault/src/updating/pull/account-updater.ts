import { AcceptedBatch, ENV, UpdaterAnswer, type UpdaterBatch } from '@cofferdam/contracts';
import {
  type BreakerRules,
  type Call,
  createCircuitBreaker,
  createServiceClient,
  type Lifecycle,
  type Logger,
  type Metrics,
  openTrust,
  ServiceCallError,
  StartError,
  tokenSource,
} from '@cofferdam/runtime';
import type { z } from 'zod';
import type { readServeConfig } from '../../config.ts';

/** Somebody who knows of new cards: the networks' updaters, through an acquirer or a service of its own. */
export interface AccountUpdater {
  /** Hands a batch in; the same id again changes nothing. @throws when it did not answer that it has it */
  submit(batch: UpdaterBatch): Promise<void>;
  /** What is known so far; undefined when it has no such batch. @throws when it did not answer */
  answerOf(batch: string): Promise<UpdaterAnswer | undefined>;
}

/** A batch is hundreds of cards, and to look each of them up may take a while. */
const TIMEOUT_MS = 30_000;
const RULES: BreakerRules = { failures: 3, openMs: 10_000, maxOpenMs: 600_000 };

/**
 * The updater service that the configuration names, over HTTPS, behind a circuit breaker.
 *
 * @returns undefined when none is configured
 * @throws {StartError} naming a setting that is missing or a file that cannot be read
 */
export async function openAccountUpdater(
  config: ReturnType<typeof readServeConfig>,
  { lifecycle, logger, metrics }: { lifecycle: Lifecycle; logger: Logger; metrics: Metrics },
): Promise<AccountUpdater | undefined> {
  const { ACCOUNT_UPDATER_URL: baseUrl, ACCOUNT_UPDATER_TOKEN_FILE: tokenFile } = config;
  if (baseUrl === undefined) return undefined;
  if (tokenFile === undefined) {
    throw new StartError(`${ENV.accountUpdaterTokenFile} is missing; ${ENV.accountUpdaterUrl} is set`);
  }
  const trust = await openTrust(config.ACCOUNT_UPDATER_CA_FILE, {
    ...{ logger, variable: ENV.accountUpdaterCaFile },
  });
  const client = createServiceClient({
    ...{ baseUrl, trust, timeoutMs: TIMEOUT_MS },
    token: tokenSource(tokenFile),
  });
  lifecycle.onClose('account updater', async () => {
    await client.close();
    trust.close();
  });
  const breaker = createCircuitBreaker({ rules: RULES });
  const requests = metrics.meter.createCounter('cofferdam_account_updater_requests', {
    description: 'Calls to the account updater service, by operation and outcome.',
  });
  const call = async <S extends z.ZodType>(operation: string, what: Call<S>): Promise<z.infer<S>> => {
    const count = (outcome: string) => requests.add(1, { operation, outcome });
    try {
      const answer = await breaker.run(() => client.call(what), judge);
      count('ok');
      return answer;
    } catch (error) {
      count(error instanceof ServiceCallError ? error.failure : 'circuit_open');
      throw error;
    }
  };
  return {
    async submit(batch) {
      await call('submit', { method: 'POST', path: '/v1/batches', body: batch, answer: AcceptedBatch });
    },
    answerOf: (batch) =>
      call('poll', { method: 'GET', path: `/v1/batches/${batch}`, answer: UpdaterAnswer }).catch(
        (error: unknown) => {
          if (error instanceof ServiceCallError && error.status === 404) return undefined;
          throw error;
        },
      ),
  };
}

/** A refusal is an answer: the service is there. */
function judge(error: unknown) {
  if (!(error instanceof ServiceCallError)) return 'failed';
  return error.failure === 'problem' && (error.status ?? 500) < 500 ? 'answered' : 'failed';
}
