-- How long keys of a tier are kept after their end.
ALTER TABLE tiers ADD COLUMN key_retention INTEGER NOT NULL DEFAULT 0;
