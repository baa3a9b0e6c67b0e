// Package auth finds the principal of a request and decides what it may do:
// users, sessions, authenticators (one file each) and their chain, and,
// separately, permissions. An authenticator knows nothing about permissions, and
// a permission does not know how the principal was found.
package auth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// Kind is the kind of a principal.
type Kind string

// The kinds.
const (
	Anonymous          Kind = "anonymous"
	UserKind           Kind = "user"
	ServiceAccountKind Kind = "service_account"
	SystemKind         Kind = "system" // Latchkey itself: first start and commands
)

// Principal is the user or service account that a request acts as. It implements
// keys.Actor.
type Principal struct {
	Kind   Kind
	Scheme string // name of the authenticator, "" for anonymous

	// For a user.
	User        *User
	Memberships map[string]Role // by organization id
	Session     *Session        // nil unless the session authenticated the request

	// For a service account.
	AccountID      string
	AccountName    string
	OrganizationID string
	KeyID          string // "" with a certificate
	Tier           string
	Scopes         []string
	grant          verify.Grant // of the key, token or certificate
	endsAt         time.Time    // when the certificate ends; zero if it does not

	proof *proof // how the user authenticated, nil if not recorded
}

var _ keys.Actor = (*Principal)(nil)

// Nobody returns the anonymous principal.
func Nobody() *Principal { return &Principal{Kind: Anonymous} }

// System returns the principal for commands on the server.
func System() *Principal { return &Principal{Kind: SystemKind} }

// ID returns the id of the user or service account, "" for the others.
func (p *Principal) ID() string {
	switch p.Kind {
	case UserKind:
		return p.User.ID
	case ServiceAccountKind:
		return p.AccountID
	default:
		return ""
	}
}

// Authenticated reports whether the principal is not anonymous.
func (p *Principal) Authenticated() bool { return p.Kind != Anonymous }

// IsAdmin reports whether the principal is the provider's own staff.
func (p *Principal) IsAdmin() bool {
	return p.Kind == SystemKind || (p.Kind == UserKind && p.User.IsAdmin)
}

// Subject names the principal for the audit log.
func (p *Principal) Subject() audit.Subject {
	s := audit.Subject{Kind: string(p.Kind), ID: p.ID(), KeyID: p.KeyID}
	switch p.Kind {
	case UserKind:
		s.Name = p.User.Email
	case ServiceAccountKind:
		s.Name = p.AccountName
	}
	return s
}

// May reports whether the principal may do the action in the organization.
func (p *Principal) May(action keys.Action, organizationID string) bool {
	if p.IsAdmin() {
		return true
	}
	switch p.Kind {
	case UserKind:
		role, member := p.Memberships[organizationID]
		return member && role.Allows(action)
	case ServiceAccountKind:
		if everywhere, ok := acrossTenants[action]; ok && slices.Contains(p.Scopes, string(everywhere)) {
			return true
		}
		return organizationID == p.OrganizationID && keys.CoveredBy(p.Scopes, string(action))
	default:
		return false
	}
}

// acrossTenants maps an action to the one that lets a service account do it in
// every organization.
var acrossTenants = map[keys.Action]keys.Action{keys.VerifyKeys: keys.VerifyAllKeys, keys.EdgeKeys: keys.EdgeAllKeys}

// Organizations returns where the principal may do the action, nil for
// everywhere.
func (p *Principal) Organizations(action keys.Action) []string {
	if p.IsAdmin() {
		return nil
	}
	where := []string{}
	switch p.Kind {
	case UserKind:
		for id, role := range p.Memberships {
			if role.Allows(action) {
				where = append(where, id)
			}
		}
		slices.Sort(where)
	case ServiceAccountKind:
		if keys.CoveredBy(p.Scopes, string(action)) {
			where = append(where, p.OrganizationID)
		}
	}
	return where
}

// MayGrant reports whether the principal has the scope in the organization. A
// user has what their role allows of the management API and, from developer up,
// every scope of the provider's API: keys act on the organization's own data, and
// a key's scopes exist to limit it.
func (p *Principal) MayGrant(scope, organizationID string) bool {
	if p.IsAdmin() {
		return true
	}
	switch p.Kind {
	case UserKind:
		role, member := p.Memberships[organizationID]
		return member && role.grants(scope)
	case ServiceAccountKind:
		return organizationID == p.OrganizationID && keys.CoveredBy(p.Scopes, scope)
	default:
		return false
	}
}

// Bounds returns the limits of a service account's key, token or certificate. A
// user has none, however they signed in.
func (p *Principal) Bounds() keys.Bounds {
	if p.Kind != ServiceAccountKind || !p.grant.Known() {
		return keys.Bounds{}
	}
	b := p.grant.Bounds()
	if !p.endsAt.IsZero() {
		b.EndsAt = p.endsAt
	}
	return b
}

const everyManagement = "latchkey:*"

func (r Role) scopes() []string {
	read := []string{
		string(keys.ReadOrganization), string(keys.ReadMembers), string(keys.ReadAccounts),
		string(keys.ReadKeys), string(keys.ReadUsage),
	}
	switch r {
	case Owner:
		return []string{everyManagement}
	case Developer:
		return append(read, string(keys.WriteAccounts), string(keys.WriteKeys), string(keys.VerifyKeys), string(keys.ReadAudit))
	case Viewer:
		return read
	default:
		return nil
	}
}

// Allows reports whether members with the role may do the action.
func (r Role) Allows(action keys.Action) bool { return keys.CoveredBy(r.scopes(), string(action)) }

func (r Role) grants(scope string) bool {
	switch {
	case r == Owner && scope == keys.AnyScope:
		return true
	case r != Owner && r != Developer:
		return false
	case scope == keys.AnyScope || strings.HasPrefix(scope, "latchkey:"):
		return keys.CoveredBy(r.scopes(), scope)
	default:
		return true
	}
}

// Valid reports whether the role is one of the three.
func (r Role) Valid() bool { return r == Owner || r == Developer || r == Viewer }

type principalKey struct{}

// With returns a context that carries the principal of its request.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf returns the principal that ctx carries, or nobody.
func PrincipalOf(ctx context.Context) *Principal {
	if p, ok := ctx.Value(principalKey{}).(*Principal); ok {
		return p
	}
	return Nobody()
}
