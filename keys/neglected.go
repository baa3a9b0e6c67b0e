package keys

import (
	"context"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
)

// Neglect says why a key seems to have nobody who looks after it.
type Neglect string

// The kinds of neglect.
const (
	NoOwner     Neglect = "no_owner"     // its service account has no owner, or one who has left
	CreatorLeft Neglect = "creator_left" // its creator is no longer a member of the organization
	NeverUsed   Neglect = "never_used"   // created NeverUsedFor ago and never used
	NoExpiry    Neglect = "no_expiry"
)

// NeverUsedFor is how long after its creation an unused key counts as never used.
const NeverUsedFor = 30 * 24 * time.Hour

// Neglected lists keys that nobody seems to look after, newest first: keys that were
// never used, or keys without an end. Only admins may.
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
