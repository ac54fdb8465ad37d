import type { ListedToken, ListTokens, TokenPage } from '@cofferdam/contracts';
import { formatListCursor } from './domain/list-cursor.ts';
import { DEFAULT_LIMIT, startOf } from './list-page.ts';
import { type TokenFilter, type TokenRow, tokensAfter } from './storage/token-list.ts';
import { cardSummaryOf } from './token-answer.ts';
import type { Vault } from './vault.ts';

/**
 * A page of a merchant's tokens, newest first. Whoever follows `next` to the end has seen every token that was there when
 * he began, once; what is tokenized meanwhile comes before the first page.
 *
 * @throws {ProblemError} invalid_request, database_unavailable
 */
export async function listTokens(vault: Vault, merchant: string, query: ListTokens): Promise<TokenPage> {
  const page = await tokensAfter(vault.database, merchant, filterOf(query), {
    after: startOf(query.after),
    limit: query.limit ?? DEFAULT_LIMIT,
  });
  return {
    tokens: page.tokens.map(listed),
    ...(page.next === undefined ? {} : { next: formatListCursor(page.next) }),
  };
}

function filterOf(query: ListTokens): TokenFilter {
  const { cardId, customer, brand, bin, lastFour, cardExpiresBefore, createdFrom, createdBefore } = query;
  const [year, month] = cardExpiresBefore?.split('-').map(Number) ?? [];
  const expiryBefore = year === undefined || month === undefined ? undefined : year * 12 + month;
  const state = query.state ?? 'active';
  return { state, cardId, customer, brand, bin, lastFour, expiryBefore, createdFrom, createdBefore };
}

function listed(row: TokenRow): ListedToken {
  return {
    token: row.token,
    ...(row.state === 'active' ? { card: cardSummaryOf(row) } : {}),
    state: row.state,
    ...(row.state === 'active' && row.cardState ? { cardState: row.cardState } : {}),
    recordVersion: row.recordVersion,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    ...(row.state === 'active' && row.expiresAt ? { expiresAt: row.expiresAt.toISOString() } : {}),
  };
}
