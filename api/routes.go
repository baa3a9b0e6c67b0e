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
	free       bool // nobody is throttled
}

func (a *API) routes() []route {
	known, staff, anybody := auth.IsAuthenticated(), auth.IsAdminUser(), auth.AllowAny()
	may := auth.HasScope
	return []route{
		{"GET", "/healthz", anybody, a.healthz, true, true},
		{"GET", "/readyz", anybody, a.readyz, true, true},
		{"GET", "/api/me", known, a.me, false, false},

		{"POST", "/api/token", anybody, a.obtainToken, true, false},
		{"POST", "/api/token/refresh", anybody, a.refreshToken, true, false},
		{"POST", "/api/token/verify", anybody, a.verifyToken, true, false},
		{"POST", "/api/token/blacklist", anybody, a.blacklistToken, true, false},
		{"GET", "/api/tokens", known, a.listTokens, false, false},
		{"POST", "/api/tokens", known, a.createToken, false, false},
		{"GET", "/api/tokens/:id", known, a.getToken, false, false},
		{"DELETE", "/api/tokens/:id", known, a.revokeToken, false, false},
		{"POST", "/api/session", anybody, a.signIn, true, false},
		{"DELETE", "/api/session", known, a.signOut, false, false},
		{"GET", "/api/sessions", known, a.listSessions, false, false},
		{"DELETE", "/api/sessions", known, a.signOutEverywhere, false, false},
		{"DELETE", "/api/sessions/:id", known, a.endSession, false, false},

		{"POST", "/oauth/token", anybody, a.oauthToken, true, false},
		{"POST", "/oauth/introspect", anybody, a.oauthIntrospect, true, false},
		{"POST", "/oauth/revoke", anybody, a.oauthRevoke, true, false},
		{"GET", "/.well-known/oauth-authorization-server", anybody, a.oauthMetadata, true, true},
		{"GET", "/.well-known/jwks.json", anybody, a.jwks, true, true},

		{"GET", "/api/organizations", known, a.listOrganizations, false, false},
		{"POST", "/api/organizations", staff, a.createOrganization, false, false},
		{"GET", "/api/organizations/:id", known, a.getOrganization, false, false},
		{"PATCH", "/api/organizations/:id", may(keys.WriteOrganization), a.patchOrganization, false, false},
		{"DELETE", "/api/organizations/:id", staff, a.deleteOrganization, false, false},
		{"GET", "/api/organizations/:id/members", may(keys.ReadMembers), a.listMembers, false, false},
		{"POST", "/api/organizations/:id/members", may(keys.WriteMembers), a.addMember, false, false},
		{"GET", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), a.getMember, false, false},
		{"PATCH", "/api/organizations/:id/members/:user_id", may(keys.WriteMembers), a.patchMember, false, false},
		{"DELETE", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), a.removeMember, false, false},

		{"GET", "/api/service-accounts", may(keys.ReadAccounts), a.listAccounts, false, false},
		{"POST", "/api/service-accounts", may(keys.WriteAccounts), a.createAccount, false, false},
		{"GET", "/api/service-accounts/:id", may(keys.ReadAccounts), a.getAccount, false, false},
		{"PATCH", "/api/service-accounts/:id", may(keys.WriteAccounts), a.patchAccount, false, false},
		{"DELETE", "/api/service-accounts/:id", may(keys.WriteAccounts), a.deleteAccount, false, false},
		{"GET", "/api/clients", may(keys.ReadAccounts), a.listAccounts, false, false},

		{"GET", "/api/keys", may(keys.ReadKeys), a.listKeys, false, false},
		{"POST", "/api/keys", may(keys.WriteKeys), a.createKey, false, false},
		{"GET", "/api/keys/:id", may(keys.ReadKeys), a.getKey, false, false},
		{"PATCH", "/api/keys/:id", may(keys.WriteKeys), a.patchKey, false, false},
		{"DELETE", "/api/keys/:id", may(keys.WriteKeys), a.deleteKey, false, false},
		{"POST", "/api/keys/:id/rotate", may(keys.WriteKeys), a.rotateKey, false, false},
		{"POST", "/api/keys/:id/revoke", may(keys.WriteKeys), a.revokeKey, false, false},

		{"GET", "/api/tiers", known, a.listTiers, false, false},
		{"POST", "/api/tiers", staff, a.createTier, false, false},
		{"GET", "/api/tiers/:name", known, a.getTier, false, false},
		{"PATCH", "/api/tiers/:name", staff, a.patchTier, false, false},
		{"DELETE", "/api/tiers/:name", staff, a.deleteTier, false, false},

		{"GET", "/api/scopes", known, a.listScopes, false, false},
		{"POST", "/api/scopes", staff, a.createScope, false, false},
		{"GET", "/api/scopes/:name", known, a.getScope, false, false},
		{"PATCH", "/api/scopes/:name", staff, a.patchScope, false, false},
		{"DELETE", "/api/scopes/:name", staff, a.deleteScope, false, false},

		{"GET", "/api/users", staff, a.listUsers, false, false},
		{"POST", "/api/users", staff, a.createUser, false, false},
		{"GET", "/api/users/:id", known, a.getUser, false, false},
		{"PATCH", "/api/users/:id", staff, a.patchUser, false, false},
		{"DELETE", "/api/users/:id", staff, a.deleteUser, false, false},

		{"GET", "/api/audit-events", may(keys.ReadAudit), a.listAuditEvents, false, false},
	}
}
