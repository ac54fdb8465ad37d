-- oldest code: 2

-- The rekey (spec.keys.rekeyGeneration) for which a data key was made. Older code leaves it out, and its keys count
-- as old ones: they are moved away from again.
ALTER TABLE data_keys ADD COLUMN generation integer NOT NULL DEFAULT 0;

-- One row a rekey: how far its walk through the records has come, so that any replica can go on with it.
CREATE TABLE rekeys (
  generation      integer PRIMARY KEY,
  started_at      timestamptz NOT NULL,
  total           bigint NOT NULL,
  done            bigint NOT NULL,
  -- The walk: from which record it goes on, when it began, and how many records it had to move.
  after_token     text NOT NULL,
  after_version   integer NOT NULL,
  walk_started_at timestamptz NOT NULL,
  walk_moved      bigint NOT NULL,
  finished_at     timestamptz
);

GRANT UPDATE (kms_key_arn, wrapped) ON data_keys TO :app;
GRANT UPDATE (key_version, sealed) ON records TO :app;
GRANT SELECT, INSERT, UPDATE ON rekeys TO :app;
