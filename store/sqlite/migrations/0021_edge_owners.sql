-- The service account whose key an edge uses, '' for a node.
ALTER TABLE nodes ADD COLUMN owner TEXT NOT NULL DEFAULT '';
