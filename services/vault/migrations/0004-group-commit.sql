-- oldest code: 2

-- Records are written by the statement that writes their tokens, and deleted before these. Checking each against the
-- other, with a lock on the token's row, was a fifth of what PostgreSQL did for a tokenization.
ALTER TABLE records DROP CONSTRAINT records_token_fkey;

-- Rows come in the order of their age and go in it: a summary of block ranges finds them as well, and costs an insert
-- next to nothing.
DROP INDEX idempotency_keys_by_age;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys USING brin (created_at);
DROP INDEX reveal_grants_by_age;
CREATE INDEX reveal_grants_by_age ON reveal_grants USING brin (created_at);
