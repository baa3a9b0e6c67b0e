package auth

import (
	"net/http"
	"strings"

	"github.com/latchkey/latchkey/keys"
)

// Permission decides whether a principal may use a route. The domain decides
// which objects the principal then sees and changes.
type Permission struct {
	name   string
	scope  string // that admits a service account, "" if no single scope does
	permit func(p *Principal, method string) bool
}

// NewPermission returns a custom permission; name is shown to people.
func NewPermission(name string, permit func(p *Principal, method string) bool) Permission {
	return Permission{name: name, permit: permit}
}

// String returns the name of the permission.
func (p Permission) String() string { return p.name }

// Scope returns the scope that a refused service account lacks, or "" if no scope
// would admit it.
func (p Permission) Scope() string { return p.scope }

// Permits reports whether the principal may use a route with the method.
func (p Permission) Permits(who *Principal, method string) bool { return p.permit(who, method) }

// AllowAny admits everyone.
func AllowAny() Permission {
	return NewPermission("AllowAny", func(*Principal, string) bool { return true })
}

// IsAuthenticated admits every known principal.
func IsAuthenticated() Permission {
	return NewPermission("IsAuthenticated", func(p *Principal, _ string) bool { return p.Authenticated() })
}

// IsAdminUser admits the provider's staff.
func IsAdminUser() Permission {
	return NewPermission("IsAdminUser", func(p *Principal, _ string) bool { return p.IsAdmin() })
}

// IsAuthenticatedOrReadOnly lets everyone read and known principals write.
func IsAuthenticatedOrReadOnly() Permission {
	return Or(IsAuthenticated(), NewPermission("ReadOnly", func(_ *Principal, method string) bool {
		return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
	}))
}

// HasScope admits principals that may do the action in at least one organization:
// a service account by its scopes, a user by a role.
func HasScope(action keys.Action) Permission {
	permission := NewPermission("HasScope("+string(action)+")", func(p *Principal, _ string) bool {
		where := p.Organizations(action)
		return p.Authenticated() && (where == nil || len(where) > 0)
	})
	permission.scope = string(action)
	return permission
}

// And permits what all of the permissions permit.
func And(all ...Permission) Permission {
	return NewPermission(join(all, " and "), func(p *Principal, method string) bool {
		for _, x := range all {
			if !x.permit(p, method) {
				return false
			}
		}
		return true
	})
}

// Or permits what any of the permissions permits.
func Or(any ...Permission) Permission {
	return NewPermission(join(any, " or "), func(p *Principal, method string) bool {
		for _, x := range any {
			if x.permit(p, method) {
				return true
			}
		}
		return false
	})
}

// Not permits what the permission does not.
func Not(x Permission) Permission {
	return NewPermission("not "+x.name, func(p *Principal, method string) bool { return !x.permit(p, method) })
}

func join(all []Permission, word string) string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.name
	}
	return "(" + strings.Join(names, word) + ")"
}
