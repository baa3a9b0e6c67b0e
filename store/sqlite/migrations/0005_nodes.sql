-- Who serves from this file, see nodes.Node. Times are by the node's clock.
CREATE TABLE nodes (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  version    TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  polled_at  INTEGER NOT NULL,
  beat       INTEGER NOT NULL,
  max_stale  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE leases (
  name   TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until  INTEGER NOT NULL
) WITHOUT ROWID;

-- What clean-up goes by.
CREATE INDEX quota_use_window ON quota_use (window);
