package auth

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

const userWord = "user"

// PeopleConfig is what People needs. All fields but Now and the limits are
// required.
type PeopleConfig struct {
	Store         Store
	Organizations func(ctx context.Context, id string) (keys.Organization, error)
	Audit         *audit.Log
	Passwords     *Passwords
	Limiter       ratelimit.Limiter
	AccountLimit  ratelimit.Rule   // tries to sign in per e-mail address and client address; none if zero
	AddressLimit  ratelimit.Rule   // failed tries per client address; none if zero
	Now           func() time.Time // time.Now if nil
}

// People manages users and their memberships.
type People struct {
	PeopleConfig
}

// NewPeople returns People.
func NewPeople(c PeopleConfig) (*People, error) {
	if c.Store == nil || c.Organizations == nil || c.Audit == nil || c.Passwords == nil || c.Limiter == nil {
		return nil, errors.New("auth: Store, Organizations, Audit, Passwords and Limiter are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &People{c}, nil
}

// UserFields are the fields of a user that admins set. Password is "" to leave
// it as it is.
type UserFields struct {
	Email    string
	Name     string
	Password string
	IsAdmin  bool
	Disabled bool
}

// Create makes a user with the id, or a new one where id is "". Only admins may.
func (p *People) Create(ctx context.Context, a keys.Actor, id string, fields UserFields) (User, error) {
	if !a.IsAdmin() {
		return User{}, errStaffOnly
	}
	if id == "" {
		id = ids.New(ids.User)
	}
	u := User{Stamp: keys.NewStamp(p.Now()), ID: id}
	if err := p.apply(ctx, &u, fields); err != nil {
		return User{}, err
	}
	if err := p.Store.Users().Insert(ctx, u); err != nil {
		return User{}, fmt.Errorf("create user: %w", emailTaken(err))
	}
	return u, p.record(ctx, a, "user.create", u.object(), nil, u)
}

var errStaffOnly = errs.New(errs.Forbidden, "only the provider's staff may do this")

func emailTaken(err error) error {
	if errors.Is(err, errs.Conflict) {
		return errs.New(errs.Conflict, "a user with this e-mail address exists")
	}
	return err
}

// apply sets the fields after it has checked them all.
func (p *People) apply(ctx context.Context, u *User, fields UserFields) error {
	var f errs.Faults
	if address, err := mail.ParseAddress(fields.Email); err != nil || address.Address != fields.Email || len(fields.Email) > 254 {
		f.Add("email", "must be an e-mail address such as ada@example.com")
	}
	keys.CheckText(&f, "name", fields.Name)
	if fields.Password != "" {
		fault := CheckStrength(fields.Password)
		f.Check(fault == "", "password", fault)
	}
	if err := f.Err(); err != nil {
		return err
	}
	u.Email, u.Name, u.IsAdmin, u.Disabled = fields.Email, fields.Name, fields.IsAdmin, fields.Disabled
	if fields.Password == "" {
		return nil
	}
	var err error
	u.PasswordHash, err = p.Passwords.Hash(ctx, fields.Password)
	return err
}

// User returns one user: oneself, or any for admins.
func (p *People) User(ctx context.Context, a keys.Actor, id string) (User, error) {
	if !a.IsAdmin() && a.Subject().ID != id {
		return User{}, errs.New(errs.NotFound, "there is no such user")
	}
	u, err := p.Store.Users().Get(ctx, id)
	return u, userMissing(err)
}

// ByEmail returns the user with the e-mail address. Only admins may ask.
func (p *People) ByEmail(ctx context.Context, a keys.Actor, email string) (User, error) {
	if !a.IsAdmin() {
		return User{}, errStaffOnly
	}
	u, err := p.Store.Users().ByEmail(ctx, keys.Fold(email))
	return u, userMissing(err)
}

func userMissing(err error) error {
	if errors.Is(err, errs.NotFound) {
		return errs.New(errs.NotFound, "there is no such user")
	}
	return err
}

// Users lists users. Only admins may.
func (p *People) Users(ctx context.Context, a keys.Actor, f UserFilter, page keys.Page) ([]User, error) {
	if !a.IsAdmin() {
		return nil, errStaffOnly
	}
	f.Text = keys.Fold(f.Text)
	return p.Store.Users().List(ctx, f, page)
}

// Change lets edit change the user's fields; only admins may. A new password
// or a disabled user ends all of the user's sessions.
func (p *People) Change(ctx context.Context, a keys.Actor, id string, revision int64, edit func(UserFields) (UserFields, error)) (User, error) {
	if !a.IsAdmin() {
		return User{}, errStaffOnly
	}
	var endSessions bool
	before, after, err := keys.Revise(ctx, p.Store.Users(), id, revision, p.Now, func(u *User) error {
		fields, err := edit(UserFields{Email: u.Email, Name: u.Name, IsAdmin: u.IsAdmin, Disabled: u.Disabled})
		if err != nil {
			return err
		}
		if a.Subject().ID == id && (fields.Disabled || !fields.IsAdmin) {
			return errs.New(errs.Conflict, "you cannot disable yourself or give up being an admin; ask another admin")
		}
		endSessions = fields.Password != "" || fields.Disabled
		return p.apply(ctx, u, fields)
	})
	if err != nil {
		return User{}, userMissing(emailTaken(err))
	}
	if endSessions {
		if err := p.Store.DeleteSessionsOf(ctx, id, ""); err != nil {
			return User{}, fmt.Errorf("end the user's sessions: %w", err)
		}
	}
	return after, p.record(ctx, a, "user.update", after.object(), before, after)
}

// Delete removes the user with sessions and memberships. Only admins may, and
// nobody removes himself.
func (p *People) Delete(ctx context.Context, a keys.Actor, id string, revision int64) error {
	u, err := p.User(ctx, a, id)
	if err != nil {
		return err
	}
	if !a.IsAdmin() {
		return errStaffOnly
	}
	if a.Subject().ID == id {
		return errs.New(errs.Conflict, "you cannot delete yourself; ask another admin")
	}
	if revision == keys.AnyRevision {
		revision = u.Revision
	}
	if err := p.Store.Users().Delete(ctx, id, revision); err != nil {
		return userMissing(err)
	}
	if err := errors.Join(p.Store.DeleteSessionsOf(ctx, id, ""), p.removeMemberships(ctx, id)); err != nil {
		return fmt.Errorf("delete what belongs to the user: %w", err)
	}
	return p.record(ctx, a, "user.delete", u.object(), u, nil)
}

func (p *People) removeMemberships(ctx context.Context, userID string) error {
	all, err := p.membershipsOf(ctx, userID)
	for _, m := range all {
		err = errors.Join(err, p.Store.Memberships().Delete(ctx, m.ID(), m.Revision))
	}
	return err
}

// maxMemberships bounds the organizations of one user.
const maxMemberships = 1000

func (p *People) membershipsOf(ctx context.Context, userID string) ([]Membership, error) {
	return p.Store.Memberships().List(ctx, MembershipFilter{UserID: userID}, keys.Page{Limit: maxMemberships})
}

// Principal returns the user as a principal, with the roles of the moment.
func (p *People) Principal(ctx context.Context, u User) (*Principal, error) {
	all, err := p.membershipsOf(ctx, u.ID)
	if err != nil {
		return nil, fmt.Errorf("read memberships: %w", err)
	}
	roles := make(map[string]Role, len(all))
	for _, m := range all {
		roles[m.OrganizationID] = m.Role
	}
	return &Principal{Kind: UserKind, User: &u, Memberships: roles}, nil
}

// Check returns the user with the e-mail address and password. Unknown users,
// disabled users and wrong passwords are answered alike, in content and time.
// Guessing is throttled per account and client address, so that a stranger
// cannot lock anybody out, and per client address.
func (p *People) Check(ctx context.Context, email, password string) (User, error) {
	address := proxies.ClientOf(ctx).Address.String()
	account := ratelimit.Bucket{ID: "sign-in " + keys.Fold(email) + " " + address, Rule: p.AccountLimit}
	source := ratelimit.Bucket{ID: "sign-in " + address, Rule: p.AddressLimit}
	if err := p.take(ctx, account, source, true); err != nil {
		return User{}, err
	}
	u, err := p.Store.Users().ByEmail(ctx, keys.Fold(strings.TrimSpace(email)))
	if err != nil && !errors.Is(err, errs.NotFound) {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	matches, err := p.Passwords.Matches(ctx, password, u.PasswordHash)
	if err != nil {
		return User{}, err
	}
	if !matches || u.Disabled || u.ID == "" {
		if err := p.take(ctx, account, source, false); err != nil {
			return User{}, err
		}
		return User{}, wrongCredential("the e-mail address or the password is wrong")
	}
	return u, nil
}

func (p *People) take(ctx context.Context, account, source ratelimit.Bucket, dry bool) error {
	d, err := p.Limiter.Take(ctx, ratelimit.Request{Key: account, Account: source, Cost: 1, DryRun: dry})
	if err != nil || d.Allowed {
		return err
	}
	e := errs.New(errs.Limited, "too many failed tries to sign in; wait before the next")
	e.RetryAfter = d.RetryAfter
	return e
}

func (p *People) record(ctx context.Context, a keys.Actor, action string, object audit.Object, before, after any) error {
	return p.Audit.Record(ctx, audit.Change{Subject: a.Subject(), Action: action, Object: object, Before: before, After: after})
}

func (u *User) object() audit.Object { return audit.Object{Type: userWord, ID: u.ID} }
