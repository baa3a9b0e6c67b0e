package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/text"
)

// RemoteUserConfig says which headers a trusted proxy sends about the user that
// it has authenticated.
type RemoteUserConfig struct {
	Header       string // name of the user, "Remote-User"
	EmailHeader  string // "Remote-Email", used when a user is created
	NameHeader   string // "Remote-Name", used when a user is created
	GroupsHeader string // "Remote-Groups", separated by commas
	Create       bool   // create users that do not exist yet
	Groups       map[string]GroupRole
}

// GroupRole is what a group of the proxy gives its members while they are in it.
type GroupRole struct {
	Admin          bool
	OrganizationID string
	Role           Role
}

// RemoteUser authenticates the user named by a trusted proxy, as Django's
// RemoteUserBackend does. It ignores the headers of all other clients.
type RemoteUser struct {
	RemoteUserConfig
	people  *People
	logger  *slog.Logger
	ignored atomic.Int64
	warn    sync.Once
}

// NewRemoteUser returns the authenticator "remote_user".
func NewRemoteUser(p *People, c RemoteUserConfig, logger *slog.Logger) (*RemoteUser, error) {
	if c.Header == "" {
		return nil, errors.New("auth: remote_user needs the name of a header")
	}
	return &RemoteUser{RemoteUserConfig: c, people: p, logger: logger}, nil
}

// Name implements Authenticator.
func (u *RemoteUser) Name() string { return "remote_user" }

// Challenge implements Authenticator.
func (u *RemoteUser) Challenge() string { return "" }

// Ignored returns how many requests sent the header without coming from a trusted
// proxy.
func (u *RemoteUser) Ignored() int64 { return u.ignored.Load() }

const maxRemoteUser = 254

// Authenticate implements Authenticator.
func (u *RemoteUser) Authenticate(r *http.Request) (*Principal, error) {
	values := r.Header.Values(u.Header)
	if len(values) == 0 || (len(values) == 1 && values[0] == "") {
		return nil, nil
	}
	if !proxies.ClientOf(r.Context()).Proxied {
		u.ignored.Add(1)
		u.warn.Do(func() {
			u.logger.Warn("the header of a remote user was ignored: it did not come from a trusted proxy; this is said once", "header", u.Header)
		})
		return nil, nil
	}
	name := strings.TrimSpace(values[0])
	if len(values) > 1 || name == "" || len(name) > maxRemoteUser {
		return nil, wrongCredential("remote_header", "header", u.Header)
	}
	user, err := u.user(r, name)
	if err != nil {
		return nil, err
	}
	if user.Disabled {
		return nil, wrongCredential("user_gone")
	}
	p, err := u.people.Users.Principal(r.Context(), user)
	if err != nil {
		return nil, err
	}
	u.join(p, r.Header.Get(u.GroupsHeader))
	return p, nil
}

// RemoteProvider is the provider of the identities that link a trusted proxy's
// names to users.
const RemoteProvider = "remote_user"

// user returns the user that the proxy's name is linked to. A name that is not
// linked yet may be the confirmed e-mail address of a user, or belong to a user
// that an earlier release created for it. A username proves nothing, because
// people choose it, and neither does the address that the proxy sends with the
// name.
func (u *RemoteUser) user(r *http.Request, name string) (User, error) {
	ctx := r.Context()
	identity, err := u.people.Store.Identities().Get(ctx, IdentityID(RemoteProvider, name))
	if err == nil {
		return u.people.Users.active(ctx, identity.UserID)
	}
	if !errors.Is(err, errs.NotFound) {
		return User{}, fmt.Errorf("read the identity of the proxy's user: %w", err)
	}
	found, err := u.owner(ctx, name)
	if err != nil {
		return User{}, err
	}
	if found.ID == "" && !u.Create {
		return User{}, wrongCredential("remote_unknown")
	}
	if found.ID == "" {
		if found, err = u.create(ctx, name, r.Header.Get(u.EmailHeader), r.Header.Get(u.NameHeader)); err != nil {
			return User{}, err
		}
	}
	return u.tie(ctx, &found, name)
}

// owner returns the user that owns the proxy's name without a link, or a zero
// User.
func (u *RemoteUser) owner(ctx context.Context, name string) (User, error) {
	made, err := u.people.Users.byEmail(ctx, remoteEmail(name))
	if err == nil && made.Username == name && made.PasswordHash == "" {
		return made, nil
	}
	if !strings.Contains(name, "@") || unlessGone(err) != nil {
		return User{}, unlessGone(err)
	}
	known, err := u.people.Users.byEmail(ctx, name)
	if err == nil && known.ConfirmedAt.IsZero() {
		return u.people.Users.takeOver(ctx, known)
	}
	return known, unlessGone(err)
}

// tie links the name to the user. If two requests do so at once, both return the
// user of the first.
func (u *RemoteUser) tie(ctx context.Context, found *User, name string) (User, error) {
	err := u.people.Users.link(ctx, found, ExternalAccount{Provider: RemoteProvider, Subject: name})
	if !errors.Is(err, errs.Conflict) {
		return *found, err
	}
	identity, err := u.people.Store.Identities().Get(ctx, IdentityID(RemoteProvider, name))
	if err != nil {
		return User{}, fmt.Errorf("read the identity of the proxy's user: %w", err)
	}
	return u.people.Users.active(ctx, identity.UserID)
}

// remoteEmail is the address of a user for whom the proxy sends none. It never
// receives mail (RFC 2606).
func remoteEmail(name string) string { return name + "@remote.invalid" }

// create creates a user for the proxy's name. If two requests do so at once, only
// one user is created. The user gets the name as their username only if it is
// free: it is a name for sign-in, not a proof.
func (u *RemoteUser) create(ctx context.Context, name, email, fullName string) (User, error) {
	fields := UserFields{Username: name, Email: email, Name: clip(fullName)}
	if strings.Contains(name, "@") {
		fields.Username, fields.Email = "", name
	}
	if _, ok := text.Address(fields.Email); !ok {
		fields.Email = remoteEmail(name)
	}
	if taken, err := u.people.Sessions.find(ctx, fields.Username); err != nil || taken.ID != "" ||
		!usernameShape.MatchString(fields.Username) {
		if err != nil {
			return User{}, err
		}
		fields.Username = ""
	}
	made, err := u.people.Users.Create(ctx, System(), ids.New(ids.User), fields)
	if errors.Is(err, errs.Conflict) {
		if found, err := u.people.Users.byEmail(ctx, fields.Email); err == nil && madeOf(&found, name) {
			return found, nil
		}
	}
	if e, ok := errors.AsType[*errs.Error](err); ok && (e.Kind == errs.Invalid || e.Kind == errs.Conflict) {
		return User{}, wrongCredential("remote_not_made", "reason", e.Summary())
	}
	if err != nil {
		return User{}, fmt.Errorf("make the proxy's user: %w", err)
	}
	return made, nil
}

// madeOf reports whether a concurrent request created the user for the same name.
// A user who already had the address is someone else.
func madeOf(u *User, name string) bool {
	return u.PasswordHash == "" && (u.Username == name || sameEmail(u.Email, name) || sameEmail(u.Email, remoteEmail(name)))
}

// join gives the principal the roles of its groups, for this request.
func (u *RemoteUser) join(p *Principal, groups string) {
	if u.GroupsHeader == "" {
		return
	}
	for group := range strings.SplitSeq(groups, ",") {
		g, ok := u.Groups[strings.TrimSpace(group)]
		if !ok {
			continue
		}
		if g.Admin {
			p.User.IsAdmin = true // only of this principal's copy
		}
		if g.OrganizationID != "" && g.Role.above(p.Memberships[g.OrganizationID]) {
			p.Memberships[g.OrganizationID] = g.Role
		}
	}
}

// above reports whether the role has more rights than the other, "" for no role.
func (r Role) above(other Role) bool {
	rank := map[Role]int{Viewer: 1, Developer: 2, Owner: 3}
	return rank[r] > rank[other]
}

// Ambient wraps an authenticator whose credential browsers send by themselves. It
// refuses modifying requests that the browser marks as cross-site.
type Ambient struct {
	Authenticator
	CSRF *CSRF
}

// Authenticate implements Authenticator.
func (a Ambient) Authenticate(r *http.Request) (*Principal, error) {
	p, err := a.Authenticator.Authenticate(r)
	if err != nil || p == nil {
		return p, err
	}
	return p, a.CSRF.CheckOrigin(r)
}
