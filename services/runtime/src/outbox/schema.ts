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

/** What the step `outbox-shards` of every service with an outbox does, under the service's own number. */
export const OUTBOX_SHARDS = `
-- Relays share a topic by shards. \`horizon\` and \`position\` are how far the shard is published; \`fence\` counts its
-- owners, so that one who has lost it can no longer write. The serving code makes the rows of a topic that is new.
CREATE TABLE outbox_shard (
  topic    text NOT NULL,
  shard    smallint NOT NULL CHECK (shard BETWEEN 0 AND 15),
  owner    text,
  fence    bigint NOT NULL DEFAULT 0,
  horizon  xid8 NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (topic, shard)
);
-- What is published goes on from there. Code of before goes on by outbox_relay, which newer code keeps up to date.
INSERT INTO outbox_shard (topic, shard, horizon, position)
SELECT topic, shard, horizon, position FROM outbox_relay, generate_series(0, 15) AS shard;

-- The replicas that take part, each until it stops renewing.
CREATE TABLE outbox_member (
  topic      text NOT NULL,
  member     text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (topic, member)
);

-- Events up to here may have been removed.
CREATE TABLE outbox_pruned (
  horizon  xid8 NOT NULL,
  position bigint NOT NULL,
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one)
);
INSERT INTO outbox_pruned (horizon, position) VALUES ('0', 0);

-- Nothing reads by subject, and the lock on outbox_subject's row makes a number unique. An index whose keys are random
-- costs every insert a page somewhere, and pruning another.
ALTER TABLE outbox DROP CONSTRAINT outbox_subject_sequence_key;

-- Rows go from the beginning, all day long: vacuum little and often, so that their pages are used again.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000);

GRANT SELECT, INSERT, UPDATE ON outbox_shard TO :app;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox_member TO :app;
GRANT SELECT, UPDATE ON outbox_pruned TO :app;
GRANT DELETE ON outbox, outbox_subject TO :app;
`;
