CREATE TABLE organizations (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  name       TEXT NOT NULL,
  disabled   INTEGER NOT NULL,
  metadata   TEXT,
  search     TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX organizations_updated ON organizations (updated_at);

CREATE TABLE service_accounts (
  id               TEXT PRIMARY KEY,
  revision         INTEGER NOT NULL,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  organization_id  TEXT NOT NULL,
  created_by       TEXT NOT NULL,
  name             TEXT NOT NULL,
  description      TEXT NOT NULL,
  tier             TEXT NOT NULL,
  scopes           TEXT,
  allowed_networks TEXT,
  rate_limit       TEXT,
  quota            TEXT,
  external_id      TEXT NOT NULL,
  metadata         TEXT,
  disabled         INTEGER NOT NULL,
  search           TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX service_accounts_organization ON service_accounts (organization_id, id);
CREATE INDEX service_accounts_tier ON service_accounts (tier, id);
CREATE INDEX service_accounts_external ON service_accounts (external_id, id);
CREATE INDEX service_accounts_updated ON service_accounts (updated_at);

CREATE TABLE keys (
  id                 TEXT PRIMARY KEY,
  revision           INTEGER NOT NULL,
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  organization_id    TEXT NOT NULL,
  service_account_id TEXT NOT NULL,
  environment        TEXT NOT NULL,
  hash               BLOB NOT NULL,
  hash_algorithm     TEXT NOT NULL,
  start              TEXT NOT NULL,
  last4              TEXT NOT NULL,
  revoked_at         INTEGER,
  revoke_reason      TEXT NOT NULL,
  revoke_note        TEXT NOT NULL,
  rotated_from       TEXT NOT NULL,
  rotated_to         TEXT NOT NULL,
  grace_until        INTEGER,
  last_used_at       INTEGER,
  created_by         TEXT NOT NULL,
  name               TEXT NOT NULL,
  note               TEXT NOT NULL,
  scopes             TEXT,
  allowed_networks   TEXT,
  rate_limit         TEXT,
  expires_at         INTEGER,
  not_before         INTEGER,
  metadata           TEXT,
  disabled           INTEGER NOT NULL,
  ends_at            INTEGER,
  search             TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX keys_hash ON keys (hash);
CREATE INDEX keys_account ON keys (service_account_id, id);
CREATE INDEX keys_organization ON keys (organization_id, id);
CREATE INDEX keys_ends ON keys (ends_at) WHERE ends_at IS NOT NULL;
CREATE INDEX keys_updated ON keys (updated_at);

CREATE TABLE tiers (
  name               TEXT PRIMARY KEY,
  revision           INTEGER NOT NULL,
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  title              TEXT NOT NULL,
  rate_limit         TEXT NOT NULL,
  account_rate_limit TEXT,
  quota              TEXT,
  max_keys           INTEGER NOT NULL,
  max_key_age        INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tiers_updated ON tiers (updated_at);

CREATE TABLE scopes (
  name        TEXT PRIMARY KEY,
  revision    INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  description TEXT NOT NULL
) WITHOUT ROWID;

-- What was deleted, so that nodes that cache it learn of it.
CREATE TABLE tombstones (
  id         TEXT PRIMARY KEY,
  hash       BLOB,
  deleted_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tombstones_deleted ON tombstones (deleted_at);

CREATE TABLE users (
  id              TEXT PRIMARY KEY,
  revision        INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  email           TEXT NOT NULL,
  email_folded    TEXT NOT NULL,
  name            TEXT NOT NULL,
  password_hash   TEXT NOT NULL,
  is_admin        INTEGER NOT NULL,
  disabled        INTEGER NOT NULL,
  last_sign_in_at INTEGER,
  search          TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (email_folded);

CREATE TABLE memberships (
  id              TEXT PRIMARY KEY,
  revision        INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  user_id         TEXT NOT NULL,
  role            TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX memberships_organization ON memberships (organization_id, id);
CREATE INDEX memberships_user ON memberships (user_id, id);

CREATE TABLE sessions (
  id           TEXT PRIMARY KEY,
  token_hash   BLOB NOT NULL,
  user_id      TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  address      TEXT NOT NULL,
  user_agent   TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_token ON sessions (token_hash);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE INDEX sessions_seen ON sessions (last_seen_at);

CREATE TABLE audit_events (
  id              TEXT PRIMARY KEY,
  at              INTEGER NOT NULL,
  action          TEXT NOT NULL,
  subject_kind    TEXT NOT NULL,
  subject_id      TEXT NOT NULL,
  subject_name    TEXT NOT NULL,
  subject_key_id  TEXT NOT NULL,
  object_type     TEXT NOT NULL,
  object_id       TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  address         TEXT NOT NULL,
  user_agent      TEXT NOT NULL,
  request_id      TEXT NOT NULL,
  before          TEXT,
  after           TEXT
) WITHOUT ROWID;
CREATE INDEX audit_events_organization ON audit_events (organization_id, id);
CREATE INDEX audit_events_object ON audit_events (object_id, id);
CREATE INDEX audit_events_subject ON audit_events (subject_id, id);
CREATE INDEX audit_events_action ON audit_events (action, id);

CREATE TABLE quota_use (
  id     TEXT NOT NULL,
  window TEXT NOT NULL,
  used   INTEGER NOT NULL,
  PRIMARY KEY (id, window)
) WITHOUT ROWID;

CREATE TABLE idempotency (
  key         BLOB PRIMARY KEY,
  fingerprint BLOB NOT NULL,
  object_id   TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);
