-- oldest code: 2

-- Relays share a topic by shards. `horizon` and `position` are how far the shard is published; `fence` counts its
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
