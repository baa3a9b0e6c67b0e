-- The last transfer of a service account, until all that belongs to it followed.
ALTER TABLE service_accounts ADD COLUMN move TEXT;
CREATE INDEX service_accounts_moving ON service_accounts (id) WHERE move IS NOT NULL;
