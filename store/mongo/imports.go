package mongo

import (
	"context"

	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/keys"
)

// Imports returns the collection of imports.
func (s *objects) Imports() keys.Collection[imports.Import, keys.NoFilter] {
	return records(s.engine, "imports", true, func(n *imports.Import) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

// ImportPages returns the collection of uploaded rows and of problems.
func (s *objects) ImportPages() keys.Collection[imports.Page, keys.NoFilter] {
	return records(s.engine, "import_pages", false, func(n *imports.Page) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

// LoadKeys inserts many keys. It returns the ids of those that are not stored because
// their id or digest is taken.
func (s *objects) LoadKeys(ctx context.Context, all []keys.Key) (taken []string, err error) {
	return s.Keys().InsertAll(ctx, all)
}

// KeyShapes returns the collection that has the shapes of imported keys.
func (s *objects) KeyShapes() keys.Collection[imports.Shapes, keys.NoFilter] {
	return records(s.engine, "key_shapes", false, func(n *imports.Shapes) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}
