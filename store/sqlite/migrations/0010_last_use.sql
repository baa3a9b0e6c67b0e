-- The order by last use, by a column: an index on an expression is not searched
-- by a pair, and keys that were never used all have the same place but for their ids.
ALTER TABLE keys ADD COLUMN used_at INTEGER GENERATED ALWAYS AS (coalesce(last_used_at, 0)) VIRTUAL;
DROP INDEX keys_organization_used;
DROP INDEX keys_used;
CREATE INDEX keys_organization_used ON keys (organization_id, used_at, id) WHERE revoked_at IS NULL;
CREATE INDEX keys_used ON keys (used_at, id) WHERE revoked_at IS NULL;
