package leaks

import (
	"context"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// Collections stores reports that wait, oldest first, leaks, newest first, and
// exposures, by key.
type Collections interface {
	LeakReports() keys.Collection[Report, keys.NoFilter]
	Leaks() keys.Collection[Leak, keys.NoFilter]
	Exposures() keys.Collection[Exposure, keys.NoFilter]
}

// Store is what the package needs from a database.
type Store interface {
	Collections
	keys.Store
	Users() auth.UserCollection
	Memberships() keys.Collection[auth.Membership, auth.MembershipFilter]
}

// Finder finds the key with a text. It may be slow: only Find is asked, one text at a
// time, by a bounded number of workers.
type Finder interface {
	// Find returns the key. The error is errs.NotFound if there is none, and
	// keys.ErrMalformed if the text cannot be one.
	Find(ctx context.Context, text string) (keys.Key, error)
}
