-- oldest code: 2

-- A data key of one merchant, wrapped by the KMS key. Never changed: a newer version is a new row.
CREATE TABLE data_keys (
  merchant    text NOT NULL,
  purpose     text NOT NULL CHECK (purpose IN ('record', 'digest')),
  version     integer NOT NULL CHECK (version > 0),
  kms_key_arn text NOT NULL,
  wrapped     bytea NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (merchant, purpose, version)
);

-- One row a card number of a merchant. The fingerprint is HMAC-SHA-256 under the merchant's digest key; the random
-- card_id is what callers see.
CREATE TABLE cards (
  merchant    text NOT NULL,
  fingerprint bytea NOT NULL,
  key_version integer NOT NULL,
  card_id     text NOT NULL UNIQUE,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (merchant, fingerprint)
);

-- A deleted token keeps its row, emptied, so that it is never given out again.
CREATE TABLE tokens (
  token          text PRIMARY KEY,
  merchant       text NOT NULL,
  state          text NOT NULL CHECK (state IN ('active', 'deleted')),
  deduplicated   boolean NOT NULL,
  card_id        text,
  brand          text,
  bin            text,
  last_four      text,
  expiry_month   smallint,
  expiry_year    smallint,
  record_version integer NOT NULL,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  CHECK ((state = 'deleted') = (card_id IS NULL))
);
CREATE UNIQUE INDEX one_deduplicated_token_a_card ON tokens (merchant, card_id) WHERE deduplicated;
CREATE INDEX tokens_by_card ON tokens (merchant, card_id);

-- What is encrypted: nonce, ciphertext and tag of AES-256-GCM; the row's own identity is the additional data.
CREATE TABLE records (
  token       text NOT NULL REFERENCES tokens,
  version     integer NOT NULL,
  format      smallint NOT NULL,
  key_version integer NOT NULL,
  sealed      bytea NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (token, version)
);

-- Key and body as keyed digests: a caller may have put anything into either.
CREATE TABLE idempotency_keys (
  merchant    text NOT NULL,
  key_digest  bytea NOT NULL,
  body_digest bytea NOT NULL,
  token       text,
  status      smallint,
  answer      json, -- not jsonb, which would reorder what is answered again
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (merchant, key_digest)
);
CREATE INDEX idempotency_keys_by_token ON idempotency_keys (token);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- One grant a payment attempt. The grant itself is 256 random bits, so that a bare hash tells nothing.
CREATE TABLE reveal_grants (
  merchant    text NOT NULL,
  attempt_id  text NOT NULL,
  grant_hash  bytea NOT NULL UNIQUE,
  token       text NOT NULL,
  payment_id  text NOT NULL,
  connector   text NOT NULL,
  subject     text NOT NULL,
  purpose     text NOT NULL,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  redeemed_at timestamptz,
  PRIMARY KEY (merchant, attempt_id)
);
CREATE INDEX reveal_grants_by_age ON reveal_grants (created_at);

-- One hash chain a writer. The serving role can add and read, and neither change nor remove.
CREATE TABLE audit (
  writer     text NOT NULL,
  position   bigint NOT NULL,
  time       timestamptz NOT NULL,
  issuer     text NOT NULL,
  subject    text NOT NULL,
  action     text NOT NULL,
  merchant   text NOT NULL,
  token      text NOT NULL,
  request_id text NOT NULL,
  detail     text NOT NULL,
  previous   bytea NOT NULL,
  hash       bytea NOT NULL,
  PRIMARY KEY (writer, position)
);
CREATE INDEX audit_by_token ON audit (token, time);

GRANT SELECT, INSERT ON data_keys, audit TO :app;
GRANT SELECT, INSERT, UPDATE ON tokens TO :app;
GRANT SELECT, INSERT, DELETE ON records TO :app;
GRANT SELECT, INSERT, UPDATE, DELETE ON cards, idempotency_keys, reveal_grants TO :app;
