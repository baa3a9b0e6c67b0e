-- The language that a user chose, '' for what their browser asks for.
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT '';
