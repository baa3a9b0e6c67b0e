-- Every three letters in a row of what keys are searched by, but for ids, which
-- have an index. So a search reads what it finds and not all keys. Only what
-- changes that text touches it: a note of use does not.
CREATE TABLE key_texts (
  number INTEGER PRIMARY KEY,
  id     TEXT NOT NULL
);
CREATE UNIQUE INDEX key_texts_id ON key_texts (id);
CREATE VIRTUAL TABLE key_trigrams USING fts5 (text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1');
-- Merging seldom makes issuing a key a third cheaper, and searches little dearer.
INSERT INTO key_trigrams (key_trigrams, rank) VALUES ('automerge', 16), ('crisismerge', 64);

INSERT INTO key_texts (id) SELECT id FROM keys;
INSERT INTO key_trigrams (rowid, text) SELECT number, replace(search, id, '') FROM key_texts JOIN keys USING (id);

CREATE TRIGGER key_text_inserted AFTER INSERT ON keys BEGIN
  INSERT INTO key_texts (id) VALUES (new.id);
  INSERT INTO key_trigrams (rowid, text) SELECT number, replace(new.search, new.id, '') FROM key_texts WHERE id = new.id;
END;
CREATE TRIGGER key_text_changed AFTER UPDATE OF search ON keys WHEN old.search <> new.search BEGIN
  UPDATE key_trigrams SET text = replace(new.search, new.id, '') WHERE rowid = (SELECT number FROM key_texts WHERE id = new.id);
END;
CREATE TRIGGER key_text_deleted AFTER DELETE ON keys BEGIN
  DELETE FROM key_trigrams WHERE rowid = (SELECT number FROM key_texts WHERE id = old.id);
  DELETE FROM key_texts WHERE id = old.id;
END;

-- What users were reminded of, by the user (see reminders.Reminder).
CREATE TABLE reminders (
  id         TEXT PRIMARY KEY,
  revision   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  through    INTEGER,
  off        INTEGER NOT NULL
) WITHOUT ROWID;

-- What is rare among the keys of an organization, in the order of the list,
-- with what it goes by, so that places are counted without a look at the keys.
CREATE INDEX keys_organization_revoked ON keys (organization_id, id, revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX keys_organization_disabled ON keys (organization_id, id, disabled) WHERE disabled = 1;
CREATE INDEX keys_organization_begins ON keys (organization_id, id, not_before) WHERE not_before IS NOT NULL;
