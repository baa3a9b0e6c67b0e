package auth

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/keys"
)

// UserFilter selects users; zero fields do not restrict.
type UserFilter struct {
	Text    string // matches email, name and id, case folded
	IsAdmin *bool
}

// UserCollection is a Collection of users with look-ups for sign-in.
type UserCollection interface {
	keys.Collection[User, UserFilter]
	// ByEmail returns the user with the folded e-mail address.
	ByEmail(ctx context.Context, folded string) (User, error)
	// ByUsername returns the user with the folded username.
	ByUsername(ctx context.Context, folded string) (User, error)
}

// MembershipFilter selects memberships; zero fields do not restrict. Lists
// are ordered by organization, then user, ascending.
type MembershipFilter struct {
	OrganizationID string
	UserID         string
	Role           Role
}

// SessionStore stores sign-ins.
type SessionStore interface {
	// InsertSession stores a new session.
	InsertSession(ctx context.Context, s Session) error
	// SessionByToken returns the session with the cookie's digest, or errs.NotFound.
	SessionByToken(ctx context.Context, hash TokenHash) (Session, error)
	// SignedIn sets when the user last signed in, without a new revision, so no
	// other change is lost. An unknown id is not an error.
	SignedIn(ctx context.Context, userID string, at time.Time) error
	// TouchSession sets when the session was last seen.
	TouchSession(ctx context.Context, id string, at time.Time) error
	// ConfirmSession sets when the session's user repeated their password.
	ConfirmSession(ctx context.Context, id string, at time.Time) error
	// DeleteSession ends the session; an unknown id is not an error.
	DeleteSession(ctx context.Context, id string) error
	// DeleteSessionsOf ends all sessions of the user except the one with the id
	// except, which may be "".
	DeleteSessionsOf(ctx context.Context, userID, except string) error
	// SessionsOf returns the user's sessions, newest first, at most 1000.
	SessionsOf(ctx context.Context, userID string) ([]Session, error)
	// DeleteSessionsBefore removes at most limit sessions that have expired:
	// ExpiresAt before now or LastSeenAt before idleSince.
	DeleteSessionsBefore(ctx context.Context, now, idleSince time.Time, limit int) (int, error)
}

// Store is what the package needs of a database.
type Store interface {
	Users() UserCollection
	Memberships() keys.Collection[Membership, MembershipFilter]
	SessionStore
	Credentials
}
