package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/proxies"
)

// RemoteUserConfig says what a trusted proxy tells of the user whom it has
// authenticated.
type RemoteUserConfig struct {
	Header       string // name of the user, "Remote-User"
	EmailHeader  string // "Remote-Email", used where a user is made
	NameHeader   string // "Remote-Name", likewise
	GroupsHeader string // "Remote-Groups", separated by commas
	Create       bool   // make users that are not known yet
	Groups       map[string]GroupRole
}

// GroupRole is what a group of the proxy's gives its members while they are in it.
type GroupRole struct {
	Admin          bool
	OrganizationID string
	Role           Role
}

// RemoteUser lets the user act whom a trusted proxy has authenticated, as
// Django's RemoteUserBackend does. From anywhere else its headers mean nothing.
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

// Ignored is how many requests sent the header without coming from a trusted proxy.
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
		return nil, wrongCredential("the proxy must send the header " + u.Header + " once, with the name of a user")
	}
	user, err := u.user(r, name)
	if err != nil {
		return nil, err
	}
	if user.Disabled {
		return nil, wrongCredential("the user is disabled or gone")
	}
	p, err := u.people.Principal(r.Context(), user)
	if err != nil {
		return nil, err
	}
	u.join(p, r.Header.Get(u.GroupsHeader))
	return p, nil
}

func (u *RemoteUser) user(r *http.Request, name string) (User, error) {
	found, err := u.people.find(r.Context(), name)
	if err != nil || found.ID != "" {
		return found, err
	}
	if !u.Create {
		return User{}, wrongCredential("the proxy's user is not known here")
	}
	return u.create(r.Context(), name, r.Header.Get(u.EmailHeader), r.Header.Get(u.NameHeader))
}

// create makes a user of the proxy's. Two requests that do it at once make one.
func (u *RemoteUser) create(ctx context.Context, name, email, fullName string) (User, error) {
	fields := UserFields{Username: name, Email: email, Name: clip(fullName)}
	if strings.Contains(name, "@") {
		fields.Username, fields.Email = "", name
	}
	if _, err := mail.ParseAddress(fields.Email); err != nil {
		fields.Email = name + "@remote.invalid" // RFC 2606: no mail ever goes there
	}
	made, err := u.people.Create(ctx, System(), ids.New(ids.User), fields)
	if errors.Is(err, errs.Conflict) {
		if found, err := u.people.find(ctx, name); err != nil || found.ID != "" {
			return found, err
		}
	}
	if errors.Is(err, errs.Invalid) || errors.Is(err, errs.Conflict) {
		return User{}, wrongCredential("the proxy's user cannot be made here: " + err.Error())
	}
	if err != nil {
		return User{}, fmt.Errorf("make the proxy's user: %w", err)
	}
	return made, nil
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
			p.User.IsAdmin = true // of this principal's copy
		}
		if g.OrganizationID != "" && g.Role.above(p.Memberships[g.OrganizationID]) {
			p.Memberships[g.OrganizationID] = g.Role
		}
	}
}

// above reports whether the role may more than the other, "" for no role.
func (r Role) above(other Role) bool {
	rank := map[Role]int{Viewer: 1, Developer: 2, Owner: 3}
	return rank[r] > rank[other]
}

// Ambient is an authenticator whose credential browsers send by themselves: a
// modifying request that a browser calls cross-site is refused.
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
