-- Keys that were imported: the digest of one whose SHA-256 is not known, and the import.
ALTER TABLE keys ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN import_id TEXT NOT NULL DEFAULT '';
CREATE INDEX keys_import ON keys (id) WHERE import_id <> '';

-- Imports, what was uploaded and not yet imported, what was refused, and the shapes of
-- imported keys.
CREATE TABLE imports (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  data TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE import_pages (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  data TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE key_shapes (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  data TEXT NOT NULL) WITHOUT ROWID;
