-- What was counted and is not in pages yet (see usage.Journals).
CREATE TABLE usage_journals (
  owner      TEXT PRIMARY KEY,
  written_at INTEGER NOT NULL, -- nanoseconds
  claimed    INTEGER NOT NULL DEFAULT 0,
  through    INTEGER NOT NULL DEFAULT 0,
  row_count  INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE usage_entries (
  owner  TEXT NOT NULL,
  number INTEGER NOT NULL,
  data   BLOB NOT NULL,
  PRIMARY KEY (owner, number)
);
