-- oldest code: 2

-- What is known against the card of a token: `closed`, `contact_cardholder`; null: nothing. A constraint would have
-- to read the whole table first.
ALTER TABLE tokens ADD COLUMN card_state text;

-- What each version of a token showed of its card, and what made it. A token that never changes has no row: its first
-- version is written together with its second. What code of before has changed is missing here.
CREATE TABLE token_versions (
  token        text NOT NULL,
  version      integer NOT NULL,
  cause        text NOT NULL CHECK (cause IN ('created', 'updated', 'credential_update')),
  result       text,
  card_id      text NOT NULL,
  brand        text NOT NULL,
  bin          text NOT NULL,
  last_four    text NOT NULL,
  expiry_month smallint NOT NULL,
  expiry_year  smallint NOT NULL,
  card_state   text,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (token, version)
);

GRANT SELECT, INSERT, DELETE ON token_versions TO :app;
