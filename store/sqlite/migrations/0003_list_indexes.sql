-- What the staff lists across organizations. Each holds only the keys that the
-- list is about, in the order in which they are listed.
CREATE INDEX keys_revoked ON keys (id) WHERE revoked_at IS NOT NULL;
CREATE INDEX keys_disabled ON keys (id) WHERE disabled = 1;
CREATE INDEX keys_begins ON keys (id) WHERE not_before IS NOT NULL;
CREATE INDEX keys_test ON keys (id) WHERE environment = 'test';
CREATE INDEX users_admin ON users (id) WHERE is_admin = 1;
