import type { Logger } from '../logging/logger.ts';
import { placeholderPair } from './certificate-request.ts';
import type { ServingPair } from './key-pair.ts';
import { renewInMs, retryInMs } from './renewal-times.ts';
import { Held, type ServerCredentials } from './server-credentials.ts';

export interface RenewalOptions {
  /** @throws with what stands in the way */
  ask: () => Promise<ServingPair>;
  /** Whom we ask, for messages. */
  authority: string;
  logger: Logger;
  now?: () => number;
  /** 0 to 1. */
  random?: () => number;
}

/** A clock that is put right, or a machine that slept, is noticed within this time. */
const LONGEST_SLEEP_MS = 60_000;

/**
 * A pair that is certified by the operator and renewed for as long as the process lives. Resolves at once: until the
 * first answer a placeholder is shown that nobody trusts, so that probes learn what we wait for.
 */
export async function credentialsFromAuthority(options: RenewalOptions): Promise<ServerCredentials> {
  const { ask, authority, logger, now = Date.now, random = Math.random } = options;
  const held = new Held(await placeholderPair());
  let problem: string | undefined = `waiting for a certificate from ${authority}`;
  let failures = 0;
  let dueAt = now();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const renew = async (): Promise<void> => {
    try {
      const pair = await ask();
      if (closed) return;
      failures = 0;
      problem = undefined;
      // However short its life: not without a pause.
      dueAt = now() + Math.max(FASTEST_RENEWAL_MS, renewInMs(pair, now(), random()));
      held.replace(pair);
      logger.info({ authority, notAfter: pair.notAfter }, 'serving with a new certificate');
    } catch (error) {
      if (closed) return;
      failures++;
      const waitMs = Math.round(retryInMs(failures, random()));
      dueAt = now() + waitMs;
      problem = `waiting for a certificate from ${authority}: ${reasonOf(error)}`;
      logger.warn({ err: error, retryInMs: waitMs, notAfter: held.expiresAt() }, problem);
    }
  };
  const turn = async (): Promise<void> => {
    if (now() >= dueAt) await renew();
    if (!closed) timer = setTimeout(turn, Math.min(LONGEST_SLEEP_MS, Math.max(0, dueAt - now()))).unref();
  };
  void turn();
  return {
    current: held.current,
    onChange: held.onChange,
    expiresAt: held.expiresAt,
    problem: () => problem,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

const FASTEST_RENEWAL_MS = 200;

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
