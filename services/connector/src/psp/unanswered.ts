import type { Verdict } from './port.ts';
import { TransportError } from './transport.ts';
import { notProcessed, unknown } from './verdict.ts';

/** What a request that got no answer means. @param error what the SDK passed on; all but our own leaves it open */
export function unanswered(error: unknown): Verdict {
  const failure = error instanceof TransportError ? error.failure : 'broken';
  if (failure === 'unsent') return notProcessed('psp_unreachable');
  return unknown(failure === 'timeout' ? 'timeout' : 'connection_lost');
}
