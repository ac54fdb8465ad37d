import {
  type CredentialImport,
  type CredentialUpdateCode,
  RESULT_FILE_COLUMNS,
  Token,
} from '@cofferdam/contracts';
import { type Counter, ProblemError } from '@cofferdam/runtime';
import { IntegrityError } from '../../integrity-error.ts';
import {
  beginImport,
  completeImport,
  countRowResults,
  findImport,
} from '../../storage/credential-imports.ts';
import { type RowResult, rowResultsAfter } from '../../storage/credential-updates.ts';
import type { Requester, Vault } from '../../vault.ts';
import { applyCredentialUpdate } from '../apply-credential-update.ts';
import { finalProblem, onceByRow, rememberProblem } from '../once-by-row.ts';
import { reportedOf } from '../reported.ts';
import { severalAtATime } from '../several-at-a-time.ts';
import { type FileRow, readRows } from './read-rows.ts';
import { resultOfRow } from './result-of-row.ts';

const AT_A_TIME = 100;

export interface Import {
  by: Requester;
  /** The import's id. */
  source: string;
  body: AsyncIterable<Buffer>;
  updates: Counter;
  /** Told of rows before they are applied. */
  onRows(count: number): void;
}

/**
 * Applies a file of results while it arrives. Rows that have a result from an earlier time are passed over, so that a file
 * that broke off is sent again, whole.
 *
 * @throws {ProblemError} malformed_csv, body_too_large, request_timeout, idempotency_key_reused, key_unavailable,
 *   database_unavailable, overloaded; what was applied stays
 */
export async function importResults(vault: Vault, work: Import): Promise<CredentialImport> {
  const place = { merchant: work.by.merchant, source: work.source };
  await beginImport(vault.database, place, vault.now());
  for await (const rows of readRows(work.body)) {
    for (let i = 0; i < rows.length; i += AT_A_TIME)
      await applyRows(vault, work, rows.slice(i, i + AT_A_TIME));
  }
  await completeImport(vault.database, place, vault.now());
  return readImport(vault, place);
}

async function applyRows(vault: Vault, work: Import, rows: readonly FileRow[]): Promise<void> {
  const [first] = rows;
  if (!first) return;
  work.onRows(rows.length);
  const place = { merchant: work.by.merchant, source: work.source, row: first.row - 1 };
  const known = new Map(
    (await rowResultsAfter(vault.database, place, rows.length)).map((result) => [result.row, result]),
  );
  await severalAtATime(rows, async (row) => {
    const earlier = known.get(row.row);
    if (earlier) requireSame(row, earlier);
    else await applyRow(vault, work, row);
  });
}

/** @throws {ProblemError} idempotency_key_reused */
function requireSame({ row, cells = {} }: FileRow, earlier: RowResult): void {
  const isSame =
    (earlier.token === '' || earlier.token === cells.token) &&
    (earlier.code === '' || earlier.code === cells.code);
  if (isSame) return;
  throw new ProblemError('idempotency_key_reused', {
    detail: `Row ${row} was another one when this import was sent before. Use a new id for a new file.`,
  });
}

async function applyRow(vault: Vault, { by, source, updates }: Import, row: FileRow): Promise<void> {
  const place = { merchant: by.merchant, source, row: row.row };
  // What has not the shape of a token is not kept: it may be anything.
  let token = Token.safeParse(row.cells?.token).data ?? '';
  let code: CredentialUpdateCode | '' = '';
  let outcome: string;
  const origin = { import: source, row: row.row };
  try {
    const said = resultOfRow(row);
    ({ token, code } = said);
    const arrived = { by, token, way: 'file', reported: reportedOf(said, vault.now()), origin } as const;
    outcome = (await applyCredentialUpdate(vault, arrived, onceByRow(vault, place, token))).outcome;
  } catch (error) {
    const problem = finalProblem(error);
    if (error instanceof IntegrityError) await vault.integrity.report(error, by, 'request');
    await rememberProblem(vault, place, { by, way: 'file', origin, token, code, problem });
    outcome = problem;
  }
  updates.add(1, { way: 'file', code, outcome });
}

/** @throws {ProblemError} not_found, database_unavailable */
export async function readImport(
  vault: Vault,
  place: { merchant: string; source: string },
): Promise<CredentialImport> {
  const stored = await findImport(vault.database, place);
  if (!stored) throw new ProblemError('not_found', { detail: 'This merchant has no import of that id.' });
  const { startedAt, completedAt } = stored;
  const results = await countRowResults(vault.database, place);
  return {
    import: place.source,
    state: completedAt === null ? 'incomplete' : 'complete',
    rows: Object.values(results).reduce((sum, count) => sum + count, 0),
    results,
    startedAt: startedAt.toISOString(),
    ...(completedAt === null ? {} : { completedAt: completedAt.toISOString() }),
  };
}

const LINES_AT_A_TIME = 2000;

/** What became of each row, as CSV, page by page out of the database. No cell holds anything that would need quotes. */
export async function* writeResults(
  vault: Vault,
  place: { merchant: string; source: string },
): AsyncGenerator<string, void> {
  yield `${RESULT_FILE_COLUMNS.join()}\n`;
  for (let row = 0; ; ) {
    const page = await rowResultsAfter(vault.database, { ...place, row }, LINES_AT_A_TIME);
    const last = page.at(-1);
    if (!last) return;
    yield page
      .map((result) => `${RESULT_FILE_COLUMNS.map((column) => result[column] ?? '').join()}\n`)
      .join('');
    row = last.row;
  }
}
