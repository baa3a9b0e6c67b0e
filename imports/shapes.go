package imports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// Shapes is the one record of what imported keys look like.
type Shapes struct {
	keys.Stamp
	ID     string       `json:"id"`
	Shapes []keys.Shape `json:"shapes"`
}

// ShapesID is the id of the one record of Shapes.
const ShapesID = "foreign"

// refreshEvery is how often a process looks for shapes that others imported.
const refreshEvery = 2 * time.Second

// LoadShapes makes the shapes of imported keys known to this process.
func (s *Service) LoadShapes(ctx context.Context) error {
	known, err := s.Store.KeyShapes().Get(ctx, ShapesID)
	if errors.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the shapes of imported keys: %w", err)
	}
	if into := s.Format.Foreign(); !slices.Equal(known.Shapes, into.Shapes()) {
		into.Set(known.Shapes)
	}
	return nil
}

// AddShapes stores shapes, so that every node looks up what matches them. It returns them
// with those that were stored before, and whether there were none.
func AddShapes(
	ctx context.Context, c keys.Collection[Shapes, keys.NoFilter], more []keys.Shape, now func() time.Time,
) (all []keys.Shape, first bool, err error) {
	err = c.Insert(ctx, Shapes{Stamp: keys.NewStamp(now()), ID: ShapesID, Shapes: more})
	if err == nil {
		return more, true, nil
	}
	if errors.Is(err, errs.Conflict) {
		var after Shapes
		_, after, err = keys.Revise(ctx, c, ShapesID, keys.AnyRevision, now, func(there *Shapes) error {
			there.Shapes = keys.JoinShapes(there.Shapes, more)
			return nil
		})
		all = after.Shapes
	}
	if err != nil {
		return nil, false, fmt.Errorf("store the shapes of imported keys: %w", err)
	}
	return all, false, nil
}

// learn adds what this import's keys look like.
func (s *Service) learn(ctx context.Context, shapes []keys.Shape) error {
	if len(shapes) == 0 {
		return nil
	}
	all, _, err := AddShapes(ctx, s.Store.KeyShapes(), shapes, s.Keys.Now)
	if err == nil {
		s.Format.Foreign().Set(all)
	}
	return err
}
