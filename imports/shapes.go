package imports

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// LoadShapes sets what the store knows of the shapes of imported keys.
func LoadShapes(ctx context.Context, s Store, into *keys.Foreign) error {
	known, err := s.KeyShapes().Get(ctx, ShapesID)
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the shapes of imported keys: %w", err)
	}
	if !slices.Equal(known.Shapes, into.Shapes()) {
		into.Set(known.Shapes)
	}
	return nil
}

// learn stores the shapes, so that every node looks up what matches them.
func (s *Service) learn(ctx context.Context, shapes []keys.Shape) error {
	if len(shapes) == 0 {
		return nil
	}
	first := Shapes{Stamp: keys.NewStamp(s.Keys.Now()), ID: ShapesID}
	if err := s.Store.KeyShapes().Insert(ctx, first); err != nil && !errors.Is(err, errs.Conflict) {
		return fmt.Errorf("store the shapes of imported keys: %w", err)
	}
	_, after, err := keys.Revise(ctx, s.Store.KeyShapes(), ShapesID, keys.AnyRevision, s.Keys.Now, func(all *Shapes) error {
		all.Shapes = keys.JoinShapes(all.Shapes, shapes)
		return nil
	})
	if err != nil {
		return fmt.Errorf("store the shapes of imported keys: %w", err)
	}
	s.Format.Foreign().Set(after.Shapes)
	return nil
}
