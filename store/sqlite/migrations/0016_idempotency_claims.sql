-- A claim is taken over when whoever made it did not get on.
ALTER TABLE idempotency ADD COLUMN try INTEGER NOT NULL DEFAULT 0;
ALTER TABLE idempotency ADD COLUMN made INTEGER NOT NULL DEFAULT 0;
ALTER TABLE idempotency ADD COLUMN free_at INTEGER;
