import { randomId } from '../ids.ts';
import { scrub } from '../logging/scrub.ts';

export const REQUEST_ID_HEADER = 'x-request-id';

/** The caller's request id when it is short, plain and not a card number; otherwise one of ours. */
export function requestId(header: string | string[] | undefined): string {
  const usable =
    typeof header === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(header) && scrub(header) === header;
  return usable ? header : randomId('req');
}
