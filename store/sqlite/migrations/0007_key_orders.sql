-- Lists of keys by when they end and by when they were last used.
CREATE INDEX keys_organization_ends ON keys (organization_id, ends_at, id) WHERE ends_at IS NOT NULL;
CREATE INDEX keys_organization_used ON keys (organization_id, coalesce(last_used_at, 0), id) WHERE revoked_at IS NULL;
CREATE INDEX keys_used ON keys (coalesce(last_used_at, 0), id) WHERE revoked_at IS NULL;
CREATE INDEX keys_organization_rotated ON keys (organization_id, ends_at, id) WHERE ends_at IS NOT NULL AND rotated_to <> '';
CREATE INDEX keys_organization_lasting ON keys (organization_id, ends_at, id) WHERE ends_at IS NOT NULL AND rotated_to = '';
