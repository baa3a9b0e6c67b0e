package client

import (
	"context"
	"iter"
)

// UsersService keeps users. All but reading oneself is for the provider's staff.
type UsersService struct{ c *Client }

// UserFilter narrows a list of users; what is not set does not.
type UserFilter struct {
	Page
	Text    string // in names and addresses
	IsAdmin Optional[bool]
}

func (f UserFilter) query(page Page) query {
	return page.query().text("q", f.Text).flag("is_admin", f.IsAdmin)
}

const (
	usersPath = "/api/users"
	userPath  = "/api/users/{id}"
)

// Create makes a user.
func (s *UsersService) Create(ctx context.Context, in SetUser, opts ...Option) (User, error) {
	return call[User](ctx, s.c, request{method: "POST", path: usersPath, body: in, once: true, fresh: true, options: opts})
}

// List returns a page of users.
func (s *UsersService) List(ctx context.Context, f UserFilter) (List[User], error) {
	return s.page(ctx, f, f.Page)
}

// All yields all users that the filter lets through.
func (s *UsersService) All(ctx context.Context, f UserFilter) iter.Seq2[User, error] {
	return walk(f.Page, func(p Page) (List[User], error) { return s.page(ctx, f, p) })
}

func (s *UsersService) page(ctx context.Context, f UserFilter, p Page) (List[User], error) {
	return call[List[User]](ctx, s.c, request{method: "GET", path: usersPath, query: f.query(p).values()})
}

// Get returns a user.
func (s *UsersService) Get(ctx context.Context, id string) (User, error) {
	return call[User](ctx, s.c, request{method: "GET", path: userPath, params: []string{id}})
}

// Update changes the fields that are set.
func (s *UsersService) Update(ctx context.Context, id string, in UserPatch, opts ...Option) (User, error) {
	return call[User](ctx, s.c, request{method: "PATCH", path: userPath, params: []string{id}, body: in, options: opts})
}

// Replace sets all fields; those that are zero get what a new user would have,
// but for the password, which stays.
func (s *UsersService) Replace(ctx context.Context, id string, in SetUser, opts ...Option) (User, error) {
	return call[User](ctx, s.c, request{method: "PUT", path: userPath, params: []string{id}, body: in, options: opts})
}

// Delete removes a user with their sessions, tokens and memberships.
func (s *UsersService) Delete(ctx context.Context, id string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: userPath, params: []string{id}, options: opts})
}

// ResetOTP lets a user who has lost their device sign in without one-time codes.
func (s *UsersService) ResetOTP(ctx context.Context, id string) error {
	return send(ctx, s.c, request{method: "DELETE", path: userPath + "/otp", params: []string{id}})
}

// MeService is about who asks.
type MeService struct{ c *Client }

const mePath = "/api/me"

// Get returns who asks: a user or a service account.
func (s *MeService) Get(ctx context.Context) (Me, error) {
	return call[Me](ctx, s.c, request{method: "GET", path: mePath})
}

// Update changes the fields that are set.
func (s *MeService) Update(ctx context.Context, in MePatch, opts ...Option) (Me, error) {
	return call[Me](ctx, s.c, request{method: "PATCH", path: mePath, body: in, options: opts})
}

// Replace sets all fields.
func (s *MeService) Replace(ctx context.Context, in MeSettings, opts ...Option) (Me, error) {
	return call[Me](ctx, s.c, request{method: "PUT", path: mePath, body: in, options: opts})
}

// BeginOTP returns what to set up a device for one-time codes with. They are
// not asked for before EnableOTP.
func (s *MeService) BeginOTP(ctx context.Context) (OTPEnrolment, error) {
	return call[OTPEnrolment](ctx, s.c, request{method: "POST", path: mePath + "/otp"})
}

// EnableOTP turns one-time codes on by the first of them, and returns the
// recovery codes.
func (s *MeService) EnableOTP(ctx context.Context, code string) (RecoveryCodes, error) {
	return call[RecoveryCodes](ctx, s.c, request{method: "POST", path: mePath + "/otp/enable", body: OTPCode{Code: code}})
}

// DisableOTP turns one-time codes off.
func (s *MeService) DisableOTP(ctx context.Context, in ConfirmPassword) error {
	return send(ctx, s.c, request{method: "POST", path: mePath + "/otp/disable", body: in})
}

// Identities returns the accounts elsewhere by which the user signs in.
func (s *MeService) Identities(ctx context.Context) ([]Identity, error) {
	return items(call[List[Identity]](ctx, s.c, request{method: "GET", path: mePath + "/identities"}))
}

// UnlinkIdentity ends that the user signs in by the account elsewhere.
func (s *MeService) UnlinkIdentity(ctx context.Context, id string) error {
	return send(ctx, s.c, request{method: "DELETE", path: mePath + "/identities/{id}", params: []string{id}})
}
