import type { ListVersions, TokenVersions } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { findVersions, type TokenVersion } from './storage/token-versions.ts';
import { findToken } from './storage/tokens.ts';
import { cardSummaryOf } from './token-answer.ts';
import type { Vault } from './vault.ts';

const DEFAULT_LIMIT = 50;
/** Below it are all. */
export const NEWEST_VERSION = 2_147_483_647;

/**
 * What a token's card was, version by version, the newest first.
 *
 * @throws {ProblemError} token_not_found, database_unavailable
 */
export async function listVersions(
  vault: Vault,
  merchant: string,
  { token, query }: { token: string; query: ListVersions },
): Promise<TokenVersions> {
  if (!(await findToken(vault.database, merchant, token))) throw new ProblemError('token_not_found');
  const limit = query.limit ?? DEFAULT_LIMIT;
  const found = await findVersions(vault.database, token, {
    before: query.before ?? NEWEST_VERSION,
    limit: limit + 1,
  });
  const versions = found.slice(0, limit);
  const last = versions.at(-1);
  return {
    token,
    versions: versions.map(toVersion),
    ...(found.length > limit && last ? { next: last.version } : {}),
  };
}

/** A version as its merchant may see it. */
export function toVersion(row: TokenVersion): TokenVersions['versions'][number] {
  const { version, cause, result, cardState, createdAt, occurredAt } = row;
  return {
    ...{ version, cause },
    ...(result === null ? {} : { result }),
    card: cardSummaryOf(row),
    ...(cardState === null ? {} : { cardState }),
    createdAt: createdAt.toISOString(),
    ...(occurredAt === null ? {} : { occurredAt: occurredAt.toISOString() }),
  };
}
