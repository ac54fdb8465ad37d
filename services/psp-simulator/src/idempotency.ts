import { createHash, randomBytes } from 'node:crypto';
import type { Answer, Psp, SimulatorState } from './state.ts';

const SALT = randomBytes(32);

/** What an idempotency key means for a request: the first of its kind, or a repetition of one. */
export type Claim =
  | { readonly kind: 'first'; settle(answer: Answer | undefined): void }
  | { readonly kind: 'replay'; readonly answer: Answer }
  | { readonly kind: 'other-parameters' }
  | { readonly kind: 'in-progress' };

/**
 * Claims a key for a request. The body is kept only as a hash, salted per process, so that no card number can
 * be found in a heap by its digest.
 */
export function claimKey(state: SimulatorState, psp: Psp, key: string | undefined, body: string): Claim {
  if (key === undefined) return { kind: 'first', settle: () => {} };
  const keys = state.psp(psp).idempotency;
  const fingerprint = createHash('sha256').update(SALT).update(body).digest('base64');
  const record = keys.get(key);
  if (record !== undefined) {
    if (record.fingerprint !== fingerprint) return { kind: 'other-parameters' };
    return record.answer === undefined ? { kind: 'in-progress' } : { kind: 'replay', answer: record.answer };
  }
  const claimed = { fingerprint, answer: undefined as Answer | undefined };
  keys.set(key, claimed);
  return {
    kind: 'first',
    settle(answer) {
      if (answer === undefined) keys.delete(key);
      else claimed.answer = answer;
    },
  };
}
