package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// kinds are the principals of the walk, in the order of the columns below.
// Each belongs to the organization of the own object but for the last, whose
// key is of another one.
const kinds = "anonymous wrong stranger viewer developer owner admin bare scoped outsider"

// walk is what each kind of principal is answered: anonymous, with a wrong
// credential, a signed-in user without membership, viewer, developer, owner,
// the provider's staff, a key without scopes, a key with exactly the scope of
// the operation, and such a key of another organization. foreign is the same
// about an object of an organization that nobody of them is in; - is no such
// thing. scope is that of the key where the document names none.
var walk = []struct {
	operations   string
	scope        string
	own, foreign string
}{
	//                                                            anon wrong strng viewr devlp owner admin bare scopd outsd
	{"healthz readyz contract reference", "" /*              */, "200 200 200 200 200 200 200 200 200 200", "-"},
	{"metrics", "" /*                                        */, "401 401 403 403 403 403 200 403 200 200", "-"},
	{"me listTiers getTier listScopes getScope", "" /*       */, "401 401 200 200 200 200 200 200 200 200", "-"},
	{"jwks oauthMetadata", "" /*                             */, "200 200 200 200 200 200 200 200 200 200", "-"},
	{"apiRoot", "" /*                                        */, "200 401 200 200 200 200 200 200 200 200", "-"},
	{"obtainToken refreshToken verifyToken blacklistToken", "", "200 200 200 200 200 200 200 200 200 200", "-"},
	{"signIn oauthToken oauthIntrospect oauthRevoke", "" /*  */, "200 200 200 200 200 200 200 200 200 200", "-"},
	{"listTokens listSessions", "" /*                        */, "401 401 200 200 200 200 200 200 200 200", "-"},
	{"createToken", "" /*                                    */, "401 401 201 201 201 201 201 403 403 403", "-"},
	{"getToken", "" /*                                       */, "401 401 404 404 404 404 200 404 404 404", "-"},
	{"revokeToken endSession", "" /*                         */, "401 401 404 404 404 404 204 404 404 404", "-"},
	{"changeMe replaceMe beginOTP changePassword", "" /*               */, "401 401 200 200 200 200 200 403 403 403", "-"},
	{"enableOTP disableOTP", "" /*                           */, "401 401 409 409 409 409 200 403 403 403", "-"},
	{"listIdentities", "" /*                                 */, "401 401 200 200 200 200 200 200 200 200", "-"},
	{"unlinkIdentity", "" /*                                 */, "401 401 404 404 404 404 204 404 404 404", "-"},
	{"signUp forgotPassword", "" /*                          */, "202 202 202 202 202 202 202 202 202 202", "-"},
	{"confirmEmail resetPassword", "" /*                     */, "200 200 200 200 200 200 200 200 200 200", "-"},
	{"acceptInvitation", "" /*                               */, "401 401 403 403 403 403 200 403 403 403", "-"},
	{"getSession", "" /*                                     */, "401 401 200 200 200 200 200 409 409 409", "-"},
	{"confirmSession", "", "401 401 409 409 409 409 200 409 409 409", "-"}, // who has no password signs in again
	{"signOut", "" /*                                        */, "401 401 204 204 204 204 204 409 409 409", "-"},
	{"signOutEverywhere", "" /*                              */, "401 401 204 204 204 204 204 403 403 403", "-"},

	{"gitleaksRule trufflehogDetector keyShape gitLabTokenTypes reportLeakGitHub", "", "200 200 200 200 200 200 200 200 200 200", "-"},
	{"reportLeak reportLeakSigned", "" /*                    */, "202 202 202 202 202 202 202 202 202 202", "-"},
	{"revokeHeld reportLeakGitLab", "" /*                    */, "204 204 204 204 204 204 204 204 204 204", "-"},
	{"listLeaks", "" /*                                      */, "401 401 403 403 403 403 200 403 403 403", "-"},

	{"verifySelf", "" /*                                     */, "401 401 401 401 401 401 401 200 200 200", "-"},
	{"verifyAsked", "", "401 401 403 403 200 200 200 403 200 200", "401 401 403 403 200 200 200 403 200 200"},

	{"createTier createScope createOrganization createUser createIncident", "", "401 401 403 403 403 403 201 403 403 403", "-"},
	{"resetKeyLimits resetAccountLimits", "" /*              */, "401 401 403 403 403 403 200 403 403 403", "-"},
	{"setOverride endOverride previewTier", "" /*            */, "401 401 403 403 403 403 200 403 403 403", "-"},
	{"getScopeHolders renameScope retireScope restoreScope findKeys", "", "401 401 403 403 403 403 200 403 403 403", "-"},
	{"changeTier changeScope changeUser replaceTier replaceScope replaceUser", "", "401 401 403 403 403 403 200 403 403 403", "-"},
	{"deleteTier deleteScope deleteUser resetOTP", "" /*     */, "401 401 403 403 403 403 204 403 403 403", "-"},
	{"listNodes", "" /*                                      */, "401 401 403 403 403 403 200 403 403 403", "-"},
	{"listIncidents getIncident undoIncident", "" /*         */, "401 401 403 403 403 403 200 403 403 403", "-"},
	{"continueIncident", "" /*                               */, "401 401 403 403 403 403 409 403 403 403", "-"},
	{"createImport", "" /*                                   */, "401 401 403 403 403 403 202 403 403 403", "-"},
	{"listImports getImport getImportsInUse getExport", "" /**/, "401 401 403 403 403 403 200 403 403 403", "-"},
	{"listUsers", "" /*                                      */, "401 401 403 403 403 403 200 403 403 403", "-"},
	{"getUser", "" /*                                        */, "401 401 404 404 404 404 200 404 404 404", "-"},

	{"listOrganizations", "organizations:read" /*            */, "401 401 200 200 200 200 200 200 200 200", "-"},
	{"getOrganization", "organizations:read", "401 401 404 200 200 200 200 404 200 404", "401 401 404 404 404 404 200 404 404 404"},
	{"changeOrganization replaceOrganization", "", "401 401 403 403 403 200 200 403 200 404", "401 401 403 403 403 404 200 403 404 404"},
	{"deleteOrganization", "", "401 401 403 403 403 403 409 403 403 403", "401 401 403 403 403 403 409 403 403 403"},

	// A key that may manage members, and nothing else, gives no role: each may read more than it does.
	{"listMembers getMember", "", "401 401 403 200 200 200 200 403 200 404", "401 401 403 404 404 404 200 403 404 404"},
	{"addMember", "", "401 401 403 403 403 201 201 403 403 404", "401 401 403 403 403 404 201 403 404 404"},
	{"changeMember replaceMember", "", "401 401 403 403 403 200 200 403 403 404", "401 401 403 403 403 404 200 403 404 404"},
	{"removeMember", "", "401 401 403 403 403 204 204 403 403 404", "401 401 403 404 404 404 204 403 404 404"},

	{"listInvitations", "", "401 401 403 403 403 200 200 403 200 404", "401 401 403 403 403 404 200 403 404 404"},
	{"invite", "", "401 401 403 403 403 201 201 403 403 404", "401 401 403 403 403 404 201 403 404 404"},
	{"withdrawInvitation", "", "401 401 403 403 403 204 204 403 204 404", "401 401 403 403 403 404 204 403 404 404"},

	{"listServiceAccounts listClients listKeys", "", "401 401 403 200 200 200 200 403 200 200", "401 401 403 200 200 200 200 403 200 200"},
	{"getServiceAccount getKey listExposures", "", "401 401 403 200 200 200 200 403 200 404", "401 401 403 404 404 404 200 403 404 404"},
	{"createServiceAccount createKey", "", "401 401 403 403 201 201 201 403 201 400", "401 401 403 403 400 400 201 403 400 400"},
	{
		"changeServiceAccount changeKey replaceServiceAccount replaceKey revokeKey", "" /*       */, "401 401 403 403 200 200 200 403 200 404",
		"401 401 403 403 404 404 200 403 404 404",
	},
	{"rotateKey", "", "401 401 403 403 201 201 201 403 201 404", "401 401 403 403 404 404 201 403 404 404"},
	// A certificate acts as its account, whose scopes a key with another one lacks.
	{"listCertificates getCertificate", "", "401 401 403 200 200 200 200 403 200 404", "401 401 403 404 404 404 200 403 404 404"},
	{"addCertificate", "", "401 401 403 403 201 201 201 403 403 404", "401 401 403 403 404 404 201 403 404 404"},
	{"removeCertificate", "", "401 401 403 403 204 204 204 403 204 404", "401 401 403 403 404 404 204 403 404 404"},
	{"deleteServiceAccount", "", "401 401 403 403 409 409 409 403 409 404", "401 401 403 403 404 404 409 403 404 404"},
	// Nobody in the table is in the organization that it goes to, but for the staff.
	{"transferServiceAccount", "", "401 401 403 403 403 400 200 403 400 404", "401 401 403 403 403 404 200 403 404 404"},
	{"deleteKey", "", "401 401 403 403 204 204 204 403 204 404", "401 401 403 403 404 404 204 403 404 404"},

	{"getUsage", "", "401 401 403 200 200 200 200 403 200 200", "401 401 403 200 200 200 200 403 200 200"},
	{"getKeyUsage listRefusals", "", "401 401 403 200 200 200 200 403 200 404", "401 401 403 404 404 404 200 403 404 404"},
	{"listWebhookEventTypes", "" /*                          */, "401 401 200 200 200 200 200 200 200 200", "-"},
	{"listWebhooks", "", "401 401 403 403 403 200 200 403 200 200", "401 401 403 403 403 200 200 403 200 200"},
	{
		"getWebhook listWebhookDeliveries getWebhookDelivery testWebhook rotateWebhookSecret resendWebhookDelivery " +
			"resendWebhookRange", "" /*       */, "401 401 403 403 403 200 200 403 200 404",
		"401 401 403 403 403 404 200 403 404 404",
	},
	// Who may not read the audit log makes no webhook that hears it.
	{"changeWebhook", "", "401 401 403 403 403 200 200 403 403 404", "401 401 403 403 403 404 200 403 404 404"},
	{"createWebhook", "", "401 401 403 403 403 201 201 403 403 400", "401 401 403 403 403 400 201 403 400 400"},
	{"deleteWebhook", "", "401 401 403 403 403 204 204 403 204 404", "401 401 403 403 403 404 204 403 404 404"},
	{"listAuditEvents", "", "401 401 403 403 200 200 200 403 200 200", "401 401 403 403 200 200 200 403 200 200"},
}

// expected returns the row of the operation.
func expected(t *testing.T, o *operation) (scope string, own, foreign []string) {
	t.Helper()
	for _, row := range walk {
		if slices.Contains(strings.Fields(row.operations), o.OperationID) {
			scope = o.scope()
			if scope == "" && row.scope != "" {
				scope = "latchkey:" + row.scope
			}
			if scope == "" {
				scope = "latchkey:*"
			}
			return scope, strings.Fields(row.own), strings.Fields(row.foreign)
		}
	}
	t.Fatalf("%s has no row in the table of permissions", o)
	return "", nil, nil
}

// cast makes the principals of the walk about the tenant.
func (s *suite) cast(t *testing.T, kind, scope string, x tenant, elsewhere string) credential {
	t.Helper()
	switch kind {
	case "anonymous":
		return anonymous
	case "wrong":
		return byKey(unknownKey(t))
	case "stranger":
		_, as := s.user(t, "", "")
		return as
	case "viewer", "developer", "owner":
		_, as := s.user(t, auth.Role(kind), x.organization)
		return as
	case "admin":
		if s.staff.ID == "" {
			return s.admin(t)
		}
		return s.session(t, s.staff.ID)
	case "bare":
		return byKey(s.keyWith(t, x.organization, "invoices:read"))
	case "scoped":
		return byKey(s.keyWith(t, x.organization, scope))
	case "outsider":
		return byKey(s.keyWith(t, elsewhere, scope))
	default:
		t.Fatalf("there is no kind of principal %q", kind)
		return nil
	}
}

// unknownKey returns a key of the right shape that nobody issued.
func unknownKey(t *testing.T) string {
	t.Helper()
	format, err := keys.NewFormat(keys.DefaultBrand)
	must(t, err)
	return format.New(keys.Live).Reveal()
}

// TestPermissions walks every operation of the document as every kind of
// principal, about an own object and about one of another organization.
// What is refused changes nothing.
func TestPermissions(t *testing.T) {
	t.Parallel()
	for column, kind := range strings.Fields(kinds) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSuite(t, settings{})
			elsewhere := s.tenant(t).organization
			own, foreign := s.tenant(t), s.tenant(t)
			made := map[string]credential{}
			for _, o := range contract.operations {
				scope, ownRow, foreignRow := expected(t, o)
				as := made[scope+own.organization]
				if as == nil {
					as = s.cast(t, kind, scope, own, elsewhere)
					made[scope+own.organization] = as
				}
				own = s.step(t, o, own, as, "own", ownRow[column])
				if foreignRow[0] != "-" {
					foreign = s.step(t, o, foreign, as, "foreign", foreignRow[column])
					s.hides(t, o, foreign, as, kind)
				}
			}
		})
	}
}

// step sends the good request of the operation about the tenant and returns
// the tenant to go on with: a new one where this one was changed.
func (s *suite) step(t *testing.T, o *operation, x tenant, as credential, whose, status string) tenant {
	t.Helper()
	want, err := strconv.Atoi(status)
	must(t, err)
	c := s.good(t, o, x, as)
	writes := s.store.writes.Load()
	got := s.send(t, c)
	if got.status != want {
		t.Errorf("%s about the %s object: %d %s, want %d", o, whose, got.status, got.body, want)
	}
	if got.status < 300 {
		if o.modifies() {
			return s.tenant(t)
		}
		return x
	}
	if o.takes("header", "If-Match") {
		c.header = map[string]string{"If-Match": `"77"`}
		if again := s.send(t, c); again.status != got.status && got.status != http.StatusConflict {
			t.Errorf("%s about the %s object is answered %d, with If-Match %d: that tells whether it exists", o, whose, got.status, again.status)
		}
	}
	if s.store.writes.Load() != writes {
		t.Errorf("%s about the %s object was refused by %d and wrote to the store", o, whose, got.status)
	}
	return x
}

// hides checks that lists show nothing of an organization that the principal
// is not in, and verification nothing of its keys.
func (s *suite) hides(t *testing.T, o *operation, foreign tenant, as credential, kind string) {
	t.Helper()
	if kind == "admin" {
		return
	}
	got := s.send(t, s.good(t, o, foreign, as))
	if got.status != http.StatusOK {
		return
	}
	switch {
	case o.OperationID == "verifyAsked":
		var d client.VerifyResponse
		must(t, json.Unmarshal(got.body, &d))
		if d.Code != string(verify.NotFound) || d.KeyID != "" {
			t.Errorf("a foreign key gets %s", got.body)
		}
	case strings.HasPrefix(o.OperationID, "list"):
		var page client.List[json.RawMessage]
		must(t, json.Unmarshal(got.body, &page))
		if len(page.Items) > 0 {
			t.Errorf("%s shows of a foreign organization %s", o, got.body)
		}
	}
}

// objects is everything that the store holds but sessions and last uses.
func (s *suite) objects(t *testing.T) string {
	t.Helper()
	ctx, all := t.Context(), keys.Page{Limit: 10_000}
	var b strings.Builder
	add := func(what any, err error) {
		must(t, err)
		fmt.Fprintln(&b, mustJSON(t, what))
	}
	organizations, err := s.store.Store.Organizations().List(ctx, keys.OrganizationFilter{}, all)
	add(organizations, err)
	accounts, err := s.store.Store.ServiceAccounts().List(ctx, keys.AccountFilter{}, all)
	add(accounts, err)
	issued, err := s.store.Store.Keys().List(ctx, keys.KeyFilter{}, all)
	add(issued, err)
	tiers, err := s.store.Store.Tiers().List(ctx, keys.NoFilter{}, all)
	add(tiers, err)
	scopes, err := s.store.Store.Scopes().List(ctx, keys.NoFilter{}, all)
	add(scopes, err)
	users, err := s.store.Store.Users().List(ctx, auth.UserFilter{}, all)
	add(users, err)
	members, err := s.store.Store.Memberships().List(ctx, auth.MembershipFilter{}, all)
	add(members, err)
	return b.String()
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}
