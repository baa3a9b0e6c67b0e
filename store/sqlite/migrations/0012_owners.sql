-- Who looks after a service account: so far, who made it, where that is a user.
ALTER TABLE service_accounts ADD COLUMN owner_id TEXT NOT NULL DEFAULT '';
UPDATE service_accounts SET owner_id = created_by WHERE created_by LIKE 'usr\_%' ESCAPE '\';
CREATE INDEX service_accounts_owner ON service_accounts (owner_id, id);
CREATE INDEX service_accounts_owned ON service_accounts (organization_id, owner_id, id);
