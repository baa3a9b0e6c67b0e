package keys

import (
	"context"
	"fmt"
	"slices"

	"github.com/latchkey/latchkey/audit"
)

// revised is a key that was changed.
type revised struct{ before, after Key }

// reviseAll is Revise for many keys that were read just now: each is written
// only if nobody else changed it since. It returns those that it changed; edit
// leaves one out by an error. What is left is for Revise, one by one.
func (s *Service) reviseAll(ctx context.Context, found []Key, edit func(*Key) error) ([]revised, error) {
	changes, wanted := make([]revised, 0, len(found)), make([]Key, 0, len(found))
	for _, before := range found {
		after := before
		if edit(&after) != nil {
			continue
		}
		after.Revision++
		after.UpdatedAt = later(Moment(s.now()), after.UpdatedAt)
		changes, wanted = append(changes, revised{before, after}), append(wanted, after)
	}
	left, err := s.store.Keys().ReplaceAll(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("change %d keys: %w", len(wanted), err)
	}
	return slices.DeleteFunc(changes, func(c revised) bool { return slices.Contains(left, c.after.ID) }), nil
}

// recordAll is recordKey for many keys that were changed.
func (s *Service) recordAll(ctx context.Context, changes []revised, of func(*revised) audit.Change) error {
	marks, events := make([]string, 0, 2*len(changes)), make([]audit.Change, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		marks, events = append(marks, c.after.mark(), c.after.ID), append(events, of(c))
	}
	s.bump(marks...)
	return s.audit.RecordAll(ctx, events)
}
