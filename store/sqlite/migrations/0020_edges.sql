-- The node that feeds an edge and vouches for it, '' for none.
ALTER TABLE nodes ADD COLUMN fed_by TEXT NOT NULL DEFAULT '';
