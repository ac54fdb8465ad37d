import { badRequest } from '../errors.ts';

/** Where a paged list goes on: the first key that is not yet shown, and the revision all pages show. */
export interface ContinueToken {
  /** -1: whatever is newest. */
  revision: number;
  start: string;
}

const VERSION = 'meta.k8s.io/v1';

export function writeContinueToken(token: ContinueToken): string {
  const text = JSON.stringify({ v: VERSION, rv: token.revision, start: token.start });
  return Buffer.from(text).toString('base64url');
}

/** @throws StatusError 400 for a token that this server did not write */
export function readContinueToken(text: string): ContinueToken {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof parsed === 'object' && parsed !== null && 'rv' in parsed && 'start' in parsed) {
      if (
        Number.isSafeInteger(parsed.rv) &&
        typeof parsed.rv === 'number' &&
        typeof parsed.start === 'string'
      ) {
        return { revision: parsed.rv, start: parsed.start };
      }
    }
  } catch (error) {
    throw badRequest(`invalid continue token: continue key is not valid: ${(error as Error).message}`);
  }
  throw badRequest(
    'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion',
  );
}
