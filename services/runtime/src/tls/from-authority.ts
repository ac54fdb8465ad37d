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
  /** Whether those who verify us, by the same bundle as we do, believe the pair. Default: they do. */
  isBelieved?: (pair: ServingPair) => boolean;
  /** At least so often the clock and the bundle are looked at. Default a minute. */
  lookMs?: number;
  now?: () => number;
  /** 0 to 1. */
  random?: () => number;
}

/**
 * A pair that is certified by the operator and renewed for as long as the process lives. Resolves at once: until the
 * first answer a placeholder is shown that nobody trusts, so that probes learn what we wait for. A new pair is also asked
 * for when the authority of the old one has left the bundle before its time, as that of a leaked key has.
 */
export async function credentialsFromAuthority(options: RenewalOptions): Promise<ServerCredentials> {
  const { ask, authority, logger, isBelieved = () => true, lookMs = 60_000 } = options;
  const { now = Date.now, random = Math.random } = options;
  const held = new Held(await placeholderPair());
  let problem: string | undefined = `waiting for a certificate from ${authority}`;
  let failures = 0;
  let dueAt = now();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let latest: ServingPair | undefined;

  const renew = async (): Promise<void> => {
    try {
      const pair = await ask();
      if (closed) return;
      failures = 0;
      problem = undefined;
      // However short its life: not without a pause.
      dueAt = now() + Math.max(FASTEST_RENEWAL_MS, renewInMs(pair, now(), random()));
      latest = pair;
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
    // A clock that is put right, or a machine that slept, is noticed here too.
    if (now() >= dueAt || (failures === 0 && latest && !isBelieved(latest))) await renew();
    if (!closed) timer = setTimeout(turn, Math.min(lookMs, Math.max(0, dueAt - now()))).unref();
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
