package api

import (
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// route is one operation: who may use it is declared here, what it then may
// see and change is the domain's rule, object by object.
type route struct {
	method     string
	path       string
	permission auth.Permission
	handle     func(*gin.Context) error
	open       bool // no credential is looked at
}

func (a *API) routes() []route {
	known, staff, anybody := auth.IsAuthenticated(), auth.IsAdminUser(), auth.AllowAny()
	may := auth.HasScope
	return []route{
		{"GET", "/healthz", anybody, a.healthz, true},
		{"GET", "/readyz", anybody, a.readyz, true},
		{"GET", "/api/me", known, a.me, false},

		{"POST", "/api/token", anybody, a.obtainToken, true},
		{"POST", "/api/token/refresh", anybody, a.refreshToken, true},
		{"POST", "/api/token/verify", anybody, a.verifyToken, true},
		{"POST", "/api/token/blacklist", anybody, a.blacklistToken, true},
		{"GET", "/api/tokens", known, a.listTokens, false},
		{"POST", "/api/tokens", known, a.createToken, false},
		{"GET", "/api/tokens/:id", known, a.getToken, false},
		{"DELETE", "/api/tokens/:id", known, a.revokeToken, false},
		{"POST", "/api/session", anybody, a.signIn, true},
		{"DELETE", "/api/session", known, a.signOut, false},
		{"GET", "/api/sessions", known, a.listSessions, false},
		{"DELETE", "/api/sessions", known, a.signOutEverywhere, false},
		{"DELETE", "/api/sessions/:id", known, a.endSession, false},

		{"POST", "/oauth/token", anybody, a.oauthToken, true},
		{"POST", "/oauth/introspect", anybody, a.oauthIntrospect, true},
		{"POST", "/oauth/revoke", anybody, a.oauthRevoke, true},
		{"GET", "/.well-known/oauth-authorization-server", anybody, a.oauthMetadata, true},
		{"GET", "/.well-known/jwks.json", anybody, a.jwks, true},

		{"GET", "/api/organizations", known, a.listOrganizations, false},
		{"POST", "/api/organizations", staff, a.createOrganization, false},
		{"GET", "/api/organizations/:id", known, a.getOrganization, false},
		{"PATCH", "/api/organizations/:id", may(keys.WriteOrganization), a.patchOrganization, false},
		{"DELETE", "/api/organizations/:id", staff, a.deleteOrganization, false},
		{"GET", "/api/organizations/:id/members", may(keys.ReadMembers), a.listMembers, false},
		{"POST", "/api/organizations/:id/members", may(keys.WriteMembers), a.addMember, false},
		{"GET", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), a.getMember, false},
		{"PATCH", "/api/organizations/:id/members/:user_id", may(keys.WriteMembers), a.patchMember, false},
		{"DELETE", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), a.removeMember, false},

		{"GET", "/api/service-accounts", may(keys.ReadAccounts), a.listAccounts, false},
		{"POST", "/api/service-accounts", may(keys.WriteAccounts), a.createAccount, false},
		{"GET", "/api/service-accounts/:id", may(keys.ReadAccounts), a.getAccount, false},
		{"PATCH", "/api/service-accounts/:id", may(keys.WriteAccounts), a.patchAccount, false},
		{"DELETE", "/api/service-accounts/:id", may(keys.WriteAccounts), a.deleteAccount, false},
		{"GET", "/api/clients", may(keys.ReadAccounts), a.listAccounts, false},

		{"GET", "/api/keys", may(keys.ReadKeys), a.listKeys, false},
		{"POST", "/api/keys", may(keys.WriteKeys), a.createKey, false},
		{"GET", "/api/keys/:id", may(keys.ReadKeys), a.getKey, false},
		{"PATCH", "/api/keys/:id", may(keys.WriteKeys), a.patchKey, false},
		{"DELETE", "/api/keys/:id", may(keys.WriteKeys), a.deleteKey, false},
		{"POST", "/api/keys/:id/rotate", may(keys.WriteKeys), a.rotateKey, false},
		{"POST", "/api/keys/:id/revoke", may(keys.WriteKeys), a.revokeKey, false},

		{"GET", "/api/tiers", known, a.listTiers, false},
		{"POST", "/api/tiers", staff, a.createTier, false},
		{"GET", "/api/tiers/:name", known, a.getTier, false},
		{"PATCH", "/api/tiers/:name", staff, a.patchTier, false},
		{"DELETE", "/api/tiers/:name", staff, a.deleteTier, false},

		{"GET", "/api/scopes", known, a.listScopes, false},
		{"POST", "/api/scopes", staff, a.createScope, false},
		{"GET", "/api/scopes/:name", known, a.getScope, false},
		{"PATCH", "/api/scopes/:name", staff, a.patchScope, false},
		{"DELETE", "/api/scopes/:name", staff, a.deleteScope, false},

		{"GET", "/api/users", staff, a.listUsers, false},
		{"POST", "/api/users", staff, a.createUser, false},
		{"GET", "/api/users/:id", known, a.getUser, false},
		{"PATCH", "/api/users/:id", staff, a.patchUser, false},
		{"DELETE", "/api/users/:id", staff, a.deleteUser, false},

		{"GET", "/api/audit-events", may(keys.ReadAudit), a.listAuditEvents, false},
	}
}
