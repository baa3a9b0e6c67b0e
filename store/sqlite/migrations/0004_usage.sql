ALTER TABLE keys ADD COLUMN last_used_ip TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN last_used_agent TEXT NOT NULL DEFAULT '';

-- One row is one page of counts (see usage.Page). The key begins with what
-- clean-up goes by, so that old pages lie together; new ones do, too.
CREATE TABLE usage (
  kind               INTEGER NOT NULL,
  level              INTEGER NOT NULL,
  start              INTEGER NOT NULL,
  owner              TEXT NOT NULL,
  key_id             TEXT NOT NULL,
  service_account_id TEXT NOT NULL,
  organization_id    TEXT NOT NULL,
  scope              TEXT NOT NULL,
  cells              BLOB NOT NULL,
  PRIMARY KEY (kind, level, start, owner)
) WITHOUT ROWID;
CREATE INDEX usage_key ON usage (key_id, kind, level, start) WHERE key_id <> '';
CREATE INDEX usage_account ON usage (service_account_id, kind, level, start) WHERE service_account_id <> '';
CREATE INDEX usage_organization ON usage (organization_id, kind, level, start);

CREATE TABLE refusals (
  key_id     TEXT PRIMARY KEY,
  refused_at INTEGER NOT NULL,
  last       TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX refusals_refused ON refusals (refused_at);
