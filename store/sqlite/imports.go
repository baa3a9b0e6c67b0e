package sqlite

import (
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/keys"
)

// Imports returns the collection of imports.
func (s *objects) Imports() keys.Collection[imports.Import, keys.NoFilter] {
	return documents(s.engine, "imports", true, func(n *imports.Import) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

// ImportPages returns the collection of uploaded rows and of problems.
func (s *objects) ImportPages() keys.Collection[imports.Page, keys.NoFilter] {
	return documents(s.engine, "import_pages", false, func(n *imports.Page) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

// KeyShapes returns the collection that has the shapes of imported keys.
func (s *objects) KeyShapes() keys.Collection[imports.Shapes, keys.NoFilter] {
	return documents(s.engine, "key_shapes", false, func(n *imports.Shapes) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}
