package client

import (
	"context"
	"iter"
)

// UsersService manages users. It is for the provider's staff, except that users
// may read themselves.
type UsersService struct{ c *Client }

// UserFilter narrows a list of users; zero fields do not restrict.
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

// Create creates a user.
func (s *UsersService) Create(ctx context.Context, in SetUser, opts ...Option) (User, error) {
	return call[User](ctx, s.c, request{method: "POST", path: usersPath, body: in, once: true, fresh: true, options: opts})
}

// List returns a page of users.
func (s *UsersService) List(ctx context.Context, f UserFilter) (List[User], error) {
	return s.page(ctx, f, f.Page)
}

// All yields all users that match the filter.
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

// Replace sets all fields; zero fields get the defaults of a new user, except
// that a zero password leaves the password unchanged.
func (s *UsersService) Replace(ctx context.Context, id string, in SetUser, opts ...Option) (User, error) {
	return call[User](ctx, s.c, request{method: "PUT", path: userPath, params: []string{id}, body: in, options: opts})
}

// Delete removes a user with their sessions, tokens and memberships.
func (s *UsersService) Delete(ctx context.Context, id string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: userPath, params: []string{id}, options: opts})
}

// ResetOTP turns one-time codes off for a user who has lost their device.
func (s *UsersService) ResetOTP(ctx context.Context, id string) error {
	return send(ctx, s.c, request{method: "DELETE", path: userPath + "/otp", params: []string{id}})
}

// MeService is about the caller.
type MeService struct{ c *Client }

const mePath = "/api/me"

// Get returns the caller: a user or a service account.
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

// BeginOTP returns what to enter on a device for one-time codes. Sign-in does not
// ask for codes before EnableOTP.
func (s *MeService) BeginOTP(ctx context.Context) (OTPEnrolment, error) {
	return call[OTPEnrolment](ctx, s.c, request{method: "POST", path: mePath + "/otp"})
}

// EnableOTP turns one-time codes on, given the first code, and returns the
// recovery codes.
func (s *MeService) EnableOTP(ctx context.Context, code string) (RecoveryCodes, error) {
	return call[RecoveryCodes](ctx, s.c, request{method: "POST", path: mePath + "/otp/enable", body: OTPCode{Code: code}})
}

// DisableOTP turns one-time codes off.
func (s *MeService) DisableOTP(ctx context.Context, in ConfirmPassword) error {
	return send(ctx, s.c, request{method: "POST", path: mePath + "/otp/disable", body: in})
}

// Identities returns the accounts at providers that the user signs in with.
func (s *MeService) Identities(ctx context.Context) ([]Identity, error) {
	return items(call[List[Identity]](ctx, s.c, request{method: "GET", path: mePath + "/identities"}))
}

// UnlinkIdentity stops the user from signing in with the account.
func (s *MeService) UnlinkIdentity(ctx context.Context, id string) error {
	return send(ctx, s.c, request{method: "DELETE", path: mePath + "/identities/{id}", params: []string{id}})
}
