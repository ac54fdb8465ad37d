import pg from 'pg';
import type { KafkaRecord } from '../broker.ts';
import type { Ledger, LedgerToken } from '../ledger.ts';

export type Events = { inOutbox: number; inKafka: number | null; repeated: number; problems: string[] };

type Row = { subject: string; sequence: number; type: string; id: string };

/**
 * The outbox has exactly what the ledger says has happened, numbered from 1 without gaps, and the topic has all of it:
 * event n + 1 of a token never for the first time before event n, each in one partition.
 *
 * @param records undefined where there is no broker
 */
export async function checkEvents(
  url: string,
  ledger: Ledger,
  records: readonly KafkaRecord[] | undefined,
): Promise<Events> {
  const bySubject = Map.groupBy(await outboxRows(url), ({ subject }) => subject);
  const problems: string[] = [];
  for (const token of ledger.tokens.values()) {
    const problem = wrongEvents(token, bySubject.get(token.token) ?? []);
    if (problem !== undefined) problems.push(problem);
  }
  for (const subject of bySubject.keys())
    if (!ledger.tokens.has(subject)) problems.push(`events of ${subject}, which nobody was told of`);
  const inOutbox = [...bySubject.values()].reduce((sum, { length }) => sum + length, 0);
  const published = records && publishedInOrder(bySubject, records);
  return {
    inOutbox,
    inKafka: published?.distinct ?? null,
    repeated: (records?.length ?? 0) - (published?.distinct ?? 0),
    problems: [...problems, ...(published?.problems ?? [])],
  };
}

/** What was done, in order; and between it as many reveals as were answered, or not. */
export function wrongEvents(
  { token, deeds, reveals }: LedgerToken,
  found: readonly Row[],
): string | undefined {
  const have = found.map(({ sequence, type }) => `${sequence} ${type}`).join(', ');
  const shown = found.filter(({ type }) => type === 'token.revealed').length;
  const done = found.filter(({ type }) => type !== 'token.revealed').map(({ type }) => type);
  const wanted = deeds.map(({ type }) => type);
  const { acknowledged, unknown } = reveals;
  const isRight =
    found.every(({ sequence }, i) => sequence === i + 1) &&
    done.join() === wanted.join() &&
    (!done.includes('token.deleted') || found.at(-1)?.type === 'token.deleted') &&
    shown >= acknowledged &&
    shown <= acknowledged + unknown;
  if (isRight) return undefined;
  return `events of ${token}: ${have || 'none'}; acknowledged: ${wanted.join(', ')}, and ${acknowledged} reveals or up to ${unknown} more`;
}

async function outboxRows(url: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(
      'SELECT subject, sequence::int, type, id FROM outbox ORDER BY subject, sequence',
    );
    return rows;
  } finally {
    await client.end();
  }
}

export function publishedInOrder(
  bySubject: ReadonlyMap<string, readonly Row[]>,
  records: readonly KafkaRecord[],
) {
  const problems: string[] = [];
  const seen = new Map<string, { last: number; partition: number }>();
  let distinct = 0;
  for (const { key, value, partition } of records) {
    const { id, sequence } = JSON.parse(value) as { id: string; sequence: number };
    const before = seen.get(key) ?? { last: 0, partition };
    if (before.partition !== partition)
      problems.push(`${key} is in partitions ${before.partition} and ${partition}`);
    if (bySubject.get(key)?.[sequence - 1]?.id !== id)
      problems.push(`event ${sequence} of ${key} is not that of the outbox`);
    if (sequence > before.last + 1)
      problems.push(`event ${sequence} of ${key} comes after event ${before.last}`);
    if (sequence === before.last + 1) distinct++;
    seen.set(key, { last: Math.max(before.last, sequence), partition });
  }
  for (const [subject, rows] of bySubject) {
    const last = seen.get(subject)?.last ?? 0;
    if (last < rows.length) problems.push(`${subject} has ${rows.length} events, and the topic ${last}`);
  }
  return { distinct, problems };
}
