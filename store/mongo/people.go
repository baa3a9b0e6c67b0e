package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

type user struct {
	ID           string `bson:"_id"`
	Stamp        `bson:",inline"`
	Email        string     `bson:"email"`
	EmailFolded  string     `bson:"email_folded"`
	Name         string     `bson:"name"`
	PasswordHash string     `bson:"password_hash"`
	IsAdmin      bool       `bson:"is_admin"`
	Disabled     bool       `bson:"disabled"`
	LastSignInAt *time.Time `bson:"last_sign_in_at"`
	Search       string     `bson:"search"`

	Username       string     `bson:"username"`
	UsernameFolded string     `bson:"username_folded"`
	ConfirmedAt    *time.Time `bson:"confirmed_at"`
	OTPSealed      []byte     `bson:"otp_sealed"`
	OTPEnabledAt   *time.Time `bson:"otp_enabled_at"`
	OTPLastStep    int64      `bson:"otp_last_step"`
	OTPRecovery    []string   `bson:"otp_recovery"`
	TokenCount     int64      `bson:"token_count"`
	Language       string     `bson:"language"`
}

func userOf(u *auth.User) user {
	return user{
		ID: u.ID, Stamp: stampOf(&u.Stamp), Email: u.Email, EmailFolded: u.FoldedEmail(), Name: u.Name, PasswordHash: u.PasswordHash,
		IsAdmin: u.IsAdmin, Disabled: u.Disabled, LastSignInAt: timeOf(u.LastSignInAt), Search: u.SearchText(),
		Username: u.Username, UsernameFolded: u.FoldedUsername(), ConfirmedAt: timeOf(u.ConfirmedAt),
		OTPSealed: u.OTP.Sealed, OTPEnabledAt: timeOf(u.OTP.EnabledAt), OTPLastStep: u.OTP.LastStep, OTPRecovery: u.OTP.Recovery,
		TokenCount: u.TokenCount, Language: u.Language,
	}
}

func userIn(d *user) (auth.User, error) {
	return auth.User{
		Stamp: d.domain(), ID: d.ID, Email: d.Email, Username: d.Username, Name: d.Name, PasswordHash: d.PasswordHash,
		IsAdmin: d.IsAdmin, Disabled: d.Disabled, LastSignInAt: timeIn(d.LastSignInAt), ConfirmedAt: timeIn(d.ConfirmedAt),
		OTP:        auth.OTP{Sealed: d.OTPSealed, EnabledAt: timeIn(d.OTPEnabledAt), LastStep: d.OTPLastStep, Recovery: d.OTPRecovery},
		TokenCount: d.TokenCount, Language: d.Language,
	}, nil
}

type userCollection struct {
	*collection[auth.User, auth.UserFilter, user]
}

// Users returns the collection of users.
func (s *people) Users() auth.UserCollection {
	return userCollection{&collection[auth.User, auth.UserFilter, user]{
		store: s.engine, name: "users", descending: true,
		identify: func(u *auth.User) (string, int64) { return u.ID, u.Revision },
		encode:   userOf, decode: userIn,
		where: func(f auth.UserFilter) bson.D {
			d := containing(bson.D{}, f.Text)
			if f.IsAdmin != nil {
				d = append(d, bson.E{Key: "is_admin", Value: *f.IsAdmin})
			}
			return d
		},
	}}
}

// ByEmail returns the user with the folded e-mail address.
func (c userCollection) ByEmail(ctx context.Context, folded string) (auth.User, error) {
	return c.one(ctx, "email_folded", folded)
}

// ByUsername returns the user with the folded username.
func (c userCollection) ByUsername(ctx context.Context, folded string) (auth.User, error) {
	return c.one(ctx, "username_folded", folded)
}

type membership struct {
	ID             string `bson:"_id"`
	Stamp          `bson:",inline"`
	OrganizationID string `bson:"organization_id"`
	UserID         string `bson:"user_id"`
	Role           string `bson:"role"`
}

// Memberships returns the collection of memberships.
func (s *people) Memberships() keys.Collection[auth.Membership, auth.MembershipFilter] {
	return &collection[auth.Membership, auth.MembershipFilter, membership]{
		store: s.engine, name: "memberships",
		identify: func(m *auth.Membership) (string, int64) { return m.ID(), m.Revision },
		encode: func(m *auth.Membership) membership {
			return membership{m.ID(), stampOf(&m.Stamp), m.OrganizationID, m.UserID, string(m.Role)}
		},
		decode: func(d *membership) (auth.Membership, error) {
			return auth.Membership{Stamp: d.domain(), OrganizationID: d.OrganizationID, UserID: d.UserID, Role: auth.Role(d.Role)}, nil
		},
		where: func(f auth.MembershipFilter) bson.D {
			return equal(equal(equal(bson.D{}, "organization_id", f.OrganizationID), "user_id", f.UserID), "role", string(f.Role))
		},
	}
}

type session struct {
	ID          string     `bson:"_id"`
	TokenHash   []byte     `bson:"token_hash"`
	UserID      string     `bson:"user_id"`
	CreatedAt   time.Time  `bson:"created_at"`
	LastSeenAt  time.Time  `bson:"last_seen_at"`
	ConfirmedAt *time.Time `bson:"confirmed_at"`
	ExpiresAt   time.Time  `bson:"expires_at"`
	Address     string     `bson:"address"`
	UserAgent   string     `bson:"user_agent"`
}

func (d *session) domain() auth.Session {
	n := auth.Session{
		ID: d.ID, UserID: d.UserID, CreatedAt: d.CreatedAt.UTC(), LastSeenAt: d.LastSeenAt.UTC(), ConfirmedAt: timeIn(d.ConfirmedAt),
		ExpiresAt: d.ExpiresAt.UTC(), Address: d.Address, UserAgent: d.UserAgent,
	}
	copy(n.TokenHash[:], d.TokenHash)
	return n
}

// InsertSession stores a new session.
func (s *people) InsertSession(ctx context.Context, n auth.Session) error {
	return s.in("sessions").insert(ctx, session{
		n.ID, n.TokenHash[:], n.UserID, n.CreatedAt, n.LastSeenAt, timeOf(n.ConfirmedAt), n.ExpiresAt,
		n.Address, n.UserAgent,
	})
}

// SessionByToken returns the session with the cookie's digest.
func (s *people) SessionByToken(ctx context.Context, hash auth.TokenHash) (auth.Session, error) {
	var d session
	err := s.in("sessions").first(ctx, bson.D{{Key: "token_hash", Value: hash[:]}}, &d)
	return d.domain(), err
}

// TouchSession sets when the session was last seen.
func (s *people) TouchSession(ctx context.Context, id string, at time.Time) error {
	_, err := s.in("sessions").update(ctx, byID(id), set(bson.E{Key: "last_seen_at", Value: at}))
	return err
}

// SignedIn sets when the user last signed in.
func (s *people) SignedIn(ctx context.Context, userID string, at time.Time) error {
	_, err := s.in("users").update(ctx, byID(userID), set(bson.E{Key: "last_sign_in_at", Value: at}))
	return err
}

// ConfirmSession sets when the session's user repeated their password.
func (s *people) ConfirmSession(ctx context.Context, id string, at time.Time) error {
	_, err := s.in("sessions").update(ctx, byID(id), set(bson.E{Key: "confirmed_at", Value: at}))
	return err
}

// DeleteSession ends the session.
func (s *people) DeleteSession(ctx context.Context, id string) error {
	_, err := s.in("sessions").remove(ctx, byID(id))
	return err
}

// DeleteSessionsOf ends all sessions of the user but except.
func (s *people) DeleteSessionsOf(ctx context.Context, userID, except string) error {
	_, err := s.in("sessions").removeAll(ctx, bson.D{
		{Key: "user_id", Value: userID}, {Key: "_id", Value: bson.D{{Key: "$ne", Value: except}}},
	})
	return err
}

const mostSessions = 1000

// SessionsOf returns the user's sessions, newest first.
func (s *people) SessionsOf(ctx context.Context, userID string) ([]auth.Session, error) {
	found, err := find[session](ctx, s.in("sessions"), bson.D{{Key: "user_id", Value: userID}},
		options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}).SetLimit(mostSessions))
	if err != nil {
		return nil, err
	}
	all := make([]auth.Session, len(found))
	for i := range found {
		all[i] = found[i].domain()
	}
	return all, nil
}

// DeleteSessionsBefore deletes sessions that have ended by themselves.
func (s *people) DeleteSessionsBefore(ctx context.Context, now, idleSince time.Time, limit int) (int, error) {
	over := bson.A{
		bson.D{{Key: "expires_at", Value: bson.D{{Key: "$lt", Value: now}}}},
		bson.D{{Key: "last_seen_at", Value: bson.D{{Key: "$lt", Value: idleSince}}}},
	}
	return s.in("sessions").removeSome(ctx, bson.D{{Key: "$or", Value: over}}, limit)
}
