-- oldest code: 2

-- Whom a merchant keeps cards on file for; of the person only the merchant's own reference. A deleted customer keeps
-- its row, emptied, so that a repeated deletion is known as one.
CREATE TABLE customers (
  customer       text PRIMARY KEY,
  merchant       text NOT NULL,
  reference      text,
  version        integer NOT NULL,
  -- Exactly one credential or none is the default; and why, and what was it before.
  default_token  text,
  default_reason text,
  default_from   text,
  default_at     timestamptz,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  deleted_at     timestamptz,
  tokens_erased  boolean,
  CHECK ((deleted_at IS NULL) = (tokens_erased IS NULL)),
  CHECK (deleted_at IS NULL OR (reference IS NULL AND default_token IS NULL))
);
CREATE UNIQUE INDEX customers_by_reference ON customers (merchant, reference) WHERE reference IS NOT NULL;
CREATE INDEX customers_by_age ON customers (merchant, created_at, customer);

-- A token is on file for one customer at most. Code of before does not take a token that it deletes off file: what is
-- left then is shown to nobody, and goes with the customer.
CREATE TABLE credentials (
  token      text PRIMARY KEY,
  merchant   text NOT NULL,
  customer   text NOT NULL REFERENCES customers,
  created_at timestamptz NOT NULL,
  UNIQUE (customer, token)
);
-- The default is on file, and for this customer.
ALTER TABLE customers ADD CONSTRAINT default_is_on_file
  FOREIGN KEY (customer, default_token) REFERENCES credentials (customer, token);

CREATE TABLE agreements (
  agreement              text PRIMARY KEY,
  merchant               text NOT NULL,
  customer               text NOT NULL REFERENCES customers,
  token                  text NOT NULL,
  type                   text NOT NULL CHECK (type IN ('recurring', 'instalment', 'unscheduled')),
  initiator              text NOT NULL CHECK (initiator IN ('customer', 'merchant')),
  amount                 bigint,
  currency               text,
  instalment_count       smallint,
  network_transaction_id text,
  network                text,
  version                integer NOT NULL,
  ended_at               timestamptz,
  end_reason             text,
  created_at             timestamptz NOT NULL,
  updated_at             timestamptz NOT NULL,
  CHECK ((type = 'instalment') = (instalment_count IS NOT NULL)),
  CHECK ((amount IS NULL) = (currency IS NULL)),
  CHECK ((network_transaction_id IS NULL) = (network IS NULL)),
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
-- A page of them is a piece of one of these.
CREATE INDEX agreements_active ON agreements (merchant, created_at, agreement) WHERE ended_at IS NULL;
CREATE INDEX agreements_ended ON agreements (merchant, created_at, agreement) WHERE ended_at IS NOT NULL;
CREATE INDEX agreements_by_customer ON agreements (customer, created_at, agreement);
CREATE INDEX agreements_by_token ON agreements (token, created_at, agreement);

GRANT SELECT, INSERT, UPDATE, DELETE ON customers, credentials, agreements TO :app;
