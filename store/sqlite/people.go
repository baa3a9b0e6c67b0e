package sqlite

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

type userTable struct {
	*table[auth.User, auth.UserFilter]
}

// Users returns the collection of users.
func (s *people) Users() auth.UserCollection {
	return userTable{&table[auth.User, auth.UserFilter]{
		store: s.engine, name: "users", descending: true,
		columns: names(`id revision created_at updated_at email email_folded name password_hash is_admin disabled last_sign_in_at search
			username username_folded confirmed_at otp_sealed otp_enabled_at otp_last_step otp_recovery token_count language`),
		identify: func(u *auth.User) (string, int64) { return u.ID, u.Revision },
		values: func(u *auth.User) []any {
			return append(append([]any{u.ID}, stampValues(&u.Stamp)...), u.Email, u.FoldedEmail(), u.Name, u.PasswordHash, u.IsAdmin, u.Disabled,
				putTime(u.LastSignInAt), u.SearchText(),
				u.Username, u.FoldedUsername(), putTime(u.ConfirmedAt), u.OTP.Sealed, putTime(u.OTP.EnabledAt), u.OTP.LastStep,
				putJSON(u.OTP.Recovery), u.TokenCount, u.Language)
		},
		scan: func(row scanner, u *auth.User) error {
			return row.Scan(append(append([]any{&u.ID}, stampColumns(&u.Stamp)...), &u.Email, new(string), &u.Name, &u.PasswordHash, &u.IsAdmin,
				&u.Disabled, timeColumn{&u.LastSignInAt}, new(string),
				&u.Username, new(string), timeColumn{&u.ConfirmedAt}, &u.OTP.Sealed, timeColumn{&u.OTP.EnabledAt}, &u.OTP.LastStep,
				jsonColumn[string]{&u.OTP.Recovery}, &u.TokenCount, &u.Language)...)
		},
		where: func(f auth.UserFilter) (c conditions) {
			if f.IsAdmin != nil && *f.IsAdmin {
				c.use("users_admin")
				c.add("is_admin = 1")
			}
			if f.IsAdmin != nil && !*f.IsAdmin {
				c.add("is_admin = 0")
			}
			c.contains(f.Text)
			return c
		},
	}}
}

// ByEmail returns the user with the folded e-mail address.
func (t userTable) ByEmail(ctx context.Context, folded string) (auth.User, error) {
	return t.one(ctx, "email_folded = ?", folded)
}

// ByUsername returns the user with the folded username.
func (t userTable) ByUsername(ctx context.Context, folded string) (auth.User, error) {
	return t.one(ctx, "username_folded = ?", folded)
}

// Memberships returns the collection of memberships.
func (s *people) Memberships() keys.Collection[auth.Membership, auth.MembershipFilter] {
	return &table[auth.Membership, auth.MembershipFilter]{
		store: s.engine, name: "memberships",
		columns:  names("id revision created_at updated_at organization_id user_id role"),
		identify: func(m *auth.Membership) (string, int64) { return m.ID(), m.Revision },
		values: func(m *auth.Membership) []any {
			return append(append([]any{m.ID()}, stampValues(&m.Stamp)...), m.OrganizationID, m.UserID, string(m.Role))
		},
		scan: func(row scanner, m *auth.Membership) error {
			return row.Scan(append(append([]any{new(string)}, stampColumns(&m.Stamp)...), &m.OrganizationID, &m.UserID, &m.Role)...)
		},
		where: func(f auth.MembershipFilter) (c conditions) {
			c.equal("user_id", f.UserID)
			c.equal("organization_id", f.OrganizationID)
			if f.Role != "" {
				c.add("role = ?", string(f.Role))
			}
			return c
		},
	}
}

const sessionColumns = "id, token_hash, user_id, created_at, last_seen_at, confirmed_at, expires_at, address, user_agent"

// InsertSession stores a new session.
func (s *people) InsertSession(ctx context.Context, n auth.Session) error {
	_, err := s.writer.exec(ctx, "INSERT INTO sessions ("+sessionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		n.ID, n.TokenHash[:], n.UserID, putTime(n.CreatedAt), putTime(n.LastSeenAt), putTime(n.ConfirmedAt), putTime(n.ExpiresAt),
		n.Address, n.UserAgent)
	return err
}

func scanSession(row scanner, n *auth.Session) error {
	var hash []byte
	err := row.Scan(&n.ID, &hash, &n.UserID, timeColumn{&n.CreatedAt}, timeColumn{&n.LastSeenAt}, timeColumn{&n.ConfirmedAt},
		timeColumn{&n.ExpiresAt}, &n.Address, &n.UserAgent)
	if err != nil {
		return known(err)
	}
	return scanDigest(n.TokenHash[:], hash)
}

// SessionByToken returns the session with the cookie's digest.
func (s *people) SessionByToken(ctx context.Context, hash auth.TokenHash) (n auth.Session, err error) {
	return n, scanSession(s.reader.row(ctx, "SELECT "+sessionColumns+" FROM sessions WHERE token_hash = ?", hash[:]), &n)
}

// TouchSession sets when the session was last seen.
func (s *people) TouchSession(ctx context.Context, id string, at time.Time) error {
	_, err := s.writer.exec(ctx, "UPDATE sessions SET last_seen_at = ? WHERE id = ?", at.UnixMilli(), id)
	return err
}

// SignedIn sets when the user last signed in.
func (s *people) SignedIn(ctx context.Context, userID string, at time.Time) error {
	_, err := s.writer.exec(ctx, "UPDATE users SET last_sign_in_at = ? WHERE id = ?", at.UnixMilli(), userID)
	return err
}

// ConfirmSession sets when the session's user repeated their password.
func (s *people) ConfirmSession(ctx context.Context, id string, at time.Time) error {
	_, err := s.writer.exec(ctx, "UPDATE sessions SET confirmed_at = ? WHERE id = ?", at.UnixMilli(), id)
	return err
}

// DeleteSession ends the session.
func (s *people) DeleteSession(ctx context.Context, id string) error {
	_, err := s.writer.exec(ctx, "DELETE FROM sessions WHERE id = ?", id)
	return err
}

// DeleteSessionsOf ends all sessions of the user but except.
func (s *people) DeleteSessionsOf(ctx context.Context, userID, except string) error {
	_, err := s.writer.exec(ctx, "DELETE FROM sessions WHERE user_id = ? AND id <> ?", userID, except)
	return err
}

// SessionsOf returns the user's sessions, newest first.
func (s *people) SessionsOf(ctx context.Context, userID string) ([]auth.Session, error) {
	var all []auth.Session
	err := s.reader.rows(ctx, "SELECT "+sessionColumns+" FROM sessions WHERE user_id = ? ORDER BY id DESC LIMIT 1000", []any{userID},
		func(row scanner) error {
			var n auth.Session
			if err := scanSession(row, &n); err != nil {
				return err
			}
			all = append(all, n)
			return nil
		})
	return all, known(err)
}

// DeleteSessionsBefore deletes sessions that have ended by themselves.
func (s *people) DeleteSessionsBefore(ctx context.Context, now, idleSince time.Time, limit int) (int, error) {
	n, err := s.writer.exec(ctx, `DELETE FROM sessions WHERE id IN (
		SELECT id FROM sessions WHERE expires_at < ?1
		UNION ALL SELECT id FROM sessions WHERE last_seen_at < ?2 AND expires_at >= ?1
		LIMIT ?3)`,
		now.UnixMilli(), idleSince.UnixMilli(), limit)
	return int(n), err
}
