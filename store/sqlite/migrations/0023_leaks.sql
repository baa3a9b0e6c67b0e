-- What happens to leaked keys of a tier, '' to revoke them.
ALTER TABLE tiers ADD COLUMN leak_policy TEXT NOT NULL DEFAULT '';

-- Reports that nobody has looked at yet, leaks for the staff, and what keys were exposed.
CREATE TABLE leak_reports (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE leaks (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE exposures (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       TEXT NOT NULL
) WITHOUT ROWID;
