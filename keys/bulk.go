package keys

import (
	"context"
	"fmt"
	"slices"

	"github.com/latchkey/latchkey/audit"
)

// Revised is a key that was changed.
type Revised struct{ Before, After Key }

// ReviseKeys is Revise for many keys that were just read. It writes each only if
// nobody else has changed it since, and skips those for which edit returns an error.
// It returns the keys that it changed; use Revise for each of the others.
func (s *base) ReviseKeys(ctx context.Context, found []Key, edit func(*Key) error) ([]Revised, error) {
	changes, wanted := make([]Revised, 0, len(found)), make([]Key, 0, len(found))
	for _, before := range found {
		after := before
		if edit(&after) != nil {
			continue
		}
		after.Advance(s.now())
		changes, wanted = append(changes, Revised{before, after}), append(wanted, after)
	}
	left, err := s.store.Keys().ReplaceAll(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("change %d keys: %w", len(wanted), err)
	}
	return slices.DeleteFunc(changes, func(c Revised) bool { return slices.Contains(left, c.After.ID) }), nil
}

// RecordKeys is RecordKey for many keys that were changed.
func (r *Recorder) RecordKeys(ctx context.Context, changes []Revised, event func(*Revised) audit.Change) error {
	marks, events := make([]string, 0, 2*len(changes)), make([]audit.Change, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		marks, events = append(marks, c.After.Mark(), c.After.ID), append(events, event(c))
	}
	r.Bump(marks...)
	return r.audit.RecordAll(ctx, events)
}
