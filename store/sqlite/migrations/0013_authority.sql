-- What a credential that was made by another one ends with.
ALTER TABLE tokens ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN confirmed_at INTEGER;
ALTER TABLE certificates ADD COLUMN expires_at INTEGER;
ALTER TABLE links ADD COLUMN created_with TEXT NOT NULL DEFAULT '';
