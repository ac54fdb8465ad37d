-- oldest code: 2

-- The key of request digests. The router has no KMS; the key lives and dies with the database whose rows it digests,
-- and keeps a copied table of digests from being searched without it. Two version-4 UUIDs: 244 random bits.
CREATE TABLE digest_key (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  key      bytea NOT NULL CHECK (length(key) = 32)
);
INSERT INTO digest_key (key)
VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

CREATE TABLE payments (
  id          text PRIMARY KEY,
  merchant    text NOT NULL,
  token       text NOT NULL,
  card        jsonb NOT NULL,
  amount      bigint NOT NULL CHECK (amount > 0),
  currency    text NOT NULL,
  capture     text NOT NULL CHECK (capture IN ('automatic', 'manual')),
  country     text,
  reference   text,
  metadata    jsonb,
  selection   jsonb NOT NULL,
  status      text NOT NULL
    CHECK (status IN ('processing', 'authorized', 'captured', 'declined', 'failed', 'unknown')),
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  -- Until then somebody is at work on it; afterwards whoever was has died.
  deadline_at timestamptz NOT NULL
);
CREATE INDEX payments_at_work ON payments (deadline_at) WHERE status = 'processing';

CREATE TABLE attempts (
  id            text PRIMARY KEY,
  payment_id    text NOT NULL REFERENCES payments (id),
  ordinal       integer NOT NULL CHECK (ordinal >= 0),
  connector     text NOT NULL,
  account       text NOT NULL,
  outcome       text NOT NULL
    CHECK (outcome IN ('pending', 'approved', 'soft_decline', 'hard_decline', 'error', 'unknown')),
  code          text,
  raw_code      text,
  psp_reference text,
  started_at    timestamptz NOT NULL,
  finished_at   timestamptz,
  UNIQUE (payment_id, ordinal)
);
-- At most one successful charge a payment, whatever the code does: while an attempt may have charged, the database
-- takes no other.
CREATE UNIQUE INDEX one_attempt_that_may_have_charged ON attempts (payment_id)
  WHERE outcome IN ('pending', 'approved', 'unknown');

CREATE TABLE idempotency_keys (
  merchant    text NOT NULL,
  key_digest  bytea NOT NULL,
  body_digest bytea NOT NULL,
  -- Deferred: the key is claimed before the payment is inserted.
  payment_id  text NOT NULL REFERENCES payments (id) DEFERRABLE INITIALLY DEFERRED,
  -- What is answered to a repetition; null while the payment is under way.
  answer      jsonb,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (merchant, key_digest)
);
CREATE INDEX idempotency_keys_of_payment ON idempotency_keys (payment_id);

GRANT SELECT ON digest_key TO :app;
GRANT SELECT, INSERT, UPDATE ON payments, attempts, idempotency_keys TO :app;
