-- The one token of a user that signing in by password answers, and the keys of
-- the service's own that it is derived with.
ALTER TABLE users ADD COLUMN token_count INTEGER NOT NULL DEFAULT 0;
CREATE TABLE sealed_keys (
    id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
