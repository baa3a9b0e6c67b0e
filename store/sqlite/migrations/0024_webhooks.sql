-- Addresses that are told of events, what is known of them, and how far the audit log was read.
CREATE TABLE webhook_endpoints (
  id              TEXT PRIMARY KEY,
  revision        INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  organization_id TEXT NOT NULL,
  data            TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX webhook_endpoints_organization ON webhook_endpoints (organization_id, id);

CREATE TABLE webhook_health (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE webhook_positions (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data       TEXT NOT NULL
) WITHOUT ROWID;

-- What endpoints were sent, and are to be sent: their rows are long, so that ids have an index of their own.
CREATE TABLE webhook_deliveries (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  queue      INTEGER NOT NULL,
  data       TEXT NOT NULL
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (queue, id) WHERE queue > 0;
