package imports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// pages stores the problems of an import, PageSize on each.
type pages struct {
	store Store
	of    string
	at    time.Time
	next  int
	some  []Problem
}

func pageID(of string, number int) string { return fmt.Sprintf("%s.%06d", of, number) }

// add keeps a problem, up to MostProblems pages.
func (p *pages) add(ctx context.Context, one Problem) error {
	if p.next >= MostProblems {
		return nil
	}
	if p.some = append(p.some, one); len(p.some) < PageSize {
		return nil
	}
	return p.flush(ctx)
}

func (p *pages) flush(ctx context.Context) error {
	if len(p.some) == 0 {
		return nil
	}
	page := Page{Stamp: keys.NewStamp(p.at), ID: pageID(p.of, p.next), Problems: p.some}
	if err := p.store.ImportPages().Insert(ctx, page); err != nil && !errors.Is(err, errs.Conflict) {
		return fmt.Errorf("store the problems of an import: %w", err)
	}
	p.next, p.some = p.next+1, nil
	return nil
}
