import type { EventType } from '@cofferdam/contracts';
import type { BatchStatement, Column } from '../database/batch-statement.ts';
import type { Transaction } from '../database/database.ts';
import { orderedId } from '../ids.ts';

export interface NewEvent {
  type: EventType;
  merchant: string;
  /** The token or payment. */
  subject: string;
  /** Never card data; a card is shown by brand and last four. */
  data: Record<string, unknown>;
  time: Date;
}

/**
 * Adds an event to the caller's transaction: it exists if and only if that commits. The subject's row is locked until
 * then, which is what makes its sequence numbers follow the order of commits.
 */
export async function appendEvent(transaction: Transaction, event: NewEvent): Promise<void> {
  await transaction.query({
    name: 'outbox-append',
    text: `WITH subject AS (
             INSERT INTO outbox_subject AS s (subject, sequence, horizon) VALUES ($1, 1, pg_current_xact_id())
             ON CONFLICT (subject) DO UPDATE
               SET sequence = s.sequence + 1, horizon = greatest(s.horizon, pg_current_xact_id())
             RETURNING sequence, horizon)
           INSERT INTO outbox (horizon, id, type, merchant, subject, sequence, time, data)
           SELECT horizon, $2, $3, $4, $1, sequence, $5, $6 FROM subject`,
    values: [
      event.subject,
      orderedId('evt', event.time.getTime()),
      event.type,
      event.merchant,
      event.time,
      JSON.stringify(event.data),
    ],
  });
}

/**
 * Adds events to a statement that is to carry out a whole batch. Those of one subject keep their order.
 *
 * @param options.newSubjects nobody has published anything about any of them before, and a batch has one event of each:
 *   their rows need not be looked for, and the statement fails when one is there
 */
export function appendEvents(
  write: BatchStatement,
  events: readonly NewEvent[],
  options: { newSubjects: boolean },
): void {
  if (events.length === 0) return;
  const rows = inOrder(events);
  if (options.newSubjects) {
    write.step(`INSERT INTO outbox_subject (subject, sequence, horizon)
      SELECT subject, 1, pg_current_xact_id() FROM ${write.rows(SUBJECT, rows)} AS new (subject)`);
    write.step(`INSERT INTO outbox (horizon, ${NAMES}, sequence)
      SELECT pg_current_xact_id(), ${VALUES}, 1 FROM ${write.rows(EVENT, rows)} AS new (${NAMES})`);
    return;
  }
  const subjects = [...Map.groupBy(rows, ({ event }) => event.subject)].map(([subject, of]) => ({
    subject,
    count: of.length,
  }));
  const numbered = write.step(`INSERT INTO outbox_subject AS s (subject, sequence, horizon)
    SELECT subject, count, pg_current_xact_id() FROM ${write.rows(COUNTED, subjects)} AS new (subject, count)
    ON CONFLICT (subject) DO UPDATE
      SET sequence = s.sequence + excluded.sequence, horizon = greatest(s.horizon, excluded.horizon)
    RETURNING subject, sequence, horizon`);
  write.step(`INSERT INTO outbox (horizon, ${NAMES}, sequence)
    SELECT horizon, ${VALUES}, sequence - following
    FROM ${write.rows([...EVENT, FOLLOWING], rows)} WITH ORDINALITY AS new (${NAMES}, following, place)
    JOIN ${numbered} USING (subject)
    ORDER BY place`);
}

interface EventRow {
  event: NewEvent;
  /** How many events of its subject come after it in this batch. */
  following: number;
}

/** By subject, whose rows are locked in this order by every batch, and for each subject as they were given. */
function inOrder(events: readonly NewEvent[]): EventRow[] {
  const subjects = Map.groupBy(events, ({ subject }) => subject);
  return [...subjects.keys()].toSorted().flatMap((subject) => {
    const of = subjects.get(subject) ?? [];
    return of.map((event, i) => ({ event, following: of.length - 1 - i }));
  });
}

const SUBJECT: readonly Column<EventRow>[] = [
  { name: 'subject', type: 'text', of: ({ event }) => event.subject },
];
const COUNTED: readonly Column<{ subject: string; count: number }>[] = [
  { name: 'subject', type: 'text', of: ({ subject }) => subject },
  { name: 'count', type: 'int8', of: ({ count }) => count },
];
const FOLLOWING: Column<EventRow> = { name: 'following', type: 'int8', of: ({ following }) => following };
const EVENT: readonly Column<EventRow>[] = [
  { name: 'id', type: 'text', of: ({ event }) => orderedId('evt', event.time.getTime()) },
  { name: 'type', type: 'text', of: ({ event }) => event.type },
  { name: 'merchant', type: 'text', of: ({ event }) => event.merchant },
  ...SUBJECT,
  { name: 'time', type: 'timestamptz', of: ({ event }) => event.time },
  { name: 'data', type: 'text', of: ({ event }) => JSON.stringify(event.data), cast: 'jsonb' },
];
const NAMES = EVENT.map(({ name }) => name).join(', ');
const VALUES = EVENT.map(({ name, cast }) => (cast ? `${name}::${cast}` : name)).join(', ');
