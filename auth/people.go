package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/internal/texts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

const userWord = "user"

// PeopleConfig is what People needs. All fields but Now are required.
type PeopleConfig struct {
	Store         Store
	Organizations func(ctx context.Context, id string) (keys.Organization, error)
	Audit         *audit.Log
	Passwords     *Passwords
	Delays        *Delays
	Sealer        *seal.Sealer
	Signup        SignupPolicy // SignupClosed if ""
	Mailer        Mailer
	Logger        *slog.Logger
	// Holder returns what a service account may do now; see keys.Verifier. If
	// nil, invitations from service accounts cannot be accepted.
	Holder func(ctx context.Context, accountID, keyID string) (verify.Grant, error)
	// InvitationAddress is set if there is no mail server: the inviter gets the
	// link's URL and passes it on. Whoever joins with it counts as the owner of
	// the e-mail address, as with a mail.
	InvitationAddress func(token string) string
	Now               func() time.Time // time.Now if nil
}

// People manages the users of the service and their credentials.
type People struct {
	*core
	Users        *Users
	Links        *Links
	Registration *Registration
	Sessions     *Sessions
	Codes        *OneTimeCodes
	Tokens       *Tokens
	Calendars    *Calendars
	Members      *Members
	Invitations  *Invitations
}

// Users manages users: their names, addresses and identities.
type Users struct{ *core }

// Links manages mailed links. Each works once, and for a limited time.
type Links struct{ *core }

// Registration lets people sign up, confirm their address and choose a password.
type Registration struct{ *core }

// Sessions manages sign-ins with a browser.
type Sessions struct{ *core }

// OneTimeCodes manages the second step of a sign-in.
type OneTimeCodes struct{ *core }

// Tokens manages the tokens that people use outside a browser.
type Tokens struct{ *core }

// Calendars manages the addresses of calendar feeds of what expires.
type Calendars struct{ *core }

// Members manages the users of an organization and their roles.
type Members struct{ *core }

// Invitations manages invitations to an organization.
type Invitations struct{ *core }

// core is what the parts of People share, including each other.
type core struct {
	PeopleConfig
	maker   *tokenMaker
	places  chan struct{} // limits background work
	running sync.WaitGroup

	users        *Users
	links        *Links
	registration *Registration
	sessions     *Sessions
	codes        *OneTimeCodes
	tokens       *Tokens
	calendars    *Calendars
	members      *Members
	invitations  *Invitations
}

// NewPeople returns People.
func NewPeople(c PeopleConfig) (*People, error) {
	if c.Store == nil || c.Organizations == nil || c.Audit == nil || c.Passwords == nil || c.Delays == nil ||
		c.Sealer == nil || c.Mailer == nil || c.Logger == nil {
		return nil, errors.New("auth: every field of the configuration but Signup, Holder, InvitationAddress and Now is required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	k := &core{PeopleConfig: c, maker: &tokenMaker{store: c.Store, sealer: c.Sealer, now: c.Now}, places: make(chan struct{}, mostLater)}
	k.users, k.links, k.registration = &Users{k}, &Links{k}, &Registration{k}
	k.sessions, k.codes, k.tokens, k.calendars = &Sessions{k}, &OneTimeCodes{k}, &Tokens{k}, &Calendars{k}
	k.members, k.invitations = &Members{k}, &Invitations{k}
	return &People{
		core: k, Users: k.users, Links: k.links, Registration: k.registration, Sessions: k.sessions, Codes: k.codes,
		Tokens: k.tokens, Calendars: k.calendars, Members: k.members, Invitations: k.invitations,
	}, nil
}

const (
	mostLater    = 64
	laterTimeout = 30 * time.Second
)

// later runs the work after the answer, so that the answer's time does not reveal
// what there was to do.
func (p *core) later(ctx context.Context, what string, do func(context.Context) error) error {
	select {
	case p.places <- struct{}{}:
	default:
		return errs.New(errs.Unavailable, "busy")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), laterTimeout)
	p.running.Go(func() {
		defer func() { cancel(); <-p.places }()
		if err := do(ctx); err != nil {
			p.Logger.ErrorContext(ctx, "work behind an answer failed", "what", what, "err", err)
		}
	})
	return nil
}

// Close waits for background work to finish.
func (p *core) Close() { p.running.Wait() }

// UserFields are the fields of a user that admins set. An empty Password leaves
// the password unchanged.
type UserFields struct {
	Email    string
	Username string // "" for none
	Name     string
	Language string // one of texts.Languages, "" to follow the browser
	Password string
	IsAdmin  bool
	Disabled bool
}

// Create creates a user with the id, or with a new id if id is "". Only admins
// may.
func (p *Users) Create(ctx context.Context, a keys.Actor, id string, fields UserFields) (User, error) {
	if !a.IsAdmin() {
		return User{}, errStaffOnly
	}
	if id == "" {
		id = ids.New(ids.User)
	}
	u := User{Stamp: keys.NewStamp(p.Now()), ID: id}
	u.ConfirmedAt = u.CreatedAt // staff vouch for the address
	if err := p.apply(ctx, &u, fields); err != nil {
		return User{}, err
	}
	if err := p.Store.Users().Insert(ctx, u); err != nil {
		return User{}, fmt.Errorf("create user: %w", emailTaken(err))
	}
	return u, p.record(ctx, a, "user.create", u.object(), nil, u)
}

var errStaffOnly = errs.New(errs.Forbidden, "staff_only")

func emailTaken(err error) error {
	if errors.Is(err, errs.Conflict) {
		return errs.New(errs.Conflict, "user_exists")
	}
	return err
}

// uniqueEmails turns a conflict on Replace into a readable error.
type uniqueEmails struct{ UserCollection }

// Replace implements keys.Collection.
func (c uniqueEmails) Replace(ctx context.Context, u User) error {
	return emailTaken(c.UserCollection.Replace(ctx, u))
}

// apply sets the fields after checking them all, the most expensive check last.
func (p *Users) apply(ctx context.Context, u *User, fields UserFields) error {
	var f errs.Faults
	checkFields(&f, fields)
	if err := f.Err(); err != nil {
		return err
	}
	u.Email, u.Username, u.Name, u.Language = fields.Email, fields.Username, fields.Name, fields.Language
	u.IsAdmin, u.Disabled = fields.IsAdmin, fields.Disabled
	if fields.Password == "" {
		return nil
	}
	if err := p.Passwords.Rate(ctx, fields.Password); err != nil {
		return err
	}
	return p.setPassword(ctx, u, fields.Password)
}

func checkFields(f *errs.Faults, fields UserFields) {
	checkEmail(f, fields.Email)
	f.Check(fields.Username == "" || usernameShape.MatchString(fields.Username), "username",
		"username_shape")
	keys.CheckText(f, "name", fields.Name)
	f.Check(fields.Language == "" || slices.Contains(texts.Languages(), fields.Language), "language",
		"not_one_of", "choices", texts.Languages())
	if fields.Password != "" {
		checkForm(f, fields.Password)
	}
}

// setPassword sets a password that was already checked.
func (p *Users) setPassword(ctx context.Context, u *User, password string) (err error) {
	u.PasswordHash, err = p.Passwords.Hash(ctx, password)
	return err
}

// usernameShape distinguishes usernames from e-mail addresses and ids.
var usernameShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// reservedUsernames could be mistaken for the provider or the service itself.
var reservedUsernames = []string{
	"admin", "administrator", "anonymous", "everyone", "help", "info", "latchkey", "moderator", "nobody", "official", "operator", "owner",
	"root", "security", "staff", "superuser", "support", "system", "team", "webmaster",
}

// checkChosenUsername refuses reserved names that users choose themselves. Staff
// may set any name.
func checkChosenUsername(name string, u *User) error {
	var f errs.Faults
	folded := text.ASCIILower(name)
	f.Check(folded == text.ASCIILower(u.Username) || !slices.Contains(reservedUsernames, folded), "username",
		"reserved_name")
	return f.Err()
}

// Get returns a user. Users may get themselves, admins anyone.
func (p *Users) Get(ctx context.Context, a keys.Actor, id string) (User, error) {
	if !a.IsAdmin() && a.Subject().ID != id {
		return User{}, errs.New(errs.NotFound, "no_user")
	}
	u, err := p.Store.Users().Get(ctx, id)
	return u, userMissing(err)
}

// ByEmail returns the user with the e-mail address. Only admins may ask.
func (p *Users) ByEmail(ctx context.Context, a keys.Actor, email string) (User, error) {
	if !a.IsAdmin() {
		return User{}, errStaffOnly
	}
	u, err := p.byEmail(ctx, email)
	return u, userMissing(err)
}

func userMissing(err error) error {
	if errors.Is(err, errs.NotFound) {
		return errs.New(errs.NotFound, "no_user")
	}
	return err
}

// List lists users. Only admins may.
func (p *Users) List(ctx context.Context, a keys.Actor, f UserFilter, page keys.Page) ([]User, error) {
	if !a.IsAdmin() {
		return nil, errStaffOnly
	}
	f.Text = keys.Fold(f.Text)
	return p.Store.Users().List(ctx, f, page)
}

// Change lets edit change the user's fields. Only admins may. Setting a password
// or disabling the user ends all of their sessions; these changes and a new
// address also end the links that were mailed to them.
func (p *Users) Change(ctx context.Context, a keys.Actor, id string, revision int64, edit func(UserFields) (UserFields, error)) (User,
	error,
) {
	if !a.IsAdmin() {
		return User{}, errStaffOnly
	}
	var endSessions, endLinks, endTokens bool
	before, after, err := keys.Revise(ctx, uniqueEmails{p.Store.Users()}, id, revision, p.Now, func(u *User) error {
		fields, err := edit(u.fields())
		if err != nil {
			return err
		}
		if a.Subject().ID == id && (fields.Disabled || !fields.IsAdmin) {
			return errs.New(errs.Conflict, "demote_yourself")
		}
		endSessions = fields.Password != "" || fields.Disabled
		if endTokens = fields.Password != ""; endTokens {
			u.TokenCount++
		}
		endLinks = endSessions || fields.Email != u.Email
		return p.apply(ctx, u, fields)
	})
	if err != nil {
		return User{}, userMissing(err)
	}
	if endSessions {
		err = p.sessions.endSignIns(ctx, id, "")
	}
	if endTokens {
		err = errors.Join(err, p.tokens.endTokensByPassword(ctx, id, false))
	}
	if endLinks {
		err = errors.Join(err, p.links.endLinks(ctx, id))
	}
	if err != nil {
		return User{}, err
	}
	return after, p.record(ctx, a, "user.update", after.object(), before, after)
}

// fields returns the current values of the user's fields.
func (u *User) fields() UserFields {
	return UserFields{
		Email: u.Email, Username: u.Username, Name: u.Name, Language: u.Language, IsAdmin: u.IsAdmin, Disabled: u.Disabled,
	}
}

// Delete removes the user with their sessions and memberships. Only admins may,
// and nobody can remove themselves.
func (p *Users) Delete(ctx context.Context, a keys.Actor, id string, revision int64) error {
	if !a.IsAdmin() {
		return errStaffOnly
	}
	u, err := keys.Remove(ctx, p.Store.Users(), id, revision, func(*User) error {
		if a.Subject().ID == id {
			return errs.New(errs.Conflict, "delete_yourself")
		}
		return nil
	})
	if err != nil {
		return userMissing(err)
	}
	if err := errors.Join(p.sessions.endSignIns(ctx, id, ""), p.sessions.removeCredentials(ctx, id),
		p.members.removeMemberships(ctx, id)); err != nil {
		return fmt.Errorf("delete what belongs to the user: %w", err)
	}
	return p.record(ctx, a, "user.delete", u.object(), u, nil)
}

func (p *Members) removeMemberships(ctx context.Context, userID string) error {
	all, err := p.membershipsOf(ctx, userID)
	for _, m := range all {
		err = errors.Join(err, p.Store.Memberships().Delete(ctx, m.ID(), m.Revision))
	}
	return err
}

// maxMemberships bounds the organizations of one user.
const maxMemberships = 1000

func (p *Members) membershipsOf(ctx context.Context, userID string) ([]Membership, error) {
	return p.Store.Memberships().List(ctx, MembershipFilter{UserID: userID}, keys.Page{Limit: maxMemberships})
}

// Principal returns the user as a principal, with their current roles.
func (p *Users) Principal(ctx context.Context, u User) (*Principal, error) {
	all, err := p.members.membershipsOf(ctx, u.ID)
	if err != nil {
		return nil, fmt.Errorf("read memberships: %w", err)
	}
	roles := make(map[string]Role, len(all))
	for _, m := range all {
		roles[m.OrganizationID] = m.Role
	}
	return &Principal{Kind: UserKind, User: &u, Memberships: roles}, nil
}

func (p *core) record(ctx context.Context, a keys.Actor, action string, object audit.Object, before, after any) error {
	return p.Audit.Record(ctx, audit.Change{Subject: a.Subject(), Action: action, Object: object, Before: before, After: after})
}

func (u *User) object() audit.Object { return audit.Object{Type: userWord, ID: u.ID} }
