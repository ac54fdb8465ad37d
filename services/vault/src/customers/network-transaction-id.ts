import type { CardSummary } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { isNumberOf } from '../domain/agreement-change.ts';

/** @throws {ProblemError} invalid_request when it is the number of the card, which no column may hold */
export function checkNetworkTransactionId(
  card: Pick<CardSummary, 'bin' | 'lastFour'>,
  id: string | undefined,
): void {
  if (id === undefined || !isNumberOf(card, id)) return;
  throw new ProblemError('invalid_request', {
    detail: 'A network transaction id is what the network answered an authorization with.',
    errors: [{ field: 'networkTransactionId', message: 'must not be a card number' }],
  });
}
