package keys

import (
	"context"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
)

// Neglect is why nobody seems to look after a key.
type Neglect string

// The kinds of neglect.
const (
	NoOwner     Neglect = "no_owner"     // nobody owns its service account, or somebody who has left
	CreatorLeft Neglect = "creator_left" // its creator is not a member of the organization any more
	NeverUsed   Neglect = "never_used"   // though made NeverUsedFor ago
	NoExpiry    Neglect = "no_expiry"
)

// NeverUsedFor is how long after its making a key counts as never used.
const NeverUsedFor = 30 * 24 * time.Hour

// Neglected lists keys that nobody seems to look after, newest first: never
// used ones, or ones without an end. Only admins may.
func (s *search) Neglected(ctx context.Context, a Actor, kind Neglect, p Page) ([]Key, error) {
	if err := StaffOnly(a); err != nil {
		return nil, err
	}
	no, now := false, Moment(s.now())
	f := KeyFilter{Revoked: &no, EndsAfter: now}
	switch kind {
	case NeverUsed:
		f.NeverUsed, f.StartsBy = true, Moment(now.Add(-NeverUsedFor))
		if old := ids.At(ids.Key, now.Add(-NeverUsedFor)); p.After == "" || p.After > old {
			p.After = old
		}
	case NoExpiry:
		f.Endless, f.EndsAfter = true, time.Time{}
	default:
		return nil, errs.New(errs.Invalid, "no_key_list")
	}
	found, err := s.store.Keys().List(ctx, f, p)
	if err != nil {
		return nil, fmt.Errorf("list neglected keys: %w", err)
	}
	return found, nil
}
