import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { dumpDatabase } from '@cofferdam/devcluster/testing';
import pg from 'pg';
import { inParallel } from '../../harness/wait.ts';
import type { KafkaRecord } from '../broker.ts';
import { FIRST_EXPIRY_YEAR } from '../cards.ts';
import { type Audit, verifyAudit } from '../checks/audit.ts';
import { mustBeGone, mustOpen } from '../checks/tokens.ts';
import type { Ledger, LedgerToken } from '../ledger.ts';
import { type Random, seededRandom } from '../random.ts';
import type { Stage } from '../stage.ts';
import { runAfterRestore } from './after-restore.ts';
import { type LedgerAt, ledgerAt } from './ledger-at.ts';
import { archiveEverything, recover } from './recover.ts';

export type Drill = {
  /** From the loss of the database to the first vault that is ready. */
  recoveredInMs: number;
  /** Acknowledged before the point in time, and decrypting. */
  open: number;
  gone: number;
  undecided: number;
  /** Deletions after the point that the restore has undone. */
  resurrected: number;
  /** Events that the broker has, and that never happened any more. */
  lostEvents: number | null;
  auditRows: number;
  /** Chains that anchors from after the point name, and that are shorter now. */
  truncatedChains: number;
  problems: string[];
};

export type DrillRequest = {
  ledger: Ledger;
  backup: string;
  pointInTime: Date;
  seed: number;
  onProgress: (step: string) => void;
  /** What the topic has, where there is one. */
  records: readonly KafkaRecord[] | undefined;
};

const WIDTH = 32;

/** The database is lost; a backup and the archived log bring it back as it was at the point in time, and vaults serve it. */
export async function restoreDrill(stage: Stage, request: DrillRequest): Promise<Drill> {
  const { environment, postgres, fleet, databaseUrl, directory } = stage;
  request.onProgress('restoring a backup to a point in time');
  const lostCursor = await newestCursor(databaseUrl);
  await archiveEverything(postgres);
  stage.tables.push(...(await dumpDatabase(databaseUrl)));
  const lostAt = performance.now();
  await fleet.stop('SIGKILL');
  await postgres.server.stop();

  const stateDirectory = join(directory, 'restored');
  const { backup, pointInTime } = request;
  const { supervisor } = environment;
  const server = await recover({ supervisor, postgres, backup, stateDirectory, pointInTime });
  stage.databases.push({ server, dataDirectory: join(stateDirectory, 'data') });
  await runAfterRestore(databaseUrl);
  await fleet.start(0);
  const recoveredInMs = Math.round(performance.now() - lostAt);

  const random = seededRandom(request.seed);
  const then = ledgerAt(request.ledger, pointInTime.getTime());
  const problems = [
    ...(await checkLedger(stage, then, random)),
    ...(await checkFeed(stage, lostCursor)),
    ...(await checkNumbers(stage, then, request.records)),
  ];
  const audit = await auditAfter(stage, pointInTime);
  return {
    recoveredInMs,
    ...{ open: then.open.length, gone: then.gone.length, undecided: then.undecided },
    resurrected: then.resurrected.length,
    lostEvents: request.records ? await countLost(databaseUrl, request.records) : null,
    ...audit,
    problems: [...problems, ...audit.problems],
  };
}

async function checkLedger(stage: Stage, { open, gone }: LedgerAt, random: Random): Promise<string[]> {
  const { client, fleet } = stage;
  const asked = { client, urls: () => fleet.urls, random };
  const problems: string[] = [];
  await inParallel(open, WIDTH, async ({ token, expiryYears }) => {
    const problem = await mustOpen(token, asked, (year) => expiryYears.has(year));
    if (problem !== undefined) problems.push(`after the restore: ${problem}`);
  });
  await inParallel(gone, WIDTH, async ({ token }) => {
    const problem = await mustBeGone(token, asked);
    if (problem !== undefined) problems.push(`after the restore: ${problem}`);
  });
  return problems;
}

/** A reader of the feed who has read what never happened is told to begin again. */
async function checkFeed({ client, fleet }: Stage, lostCursor: string): Promise<string[]> {
  const [url] = fleet.urls;
  const path = `/v1/events?limit=1&after=${lostCursor}`;
  const answer = await client.call(url, { method: 'GET', path, as: 'shop' });
  if (answer !== 'unknown' && answer.status === 410 && answer.body['code'] === 'cursor_expired') return [];
  return [`a cursor from the lost time is answered with ${answer === 'unknown' ? answer : answer.status}`];
}

const CHANGED = 20;

/** Events of after the restore have higher numbers than any that consumers have seen of their subject. */
async function checkNumbers(
  { client, fleet, databaseUrl }: Stage,
  { open }: LedgerAt,
  records: readonly KafkaRecord[] | undefined,
): Promise<string[]> {
  const changed = open.filter(({ token }) => token.deeds.length > 1).slice(0, CHANGED);
  const problems: string[] = [];
  for (const { token } of changed) {
    const path = `/v1/tokens/${token.token}`;
    const body = { card: { expiryYear: FIRST_EXPIRY_YEAR + 30 } };
    const call = { method: 'PATCH', path, as: 'shop', idempotencyKey: randomUUID(), body } as const;
    const answer = await client.call(fleet.urls[0], call);
    if (answer === 'unknown' || answer.status !== 200)
      problems.push(`PATCH ${token.token} after the restore: ${JSON.stringify(answer)}`);
  }
  const seen = new Map<string, number>();
  for (const { key, value } of records ?? []) {
    const { sequence } = JSON.parse(value) as { sequence: number };
    seen.set(key, Math.max(sequence, seen.get(key) ?? 0));
  }
  const newest = await newestSequences(
    databaseUrl,
    changed.map(({ token }) => token),
  );
  for (const { token } of changed) {
    const [before, now] = [seen.get(token.token) ?? token.deeds.length, newest.get(token.token) ?? 0];
    if (now <= before)
      problems.push(`${token.token} has event ${now} after the restore, and consumers have seen ${before}`);
  }
  return problems;
}

/** Anchors of before the point hold; those of the lost time name rows that are not there any more, and say so. */
async function auditAfter(
  { fleet, environment, directory }: Stage,
  before: Date,
): Promise<Pick<Drill, 'auditRows' | 'truncatedChains' | 'problems'>> {
  const { caFile } = await environment.loadSettings();
  const asked = {
    ...{ vaultUrl: fleet.urls[0] ?? '', caFile, token: await environment.identity('auditor') },
    ...{ directory, logDirectory: environment.logDirectory },
  };
  const upToThen = await verifyAudit({ ...asked, before });
  const all = await verifyAudit(asked);
  const unexpected = (audit: Audit, expected: readonly string[]): string[] =>
    audit.findings
      .filter(({ kind }) => !expected.includes(kind))
      .map(({ kind, message }) => `audit after the restore: ${kind}: ${message}`);
  const truncatedChains = all.findings.filter(({ kind }) => kind === 'truncated').length;
  return {
    auditRows: all.rows,
    truncatedChains,
    problems: [
      ...unexpected(upToThen, []),
      ...unexpected(all, ['truncated']),
      ...(truncatedChains > 0 ? [] : ['anchors of the lost time do not tell that it is lost']),
    ],
  };
}

async function newestCursor(url: string): Promise<string> {
  const [row] = await query<{ cursor: string }>(
    url,
    `SELECT horizon || '.' || position AS cursor FROM outbox ORDER BY outbox.horizon DESC, outbox.position DESC LIMIT 1`,
  );
  return row?.cursor ?? '0.0';
}

async function newestSequences(url: string, tokens: readonly LedgerToken[]): Promise<Map<string, number>> {
  const rows = await query<{ subject: string; sequence: number }>(
    url,
    'SELECT subject, max(sequence)::int AS sequence FROM outbox WHERE subject = ANY ($1) GROUP BY subject',
    [tokens.map(({ token }) => token)],
  );
  return new Map(rows.map(({ subject, sequence }) => [subject, sequence]));
}

async function countLost(url: string, records: readonly KafkaRecord[]): Promise<number> {
  const rows = await query<{ id: string }>(url, 'SELECT id FROM outbox');
  const there = new Set(rows.map(({ id }) => id));
  const published = new Set(records.map(({ value }) => (JSON.parse(value) as { id: string }).id));
  return [...published].filter((id) => !there.has(id)).length;
}

async function query<R extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}
