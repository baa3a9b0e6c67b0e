package imports

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

const (
	aliveFor  = 30 * time.Second // without a sign of life, another node continues an import
	lookEvery = 10 * time.Second // for imports to continue
	mostOpen  = 100              // imports that are looked at
)

// begin imports an upload in the background, after those that this node is busy with.
func (s *Service) begin(n Import) {
	s.waiting.Store(n.ID, true)
	s.running.Go(func() {
		defer s.waiting.Delete(n.ID)
		s.working.Lock()
		defer s.working.Unlock()
		if s.life.Err() == nil {
			s.finishUpload(n)
		}
	})
}

// finishUpload imports an upload. Unless it is interrupted, its rows are deleted after.
func (s *Service) finishUpload(n Import) {
	n.Count = Count{Refused: n.Count.Refused}
	done, err := s.run(s.life, n, s.uploaded(&n), Follow{})
	if err != nil {
		s.Logger.Warn("import", "id", n.ID, "err", err)
	}
	if done.State == Running || errors.Is(err, errs.Stale) {
		return // another node has it, or will
	}
	if err := s.dropRows(context.WithoutCancel(s.life), &done); err != nil {
		s.Logger.Warn("after an import", "id", n.ID, "err", err)
	}
}

// Resume continues imports of nodes that are gone, and closes uploads that were cut off.
func (s *Service) Resume(ctx context.Context) error {
	open, err := s.Store.Imports().List(ctx, keys.NoFilter{}, keys.Page{Limit: mostOpen})
	if err != nil {
		return err
	}
	for _, n := range slices.Backward(open) {
		if _, here := s.waiting.Load(n.ID); here || !n.abandoned(s.Keys.Now()) {
			continue
		}
		taken := n
		taken.Node = s.Node
		if n.State == Receiving || n.Rows == 0 { // a command's files are not here
			taken.State, taken.Fault, taken.FinishedAt = Failed, errs.Say("import_interrupted"), keys.Moment(s.Keys.Now())
		}
		taken.Advance(s.Keys.Now())
		err := s.Store.Imports().Replace(ctx, taken)
		switch {
		case errors.Is(err, errs.Stale):
		case err != nil:
			return err
		case taken.State == Failed:
			if err := s.dropRows(ctx, &taken); err != nil {
				return err
			}
		default:
			s.begin(taken)
		}
	}
	return nil
}

// abandoned reports whether nobody works on the import at the time now.
func (n *Import) abandoned(now time.Time) bool {
	return (n.State == Receiving || n.State == Running) && now.Sub(n.UpdatedAt).Abs() > aliveFor
}
