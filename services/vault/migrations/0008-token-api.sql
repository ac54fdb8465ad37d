-- oldest code: 2

-- When the token ends by itself; null: never. Code of before does not know it: after a rollback such a token lives until
-- newer code is back, and is erased then.
ALTER TABLE tokens ADD COLUMN expires_at timestamptz;

-- The ids of sealed CVCs that a payment has used, until they would have expired. No CVC is stored, sealed or not.
CREATE TABLE used_cvcs (
  id         bytea PRIMARY KEY,
  payment_id text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX used_cvcs_by_end ON used_cvcs (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON used_cvcs TO :app;
