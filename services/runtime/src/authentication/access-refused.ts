import { ProblemError, type ProblemOptions } from '../errors.ts';
import type { Identity } from './caller.ts';
import type { Refusal } from './verify-token.ts';

/** A request that was refused for who sent it. The caller is told the problem; who and why is for the audit. */
export class AccessRefused extends ProblemError {
  /** Why a token was refused, or that no rule allows what its identity asked for. */
  readonly reason: Refusal | 'not_allowed';
  /** Undefined where the token was refused: what it says is then nobody's word. */
  readonly identity: Identity | undefined;

  constructor(
    code: 'unauthenticated' | 'forbidden',
    reason: Refusal | 'not_allowed',
    identity: Identity | undefined,
    options: ProblemOptions,
  ) {
    super(code, options);
    this.reason = reason;
    this.identity = identity;
  }
}
