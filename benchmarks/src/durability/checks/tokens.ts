import pg from 'pg';
import { inParallel } from '../../harness/wait.ts';
import type { VaultClient } from '../client.ts';
import { expiryYearOf, isDeleted, type Ledger, type LedgerToken } from '../ledger.ts';
import type { Random } from '../random.ts';

const WIDTH = 32;
const TRIES = 5;

export type RevealedTokens = { revealed: number; gone: number; problems: string[] };

type Asked = { client: VaultClient; urls: () => readonly string[]; random: Random };

/** Every token is revealed and held against its card; a deleted one must be gone. */
export async function checkTokens(tokens: Iterable<LedgerToken>, asked: Asked): Promise<RevealedTokens> {
  const result: RevealedTokens = { revealed: 0, gone: 0, problems: [] };
  await inParallel([...tokens], WIDTH, async (token) => {
    const problem = isDeleted(token)
      ? await mustBeGone(token.token, asked)
      : await mustOpen(token, asked, (year) => year === expiryYearOf(token));
    if (problem !== undefined) result.problems.push(problem);
    else if (isDeleted(token)) result.gone++;
    else result.revealed++;
  });
  return result;
}

export async function mustOpen(
  acknowledged: LedgerToken,
  { client, urls, random }: Asked,
  isRight: (expiryYear: number) => boolean,
): Promise<string | undefined> {
  const { token, number } = acknowledged;
  for (let attempt = 1; ; attempt++) {
    const answer = await client.reveal(urls, random, acknowledged);
    if (answer === 'unknown' && attempt < TRIES) continue;
    if (answer === 'unknown') return `${token} was acknowledged, and its reveal is not answered`;
    const card = answer.body['card'] as { number: string; expiryYear: number } | undefined;
    if (card === undefined)
      return `${token} was acknowledged, and its reveal is answered with ${answer.status} ${answer.body['code']}`;
    if (card.number !== number) return `${token} decrypts to another card`;
    return isRight(card.expiryYear)
      ? undefined
      : `${token} expires in ${card.expiryYear}, which was not acknowledged`;
  }
}

export async function mustBeGone(
  token: string,
  { client, urls, random }: Asked,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt++) {
    const call = { method: 'GET', path: `/v1/tokens/${token}`, as: 'shop' } as const;
    const answer = await client.call(random.of(urls()), call);
    if (answer === 'unknown' && attempt < TRIES) continue;
    if (answer !== 'unknown' && answer.status === 404) return undefined;
    return `${token} was deleted, and is answered with ${answer === 'unknown' ? 'nothing' : answer.status}`;
  }
}

export type Rows = { idempotencyKeys: number; tokens: number; records: number; problems: string[] };

/** What the tables hold beside what was acknowledged: a row for each, and none more. */
export async function checkRows(url: string, ledger: Ledger): Promise<Rows> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const count = async (of: string): Promise<number> => {
      const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${of}`);
      return rows[0]?.n ?? 0;
    };
    const { rows } = await client.query<{ token: string; state: string }>('SELECT token, state FROM tokens');
    const problems: string[] = [];
    for (const { token, state } of rows) {
      const known = ledger.tokens.get(token);
      const wanted = known && (isDeleted(known) ? 'deleted' : 'active');
      if (state !== wanted)
        problems.push(`the row of ${token} is ${state}, and was acknowledged as ${wanted ?? 'nothing'}`);
    }
    const tokens = [...ledger.tokens.values()];
    const live = tokens.filter((token) => !isDeleted(token));
    const versions = live.reduce((sum, { deeds }) => sum + deeds.length, 0);
    const idempotencyKeys = await count('idempotency_keys');
    const records = await count('records');
    const cards = await count('cards');
    const compare = (what: string, found: number, wanted: number): void => {
      if (found !== wanted) problems.push(`${what}: ${found} rows, ${wanted} acknowledged`);
    };
    compare('idempotency keys', idempotencyKeys, ledger.keys.size);
    compare('tokens', rows.length, tokens.length);
    compare('versions of records', records, versions);
    compare('cards', cards, live.length);
    return { idempotencyKeys, tokens: rows.length, records, problems };
  } finally {
    await client.end();
  }
}
