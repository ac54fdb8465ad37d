import type { Migration } from '../database/migrations.ts';

/**
 * The outbox tables, the first migration of a service that has events.
 *
 * Readers must never step past a row that is not yet committed, and a subject's events must come in their order.
 * `position` alone cannot give that: a lower position may commit later. So rows are ordered by (horizon, position) and
 * read only below the oldest transaction still running (`pg_snapshot_xmin`): whatever is yet to be committed has a
 * horizon of at least that. The horizon is the transaction's id, or the horizon of the subject's previous event if
 * that is higher: two transactions on one subject may have got their ids in the other order than the subject's lock.
 */
export function outboxMigration(version: number): Migration {
  return { version, name: 'outbox', oldestCode: 1, sql: SQL };
}

const SQL = `
CREATE TABLE outbox_subject (
  subject  text PRIMARY KEY,
  sequence bigint NOT NULL,
  horizon  xid8 NOT NULL
);
CREATE TABLE outbox (
  horizon  xid8 NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  id       text NOT NULL,
  type     text NOT NULL,
  merchant text NOT NULL,
  subject  text NOT NULL,
  sequence bigint NOT NULL,
  time     timestamptz NOT NULL,
  data     jsonb NOT NULL,
  PRIMARY KEY (horizon, position),
  UNIQUE (subject, sequence)
);
CREATE TABLE outbox_relay (
  topic    text PRIMARY KEY,
  horizon  xid8 NOT NULL,
  position bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON outbox_subject TO :app;
GRANT SELECT, INSERT ON outbox TO :app;
GRANT SELECT, INSERT, UPDATE ON outbox_relay TO :app;
`;
