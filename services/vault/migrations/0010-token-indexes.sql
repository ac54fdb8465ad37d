-- oldest code: 2
-- no transaction
-- The vault goes on writing tokens meanwhile. Databases that step 8 has been at early on have these already.

-- A page of a merchant's tokens is a piece of this index.
CREATE INDEX CONCURRENTLY IF NOT EXISTS tokens_by_age ON tokens (merchant, created_at, token);

CREATE INDEX CONCURRENTLY IF NOT EXISTS tokens_that_expire ON tokens (expires_at)
  WHERE expires_at IS NOT NULL AND state = 'active';
