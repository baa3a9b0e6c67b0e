ALTER TABLE users ADD COLUMN username TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN username_folded TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN confirmed_at INTEGER;
ALTER TABLE users ADD COLUMN otp_sealed BLOB;
ALTER TABLE users ADD COLUMN otp_enabled_at INTEGER;
ALTER TABLE users ADD COLUMN otp_last_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN otp_recovery TEXT;
UPDATE users SET username_folded = id, confirmed_at = created_at;
CREATE UNIQUE INDEX users_username ON users (username_folded);

CREATE TABLE tokens (
  id           TEXT PRIMARY KEY,
  revision     INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  hash         BLOB NOT NULL,
  user_id      TEXT NOT NULL,
  name         TEXT NOT NULL,
  last4        TEXT NOT NULL,
  last_used_at INTEGER,
  expires_at   INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);
CREATE INDEX tokens_user ON tokens (user_id, id);
CREATE INDEX tokens_expires ON tokens (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE families (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  user_id    TEXT NOT NULL,
  current    TEXT NOT NULL,
  previous   TEXT NOT NULL,
  rotated_at INTEGER,
  expires_at INTEGER NOT NULL,
  ended_at   INTEGER,
  address    TEXT NOT NULL,
  user_agent TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX families_user ON families (user_id, id);
CREATE INDEX families_expires ON families (expires_at);

CREATE TABLE identities (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  provider   TEXT NOT NULL,
  subject    TEXT NOT NULL,
  user_id    TEXT NOT NULL,
  email      TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX identities_user ON identities (user_id, id);

CREATE TABLE links (
  id              TEXT PRIMARY KEY,
  revision        INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  hash            BLOB NOT NULL,
  purpose         TEXT NOT NULL,
  email           TEXT NOT NULL,
  user_id         TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  role            TEXT NOT NULL,
  created_by      TEXT NOT NULL,
  expires_at      INTEGER NOT NULL,
  used_at         INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX links_hash ON links (hash);
CREATE INDEX links_organization ON links (organization_id, id);
CREATE INDEX links_user ON links (user_id, id);
CREATE INDEX links_expires ON links (expires_at);

CREATE TABLE certificates (
  id                 TEXT PRIMARY KEY,
  revision           INTEGER NOT NULL,
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  organization_id    TEXT NOT NULL,
  service_account_id TEXT NOT NULL,
  name               TEXT NOT NULL,
  match              TEXT NOT NULL,
  created_by         TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX certificates_match ON certificates (match);
CREATE INDEX certificates_account ON certificates (service_account_id, id);

CREATE TABLE signing_keys (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  algorithm  TEXT NOT NULL,
  public     TEXT NOT NULL,
  sealed     BLOB NOT NULL,
  active_at  INTEGER NOT NULL,
  retire_at  INTEGER NOT NULL
) WITHOUT ROWID;
