-- oldest code: 2

-- When a data key last came under another KMS key: backups from before hold it under the one of before.
ALTER TABLE data_keys ADD COLUMN rewrapped_at timestamptz;
GRANT UPDATE (rewrapped_at) ON data_keys TO :app;

-- Of a merchant with a KMS key of its own, whose backups nobody reads without it.
ALTER TABLE shreddings
  ADD COLUMN own_key_arn text,
  -- Until then backups hold its data keys under other KMS keys as well.
  ADD COLUMN other_wrappings_until timestamptz,
  -- Why KMS refuses the key, and since when, as it was seen last.
  ADD COLUMN withheld text CHECK (withheld IN ('disabled', 'pending_deletion', 'not_granted', 'destroyed')),
  ADD COLUMN withheld_since timestamptz,
  ADD COLUMN key_seen_at timestamptz;
