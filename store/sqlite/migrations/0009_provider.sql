-- What the provider's staff runs: incidents, overrides, the scope catalogue.
CREATE TABLE incidents (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE incident_pages (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       TEXT NOT NULL
) WITHOUT ROWID;

ALTER TABLE service_accounts ADD COLUMN override TEXT;
ALTER TABLE scopes ADD COLUMN retired_at INTEGER;
ALTER TABLE scopes ADD COLUMN renamed_to TEXT NOT NULL DEFAULT '';
ALTER TABLE scopes ADD COLUMN renamed_until INTEGER;
ALTER TABLE scopes ADD COLUMN rename_open INTEGER NOT NULL DEFAULT 0;

-- What keys are found by, and lists of keys that nobody looks after.
CREATE INDEX keys_start ON keys (start, id);
CREATE INDEX keys_last4 ON keys (last4, id);
CREATE INDEX keys_creator ON keys (organization_id, created_by, id);
CREATE INDEX keys_lasting ON keys (id) WHERE ends_at IS NULL AND revoked_at IS NULL;
CREATE INDEX keys_idle ON keys (id) WHERE last_used_at IS NULL AND revoked_at IS NULL;
CREATE INDEX keys_scoped ON keys (id) WHERE scopes IS NOT NULL AND revoked_at IS NULL;
