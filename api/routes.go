package api

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

// route is one operation: who may use it is declared here, what it then may
// see and change is the domain's rule, object by object.
type route struct {
	method     string
	path       string
	permission auth.Permission
	handle     func(*gin.Context) error
	access     access
	body       any // what a form on a page begins with, nil where there is no body
}

// access is what happens before the permission of a route is asked.
type access int

const (
	guarded  access = iota // the chain finds out who asks
	open                   // no credential is looked at
	asClient               // likewise; the handler charges the client, or whoever is none
	free                   // nor is anybody throttled
)

func (a *API) routes() []route {
	all := slices.Concat(a.serviceRoutes(), a.signInRoutes(), a.peopleRoutes(), a.keyRoutes(), a.providerRoutes())
	if a.Metrics != nil {
		all = append(all, route{"GET", "/metrics", auth.HasScope(keys.ReadMetrics), a.metrics, guarded, nil})
	}
	return all
}

func (a *API) serviceRoutes() []route {
	anybody := auth.AllowAny()
	return []route{
		{"GET", "/healthz", anybody, a.healthz, free, nil},
		{"GET", "/readyz", anybody, a.readyz, free, nil},
		{"GET", "/api", anybody, a.root, guarded, nil},
		{"GET", "/api/nodes", auth.IsAdminUser(), a.listNodes, guarded, nil},
		{"GET", "/api/audit-events", auth.HasScope(keys.ReadAudit), a.listAuditEvents, guarded, nil},
		{"GET", "/api/usage", auth.HasScope(keys.ReadUsage), a.getUsage, guarded, nil},
		{"GET", "/api/keys/:id/usage", auth.HasScope(keys.ReadUsage), a.getKeyUsage, guarded, nil},
		{"GET", "/api/keys/:id/refusals", auth.HasScope(keys.ReadUsage), a.listRefusals, guarded, nil},
	}
}

func (a *API) signInRoutes() []route {
	known, anybody := auth.IsAuthenticated(), auth.AllowAny()
	return []route{
		{"POST", "/api/token", anybody, a.obtainToken, open, nil},
		{"POST", "/api/token/refresh", anybody, a.refreshToken, open, nil},
		{"POST", "/api/token/verify", anybody, a.verifyToken, open, nil},
		{"POST", "/api/token/blacklist", anybody, a.blacklistToken, open, nil},
		{"GET", "/api/tokens", known, a.listTokens, guarded, nil},
		{"POST", "/api/tokens", known, a.createToken, guarded, client.CreateToken{}},
		{"GET", "/api/tokens/:id", known, a.getToken, guarded, nil},
		{"DELETE", "/api/tokens/:id", known, a.revokeToken, guarded, nil},
		{"POST", "/api/session", anybody, a.signIn, open, nil},
		{"GET", "/api/session", known, a.getSession, guarded, nil},
		{"DELETE", "/api/session", known, a.signOut, guarded, nil},
		{"POST", "/api/session/confirm", known, a.confirmSession, guarded, client.ConfirmPassword{}},
		{"GET", "/api/sessions", known, a.listSessions, guarded, nil},
		{"DELETE", "/api/sessions", known, a.signOutEverywhere, guarded, nil},
		{"DELETE", "/api/sessions/:id", known, a.endSession, guarded, nil},

		{"POST", "/oauth/token", anybody, a.oauthToken, asClient, nil},
		{"POST", "/oauth/introspect", anybody, a.oauthIntrospect, asClient, nil},
		{"POST", "/oauth/revoke", anybody, a.oauthRevoke, asClient, nil},
		{"GET", "/.well-known/oauth-authorization-server", anybody, a.oauthMetadata, free, nil},
		{"GET", "/.well-known/jwks.json", anybody, a.jwks, free, nil},

		{"POST", "/api/signup", anybody, a.signUp, open, nil},
		{"POST", "/api/email/confirm", anybody, a.confirmEmail, open, nil},
		{"POST", "/api/password/forgotten", anybody, a.forgotPassword, open, nil},
		{"POST", "/api/password/reset", anybody, a.resetPassword, open, nil},
		{"POST", "/api/password/change", known, a.changePassword, guarded, client.ChangePassword{}},
	}
}

func (a *API) peopleRoutes() []route {
	known, staff, may := auth.IsAuthenticated(), auth.IsAdminUser(), auth.HasScope
	return []route{
		{"GET", "/api/me", known, a.me, guarded, nil},
		{"PATCH", "/api/me", known, a.patchMe, guarded, client.MeSettings{}},
		{"PUT", "/api/me", known, a.patchMe, guarded, client.MeSettings{}},
		{"POST", "/api/me/otp", known, a.beginOTP, guarded, nil},
		{"POST", "/api/me/otp/enable", known, a.enableOTP, guarded, client.OTPCode{}},
		{"POST", "/api/me/otp/disable", known, a.disableOTP, guarded, client.ConfirmPassword{}},
		{"GET", "/api/me/identities", known, a.listIdentities, guarded, nil},
		{"DELETE", "/api/me/identities/:id", known, a.unlinkIdentity, guarded, nil},

		{"GET", "/api/users", staff, a.listUsers, guarded, nil},
		{"POST", "/api/users", staff, a.createUser, guarded, client.SetUser{}},
		{"GET", "/api/users/:id", known, a.getUser, guarded, nil},
		{"PATCH", "/api/users/:id", staff, a.patchUser, guarded, client.SetUser{}},
		{"PUT", "/api/users/:id", staff, a.patchUser, guarded, client.SetUser{}},
		{"DELETE", "/api/users/:id", staff, a.deleteUser, guarded, nil},
		{"DELETE", "/api/users/:id/otp", staff, a.resetOTP, guarded, nil},

		{"GET", "/api/organizations", known, a.listOrganizations, guarded, nil},
		{"POST", "/api/organizations", staff, a.createOrganization, guarded, client.OrganizationSettings{}},
		{"GET", "/api/organizations/:id", known, a.getOrganization, guarded, nil},
		{"PATCH", "/api/organizations/:id", may(keys.WriteOrganization), a.patchOrganization, guarded, client.OrganizationSettings{}},
		{"PUT", "/api/organizations/:id", may(keys.WriteOrganization), a.patchOrganization, guarded, client.OrganizationSettings{}},
		{"DELETE", "/api/organizations/:id", staff, a.deleteOrganization, guarded, nil},
		{"GET", "/api/organizations/:id/members", may(keys.ReadMembers), a.listMembers, guarded, nil},
		{"POST", "/api/organizations/:id/members", may(keys.WriteMembers), a.addMember, guarded, client.AddMember{MemberSettings: client.MemberSettings{Role: string(auth.Developer)}}},
		{"GET", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), a.getMember, guarded, nil},
		{"PATCH", "/api/organizations/:id/members/:user_id", may(keys.WriteMembers), a.patchMember, guarded, client.MemberSettings{}},
		{"PUT", "/api/organizations/:id/members/:user_id", may(keys.WriteMembers), a.patchMember, guarded, client.MemberSettings{}},
		{"DELETE", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), a.removeMember, guarded, nil},
		{"GET", "/api/organizations/:id/invitations", may(keys.WriteMembers), a.listInvitations, guarded, nil},
		{"POST", "/api/organizations/:id/invitations", may(keys.WriteMembers), a.invite, guarded, client.Invite{MemberSettings: client.MemberSettings{Role: string(auth.Developer)}}},
		{"DELETE", "/api/organizations/:id/invitations/:invitation_id", may(keys.WriteMembers), a.withdrawInvitation, guarded, nil},

		{"POST", "/api/invitations/accept", known, a.acceptInvitation, guarded, client.LinkToken{}},
	}
}

func (a *API) keyRoutes() []route {
	staff, may := auth.IsAdminUser(), auth.HasScope
	return []route{
		{"GET", "/api/service-accounts", may(keys.ReadAccounts), a.listAccounts, guarded, nil},
		{"POST", "/api/service-accounts", may(keys.WriteAccounts), a.createAccount, guarded, client.CreateServiceAccount{ServiceAccountSettings: client.ServiceAccountSettings{Scopes: []string{}, AllowedNetworks: []string{}}}},
		{"GET", "/api/service-accounts/:id", may(keys.ReadAccounts), a.getAccount, guarded, nil},
		{"PATCH", "/api/service-accounts/:id", may(keys.WriteAccounts), a.patchAccount, guarded, client.ServiceAccountSettings{}},
		{"PUT", "/api/service-accounts/:id", may(keys.WriteAccounts), a.patchAccount, guarded, client.ServiceAccountSettings{}},
		{"DELETE", "/api/service-accounts/:id", may(keys.WriteAccounts), a.deleteAccount, guarded, nil},
		{"POST", "/api/service-accounts/:id/transfer", may(keys.WriteOrganization), a.transferAccount, guarded, client.TransferServiceAccount{}},
		{"PUT", "/api/service-accounts/:id/override", staff, a.setOverride, guarded, client.Override{}},
		{"POST", "/api/service-accounts/:id/limits/reset", staff, a.resetAccountLimits, guarded, nil},
		{"DELETE", "/api/service-accounts/:id/override", staff, a.endOverride, guarded, nil},
		{"GET", "/api/service-accounts/:id/certificates", may(keys.ReadAccounts), a.listCertificates, guarded, nil},
		{"POST", "/api/service-accounts/:id/certificates", may(keys.WriteAccounts), a.addCertificate, guarded, client.AddCertificate{}},
		{"GET", "/api/service-accounts/:id/certificates/:certificate_id", may(keys.ReadAccounts), a.getCertificate, guarded, nil},
		{"DELETE", "/api/service-accounts/:id/certificates/:certificate_id", may(keys.WriteAccounts), a.removeCertificate, guarded, nil},

		{"GET", "/api/clients", may(keys.ReadAccounts), a.listAccounts, guarded, nil},

		{"GET", "/api/keys", may(keys.ReadKeys), a.listKeys, guarded, nil},
		{"POST", "/api/keys", may(keys.WriteKeys), a.createKey, guarded, client.CreateKey{Environment: string(keys.Live), KeySettings: client.KeySettings{AllowedNetworks: []string{}}}},
		{"POST", "/api/keys/find", staff, a.findKeys, guarded, client.FindKeys{}},
		{"GET", "/api/keys/:id", may(keys.ReadKeys), a.getKey, guarded, nil},
		{"PATCH", "/api/keys/:id", may(keys.WriteKeys), a.patchKey, guarded, client.KeySettings{}},
		{"PUT", "/api/keys/:id", may(keys.WriteKeys), a.patchKey, guarded, client.KeySettings{}},
		{"DELETE", "/api/keys/:id", may(keys.WriteKeys), a.deleteKey, guarded, nil},
		{"POST", "/api/keys/:id/rotate", may(keys.WriteKeys), a.rotateKey, guarded, client.RotateKey{}},
		{"POST", "/api/keys/:id/limits/reset", staff, a.resetKeyLimits, guarded, nil},
		{"POST", "/api/keys/:id/revoke", may(keys.WriteKeys), a.revokeKey, guarded, client.RevokeKey{}},
	}
}

// providerRoutes are about many organizations, or none.
func (a *API) providerRoutes() []route {
	known, staff := auth.IsAuthenticated(), auth.IsAdminUser()
	return []route{
		{"GET", "/api/incidents", staff, a.listIncidents, guarded, nil},
		{"POST", "/api/incidents", staff, a.createIncident, guarded, client.CreateIncident{}},
		{"GET", "/api/incidents/:id", staff, a.getIncident, guarded, nil},
		{"POST", "/api/incidents/:id/continue", staff, a.continueIncident, guarded, nil},
		{"POST", "/api/incidents/:id/undo", staff, a.undoIncident, guarded, nil},

		{"GET", "/api/tiers", known, a.listTiers, guarded, nil},
		{"POST", "/api/tiers", staff, a.createTier, guarded, client.CreateTier{}},
		{"GET", "/api/tiers/:name", known, a.getTier, guarded, nil},
		{"PATCH", "/api/tiers/:name", staff, a.patchTier, guarded, client.TierSettings{}},
		{"PUT", "/api/tiers/:name", staff, a.patchTier, guarded, client.TierSettings{}},
		{"DELETE", "/api/tiers/:name", staff, a.deleteTier, guarded, nil},
		{"POST", "/api/tiers/:name/preview", staff, a.previewTier, guarded, client.TierSettings{}},

		{"GET", "/api/scopes", known, a.listScopes, guarded, nil},
		{"POST", "/api/scopes", staff, a.createScope, guarded, client.CreateScope{}},
		{"GET", "/api/scopes/:name", known, a.getScope, guarded, nil},
		{"PATCH", "/api/scopes/:name", staff, a.patchScope, guarded, client.ScopeSettings{}},
		{"PUT", "/api/scopes/:name", staff, a.patchScope, guarded, client.ScopeSettings{}},
		{"DELETE", "/api/scopes/:name", staff, a.deleteScope, guarded, nil},
		{"GET", "/api/scopes/:name/holders", staff, a.scopeHolders, guarded, nil},
		{"POST", "/api/scopes/:name/rename", staff, a.renameScope, guarded, client.RenameScope{Keep: client.Duration(standardKeep)}},
		{"POST", "/api/scopes/:name/retire", staff, a.retireScope(true), guarded, nil},
		{"POST", "/api/scopes/:name/restore", staff, a.retireScope(false), guarded, nil},
	}
}
