-- oldest code: 2

-- When the issuer knew of what a credential update brought: what is from before that is late. Null: created_at.
ALTER TABLE token_versions ADD COLUMN occurred_at timestamptz;

-- Cards to ask the updater about. A token has one row, used again and again.
CREATE TABLE card_inquiries (
  token        text PRIMARY KEY,
  merchant     text NOT NULL,
  reason       text NOT NULL CHECK (reason IN ('expiring', 'declined')),
  requested_at timestamptz NOT NULL,
  -- Null: waits for a batch.
  batch        text,
  batch_row    integer,
  -- What was asked about.
  card_id      text,
  expiry_month smallint,
  expiry_year  smallint,
  answered_at  timestamptz
);
CREATE INDEX card_inquiries_waiting ON card_inquiries (requested_at) WHERE batch IS NULL AND answered_at IS NULL;
CREATE INDEX card_inquiries_by_batch ON card_inquiries (batch, batch_row) WHERE batch IS NOT NULL;

-- A batch is here before it is sent, and until its answers are applied.
CREATE TABLE updater_batches (
  batch       text PRIMARY KEY,
  state       text NOT NULL CHECK (state IN ('new', 'sent', 'finished', 'abandoned')),
  created_at  timestamptz NOT NULL,
  -- Nobody else is at it until then.
  next_at     timestamptz NOT NULL,
  attempts    integer NOT NULL DEFAULT 0,
  finished_at timestamptz
);
CREATE INDEX updater_batches_under_way ON updater_batches (next_at) WHERE state IN ('new', 'sent');

-- How far the walk through the tokens has come that looks for cards about to expire.
CREATE TABLE updater_walk (
  after_token   text NOT NULL,
  started_at    timestamptz NOT NULL,
  finished_at   timestamptz,
  last_batch_at timestamptz,
  only_one      boolean PRIMARY KEY DEFAULT true CHECK (only_one)
);
INSERT INTO updater_walk (after_token, started_at, finished_at) VALUES ('', 'epoch', 'epoch');

-- What became of a row of an updater's answer (source: the batch) or of a file (source: the import): it is applied once.
CREATE TABLE credential_updates (
  merchant       text NOT NULL,
  source         text NOT NULL,
  row            integer NOT NULL,
  token          text NOT NULL,
  code           text NOT NULL,
  outcome        text,
  record_version integer,
  problem        text,
  created_at     timestamptz NOT NULL,
  PRIMARY KEY (merchant, source, row)
);
CREATE INDEX credential_updates_by_age ON credential_updates USING brin (created_at);

CREATE TABLE credential_imports (
  merchant     text NOT NULL,
  import       text NOT NULL,
  started_at   timestamptz NOT NULL,
  completed_at timestamptz,
  PRIMARY KEY (merchant, import)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON card_inquiries, updater_batches, credential_imports TO :app;
GRANT SELECT, UPDATE ON updater_walk TO :app;
GRANT SELECT, INSERT, DELETE ON credential_updates TO :app;
