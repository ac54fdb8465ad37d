import { TokenBatchItem } from '@cofferdam/contracts';
import { ProblemError, validate } from '@cofferdam/runtime';
import { type Created, tokenize } from './tokenize.ts';
import type { Requester, Vault } from './vault.ts';

export interface BatchRequest {
  by: Requester;
  /** Of the whole: for the items that bring none of their own. */
  idempotencyKey: string | undefined;
  items: readonly unknown[];
}

/** What became of an item: as if it had been sent alone. */
export type ItemOutcome = Created | { error: unknown };

/**
 * Tokenizes each item as a request by itself, all at the same time, so that group commit carries them together. One that
 * is wrong or fails says so in its place; when all fail for one reason on our side, that is what became of the batch.
 *
 * @throws {ProblemError} key_unavailable, database_unavailable, overloaded: of every item
 */
export async function createTokenBatch(vault: Vault, request: BatchRequest): Promise<ItemOutcome[]> {
  const outcomes = await Promise.all(
    request.items.map(async (item, place): Promise<ItemOutcome> => {
      try {
        return await tokenizeItem(vault, request, item, place);
      } catch (error) {
        return { error };
      }
    }),
  );
  const failures = new Set(outcomes.map(failureOf));
  const [code] = failures;
  const error = outcomes.find((outcome) => 'error' in outcome)?.error;
  if (failures.size === 1 && code !== undefined) throw error;
  return outcomes;
}

function tokenizeItem(
  vault: Vault,
  { by, idempotencyKey: ofBatch }: BatchRequest,
  item: unknown,
  place: number,
): Promise<Created> {
  const { idempotencyKey: ofItem, ...body } = validate(TokenBatchItem, item);
  if (ofItem !== undefined) return tokenize(vault, { by, idempotencyKey: ['tokenize', ofItem], body });
  if (ofBatch === undefined) {
    throw new ProblemError('idempotency_key_missing', {
      detail: 'An item needs an idempotencyKey, or the batch the header Idempotency-Key.',
    });
  }
  return tokenize(vault, { by, idempotencyKey: ['batch', ofBatch, String(place)], body });
}

/** The code of a failure on our side. */
function failureOf(outcome: ItemOutcome): string | undefined {
  if (!('error' in outcome)) return undefined;
  if (!(outcome.error instanceof ProblemError)) return 'internal_error';
  return outcome.error.status >= 500 ? outcome.error.code : undefined;
}
