-- oldest code: 2

-- A digest key that a rekey introduces is a `fingerprint` key: code of before looks for the newest `digest` key, and must
-- not take it for that while cards are still found by the one before.
ALTER TABLE data_keys
  DROP CONSTRAINT data_keys_purpose_check,
  ADD CONSTRAINT data_keys_purpose_check CHECK (purpose IN ('record', 'digest', 'fingerprint')),
  -- Encryptions that replicas have set aside for themselves, so that all of them together stay far below 2^32.
  ADD COLUMN uses bigint NOT NULL DEFAULT 0,
  -- Of a merchant that is being shredded: used for nothing any more. A key keeps its row when it is destroyed, emptied,
  -- so that its version never comes again.
  ADD COLUMN closed_at timestamptz,
  ADD COLUMN destroyed_at timestamptz,
  -- Of digest keys, while a rekey moves fingerprints (docs/rekey.md).
  ADD COLUMN stage text CHECK (stage IN ('next', 'former', 'past', 'retired'));
GRANT UPDATE (uses, closed_at, destroyed_at, stage) ON data_keys TO :app;

-- The second fingerprint of a card while fingerprints move. A table of its own: empty at all other times, it costs
-- nothing then, and making it locks nobody out.
CREATE TABLE next_fingerprints (
  merchant    text NOT NULL,
  fingerprint bytea NOT NULL,
  key_version integer NOT NULL,
  card_id     text NOT NULL UNIQUE REFERENCES cards (card_id) ON DELETE CASCADE,
  PRIMARY KEY (merchant, fingerprint)
);

-- One row a rekey, as `rekeys` for records.
CREATE TABLE fingerprint_moves (
  generation        integer PRIMARY KEY,
  started_at        timestamptz NOT NULL,
  phase             text NOT NULL CHECK (phase IN ('adding', 'closing', 'moving', 'expiring', 'finished')),
  phase_since       timestamptz NOT NULL,
  total             bigint NOT NULL,
  done              bigint NOT NULL,
  after_merchant    text NOT NULL,
  after_fingerprint bytea NOT NULL,
  walk_started_at   timestamptz NOT NULL,
  walk_moved        bigint NOT NULL,
  finished_at       timestamptz
);

-- A merchant whose keys were destroyed, and how far what was derived from its cards has been erased.
CREATE TABLE shreddings (
  shredding         text PRIMARY KEY,
  merchant          text NOT NULL,
  requested_at      timestamptz NOT NULL,
  -- When the keys are destroyed: no replica can be using them any more.
  effective_at      timestamptz NOT NULL,
  destroyed_at      timestamptz,
  keys_destroyed    integer NOT NULL DEFAULT 0,
  after_fingerprint bytea NOT NULL DEFAULT '',
  tokens_erased     bigint NOT NULL DEFAULT 0,
  erased_at         timestamptz,
  -- When the last backup that holds the wrapped keys has expired.
  complete_at       timestamptz
);
-- One at a time.
CREATE UNIQUE INDEX shreddings_under_way ON shreddings (merchant) WHERE erased_at IS NULL;
CREATE INDEX shreddings_by_merchant ON shreddings (merchant, requested_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON next_fingerprints TO :app;
GRANT SELECT, INSERT, UPDATE ON fingerprint_moves, shreddings TO :app;
