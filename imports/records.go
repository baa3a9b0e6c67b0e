package imports

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// Import returns the record of an import. Only staff may read it.
func (s *Service) Import(ctx context.Context, a keys.Actor, id string) (Import, error) {
	if err := keys.StaffOnly(a); err != nil {
		return Import{}, err
	}
	n, err := s.Store.Imports().Get(ctx, id)
	if err != nil {
		return Import{}, keys.Missing(err, "no_import")
	}
	return n, nil
}

// List lists imports, newest first. Only staff may.
func (s *Service) List(ctx context.Context, a keys.Actor, p keys.Page) ([]Import, error) {
	if err := keys.StaffOnly(a); err != nil {
		return nil, err
	}
	return s.Store.Imports().List(ctx, keys.NoFilter{}, p)
}

// Problems returns a page of the rows that an import did not take, counted from 0, and
// none after the last page. Only staff may.
func (s *Service) Problems(ctx context.Context, a keys.Actor, id string, number int) ([]Problem, error) {
	if err := keys.StaffOnly(a); err != nil {
		return nil, err
	}
	page, err := s.Store.ImportPages().Get(ctx, pageID(id, number))
	if errors.Is(err, errs.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the problems of an import: %w", err)
	}
	return page.Problems, nil
}
