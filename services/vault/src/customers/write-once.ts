import type { ProblemCode } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { settleByKey, type UnitOfWork } from '../commit.ts';
import { digestRequest } from '../crypto/digest-keys.ts';
import { claimIdempotencyKey, storeAnswer } from '../storage/idempotency-keys.ts';
import type { Requester, Vault } from '../vault.ts';

/** A write of a caller, known again by its idempotency key. */
export interface KeyedWrite {
  by: Requester;
  /** The operation, and after it all that makes a request the same. */
  request: readonly [operation: string, ...parts: (string | object)[]];
  idempotencyKey: string;
  /** What a repetition is told when what the first made is gone since. */
  gone: ProblemCode;
}

export interface Written<T> {
  status: 200 | 201;
  answer: T;
  /** With the deletion of this token or customer the answer is forgotten. */
  of: string;
}

/**
 * Carries a write out once, in one commit with its audit entries, events and the answer, which a repetition is given
 * again.
 *
 * @throws {ProblemError} idempotency_key_reused, request_in_progress, `gone`, key_unavailable, database_unavailable
 */
export async function writeOnce<T>(
  vault: Vault,
  { by, request, idempotencyKey, gone }: KeyedWrite,
  work: (unit: UnitOfWork) => Promise<Written<T>>,
): Promise<{ status: number; answer: T }> {
  const { digests } = await vault.keys.forWriting(by.merchant);
  const keyed = {
    merchant: by.merchant,
    ...digestRequest(digests, request[0], { idempotencyKey, body: request }),
  };
  return settleByKey(() =>
    vault.commit(async (unit) => {
      const earlier = await claimIdempotencyKey<T>(unit.transaction, keyed, vault.now());
      if (earlier !== 'claimed') {
        const { status, answer } = earlier;
        if (answer !== undefined) return { status, answer };
        throw new ProblemError(gone, { detail: 'What the first request made has been deleted since.' });
      }
      const { status, answer, of } = await work(unit);
      await storeAnswer(unit.transaction, keyed, { token: of, status, body: answer });
      return { status, answer };
    }),
  );
}
