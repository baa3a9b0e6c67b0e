-- Keys that were imported: the digest of one whose SHA-256 is not known, and the import.
ALTER TABLE keys ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN import_id TEXT NOT NULL DEFAULT '';
CREATE INDEX keys_import ON keys (import_id, id) WHERE import_id <> '';
