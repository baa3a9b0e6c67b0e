-- How often limits began anew: buckets and counters bear the number.
ALTER TABLE keys ADD COLUMN limit_resets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE service_accounts ADD COLUMN limit_resets INTEGER NOT NULL DEFAULT 0;
