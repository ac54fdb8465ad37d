import { ProblemError } from '@cofferdam/runtime';
import { findToken } from './storage/tokens.ts';
import { toAnswer } from './token-answer.ts';
import type { TokenAnswer, Vault } from './vault.ts';

/**
 * What may be shown of a token's card. Another merchant's token is as unknown as one that never was.
 *
 * @throws {ProblemError} token_not_found, database_unavailable
 */
export async function readToken(vault: Vault, merchant: string, token: string): Promise<TokenAnswer> {
  const stored = await findToken(vault.database, merchant, token);
  if (!stored) throw new ProblemError('token_not_found');
  return toAnswer(stored);
}
