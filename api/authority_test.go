package api_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// bounded is a key that is bounded in one way, and what else of its
// organization it may try to widen.
type bounded struct {
	suite                 *suite
	organization, account string
	secret                string // of its key
	as                    credential
	now, ends             time.Time
}

const (
	mayManage = "latchkey:keys:*"
	ownScope  = "invoices:read"
	beyondIt  = "invoices:write"
)

// bounds are the actors of the table: each is bounded in one dimension alone.
func (s *suite) bounds(t *testing.T) map[string]bounded {
	t.Helper()
	all := map[string]bounded{}
	_, err := s.Keys.CreateTier(t.Context(), auth.System(), "roomy", keys.TierFields{
		Title: "Roomy", MaxKeys: 1000, RateLimit: &ratelimit.Rule{Requests: 100, Per: 10 * time.Second, Burst: 100},
	})
	must(t, err)
	for dimension, in := range map[string]keys.IssueInput{
		"scopes":           {KeyFields: keys.KeyFields{Scopes: []string{mayManage, "latchkey:service-accounts:*", ownScope}}},
		"environment":      {Environment: keys.Test},
		"expires_at":       {KeyFields: keys.KeyFields{ExpiresAt: s.now().Add(time.Hour)}},
		"allowed_networks": {KeyFields: keys.KeyFields{AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}},
		"rate_limit":       {KeyFields: keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 10, Per: 10 * time.Second, Burst: 10}}},
	} {
		o, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: dimension})
		must(t, err)
		b := bounded{suite: s, organization: o.ID, now: s.now(), ends: s.now().Add(time.Hour)}
		b.account = s.account(t, o.ID, keys.AccountFields{Tier: "roomy", Scopes: []string{"latchkey:*", ownScope, beyondIt}})
		in.ServiceAccountID, in.Name = b.account, "actor"
		_, secret, err := s.Keys.Issue(t.Context(), auth.System(), in)
		must(t, err)
		b.secret = secret.Reveal()
		b.as = byKey(b.secret)
		all[dimension] = b
	}
	return all
}

// tokens are the same actors by access tokens: of their keys, and where the
// dimension is scopes, narrowed from a key that has all.
func (s *suite) tokens(t *testing.T, actors map[string]bounded) map[string]bounded {
	t.Helper()
	all := map[string]bounded{}
	for dimension, b := range actors {
		r, more := robot{account: b.account, secret: b.secret}, []string{"grant_type", "client_credentials"}
		if dimension == "scopes" {
			_, r.secret = s.issue(t, b.account, keys.KeyFields{})
			more = append(more, "scope", mayManage+" latchkey:service-accounts:* "+ownScope)
		}
		token, _ := want[oauth.Token](t, s, 200, form("/oauth/token", r.with(more...)))
		b.as, b.ends = byBearer(token.AccessToken), s.now().Add(oauth.DefaultLife).Truncate(time.Second)
		all[dimension] = b
	}
	return all
}

// levels are values of each dimension below, at and beyond what its actor has,
// with what a change must begin from to be a change at all.
var levels = map[string]map[string]any{
	"scopes":      {"below": []string{}, "equal": []string{ownScope}, "beyond": []string{beyondIt}},
	"environment": {"equal": "test", "beyond": "live"},
	"expires_at":  {"below": -time.Minute, "equal": time.Duration(0), "beyond": time.Second, "never": nil},
	"allowed_networks": {
		"below": []string{"192.0.2.10/32"}, "equal": []string{"192.0.2.0/24"}, "beyond": []string{"192.0.0.0/16"},
		"everywhere": []string{},
	},
	"rate_limit": {"below": tenSeconds(5), "equal": tenSeconds(10), "beyond": tenSeconds(11), "the tier's": nil},
}

func tenSeconds(n int) map[string]any { return map[string]any{"requests": n, "per": "10s", "burst": n} }

// value is the level as a request has it.
func (b bounded) value(level any) any {
	if d, ok := level.(time.Duration); ok {
		return b.ends.Add(d).Format(time.RFC3339Nano)
	}
	return level
}

// within reports whether the level is one that the actor may confer. What is not
// said when something is made is the actor's own.
func within(level string, value any, made bool) bool {
	return level == "below" || level == "equal" || (made && value == nil)
}

// key makes a key with the fields, by staff.
func (b bounded) key(t *testing.T, fields map[string]any) string {
	t.Helper()
	body := map[string]any{"service_account_id": b.account, "name": "target"}
	for name, value := range fields {
		body[name] = value
	}
	k, _ := want[client.IssuedKey](t, b.suite, 201, call{method: "POST", path: "/api/keys", as: b.suite.admin(t), body: body})
	return k.ID
}

// narrow is what a key has that is below every actor.
func (b bounded) narrow() map[string]any {
	return map[string]any{
		"environment": "test", "scopes": []string{}, "allowed_networks": []string{"192.0.2.10/32"}, "rate_limit": tenSeconds(5),
		"expires_at": b.now.Add(time.Minute).Format(time.RFC3339Nano),
	}
}

// with is narrow but for one member, which is left out if the value is nil and
// something is made.
func (b bounded) with(dimension string, value any) map[string]any {
	fields := b.narrow()
	fields[dimension] = b.value(value)
	return fields
}

// TestNobodyGrantsMoreThanTheyHave tries each way to confer power by a key, in
// each dimension, below, at and beyond what the actor, a key or a token, has.
func TestNobodyGrantsMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	actors := s.bounds(t)
	t.Run("by a key", func(t *testing.T) { triesEach(t, actors) })
	t.Run("by a token", func(t *testing.T) { triesEach(t, s.tokens(t, actors)) })
}

func triesEach(t *testing.T, actors map[string]bounded) {
	t.Helper()
	for dimension, b := range actors {
		for level, value := range levels[dimension] {
			what := fmt.Sprintf("%s %s", dimension, level)
			b.tries(t, "issue "+what, dimension, within(level, value, true), 201, func() call {
				body := b.with(dimension, value)
				body["service_account_id"], body["name"] = b.account, "made"
				return call{method: "POST", path: "/api/keys", as: b.as, body: body}
			})
			b.tries(t, "rotate "+what, dimension, within(level, value, dimension == "expires_at"), 201, func() call {
				if dimension == "expires_at" {
					return call{
						method: "POST", path: "/api/keys/" + b.key(t, b.narrow()) + "/rotate", as: b.as, body: map[string]any{"expires_at": b.value(value)},
					}
				}
				return call{method: "POST", path: "/api/keys/" + b.key(t, b.with(dimension, value)) + "/rotate", as: b.as}
			})
			if dimension != "environment" { // no key changes its own
				b.tries(t, "change "+what, dimension, within(level, value, false), 200, func() call {
					return call{method: "PATCH", path: "/api/keys/" + b.key(t, b.narrow()), as: b.as, body: map[string]any{dimension: b.value(value)}}
				})
				b.tries(t, "replace "+what, dimension, within(level, value, false), 200, func() call {
					body := b.with(dimension, value)
					delete(body, "environment")
					body["name"] = "target"
					return call{method: "PUT", path: "/api/keys/" + b.key(t, b.narrow()), as: b.as, body: body}
				})
			}
			b.tries(t, "enable "+what, dimension, within(level, value, false), 200, func() call {
				fields := b.with(dimension, value)
				fields["disabled"] = true
				return call{method: "PATCH", path: "/api/keys/" + b.key(t, fields), as: b.as, body: map[string]any{"disabled": false}}
			})
		}
	}
}

// tries sends the call, which succeeds with the status or is refused with the
// name of the dimension.
func (b bounded) tries(t *testing.T, what, field string, ok bool, status int, make func() call) {
	t.Helper()
	c := make()
	got := b.suite.send(t, c)
	if ok {
		if got.status != status {
			t.Errorf("%s: %d %s, want %d", what, got.status, got.body, status)
		}
		return
	}
	if p := problemOf(t, got); got.status != 403 || p.Code != "permission_denied" || !names(p, field) {
		t.Errorf("%s: %d %s, want 403 that names %s", what, got.status, got.body, field)
	}
}

// TestCertificatesConferNoMore: a certificate acts as its account, so that only
// whoever has all of its scopes, and no bounds that it lacks, registers one.
func TestCertificatesConferNoMore(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	actors := s.bounds(t)
	fingerprint := func() string { return fmt.Sprintf("%064x", s.count.Add(1)) }
	for dimension, b := range actors {
		plain := b
		open := s.account(t, b.organization, keys.AccountFields{Scopes: []string{ownScope}})
		for level, value := range levels[dimension] {
			body := map[string]any{"name": "gateway", "fingerprint": fingerprint()}
			ok := within(level, value, true)
			field := dimension
			account := open
			switch dimension {
			case "scopes":
				account = s.account(t, b.organization, keys.AccountFields{Scopes: value.([]string)})
			case "expires_at":
				body["expires_at"] = b.value(value)
			case "allowed_networks":
				networks := []netip.Prefix{}
				for _, n := range value.([]string) {
					networks = append(networks, netip.MustParsePrefix(n))
				}
				account = s.account(t, b.organization, keys.AccountFields{Scopes: []string{ownScope}, AllowedNetworks: networks})
			default: // a certificate has no environment and no limit of its own
				ok = false
			}
			plain.tries(t, fmt.Sprintf("certificate %s %s", dimension, level), field, ok, 201, func() call {
				return call{method: "POST", path: "/api/service-accounts/" + account + "/certificates", as: b.as, body: body}
			})
		}
	}
	b := actors["expires_at"]
	made, _ := want[client.Certificate](t, s, 201, call{
		method: "POST", path: "/api/service-accounts/" + s.account(t, b.organization, keys.AccountFields{Scopes: []string{}}) +
			"/certificates", as: b.as,
		body: map[string]any{"name": "gateway", "fingerprint": fingerprint()},
	})
	if made.ExpiresAt == nil || !made.ExpiresAt.Equal(b.ends.Truncate(time.Millisecond)) {
		t.Errorf("a certificate of which nothing is said ends %v, want the end of what made it", made.ExpiresAt)
	}
}

// TestACertificateIsNoWayUp: a developer who puts their certificate on an
// account with more than they have would act as it.
func TestACertificateIsNoWayUp(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	_, developer := s.user(t, auth.Developer, x.organization)
	_, owner := s.user(t, auth.Owner, x.organization)
	for scope, may := range map[string]string{
		"latchkey:*": "owner", string(keys.VerifyAllKeys): "", ownScope: "owner developer", "latchkey:members:write": "owner",
	} {
		account := s.account(t, x.organization, keys.AccountFields{Scopes: []string{scope}})
		for role, as := range map[string]credential{"developer": developer, "owner": owner} {
			bounded{suite: s}.tries(t, role+" on "+scope, "scopes", strings.Contains(may, role), 201, func() call {
				return call{
					method: "POST", path: "/api/service-accounts/" + account + "/certificates", as: as, body: map[string]any{
						"name":        "c",
						"fingerprint": fmt.Sprintf("%064x", s.count.Add(1)),
					},
				}
			})
		}
	}
}

// TestBoundedKeysWidenNoAccount: what an account gets all of its keys get,
// however long they live and wherever they are used.
func TestBoundedKeysWidenNoAccount(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	actors := s.bounds(t)
	for dimension, b := range actors {
		fields := keys.AccountFields{Scopes: []string{}, AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("192.0.2.10/32")}}
		for member, value := range map[string]any{"scopes": []string{beyondIt}, "allowed_networks": []string{}} {
			target := s.account(t, b.organization, fields)
			b.tries(t, dimension+" widens "+member, member, dimension+member == "scopesallowed_networks" || dimension+
				member == "allowed_networksscopes", 200, func() call {
				return call{method: "PATCH", path: "/api/service-accounts/" + target, as: b.as, body: map[string]any{member: value}}
			})
			b.tries(t, dimension+" renames", member, true, 200, func() call {
				return call{method: "PATCH", path: "/api/service-accounts/" + target, as: b.as, body: map[string]any{"name": "renamed"}}
			})
		}
		for member, value := range map[string]any{
			"tier": "gold", "rate_limit": tenSeconds(1000), "quota": map[string]any{"requests": 1000, "per": "month"},
		} {
			b.tries(t, dimension+" sets "+member, member, false, 0, func() call {
				return call{
					method: "POST", path: "/api/service-accounts", as: b.as, body: map[string]any{
						"organization_id": b.organization,
						"name":            "A", member: value,
					},
				}
			})
		}
	}
}

// TestScopesBeyondAnOrganizationAreTheStaffs: a key that has one hands it to no
// other account.
func TestScopesBeyondAnOrganizationAreTheStaffs(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	robot := byKey(s.keyWith(t, x.organization, "*", string(keys.VerifyAllKeys), string(keys.ReadMetrics)))
	for _, scope := range []string{string(keys.VerifyAllKeys), string(keys.ReadMetrics)} {
		body := map[string]any{"organization_id": x.organization, "name": "A", "scopes": []string{scope}}
		p := refused(t, s, 403, "permission_denied", call{method: "POST", path: "/api/service-accounts", as: robot, body: body})
		if !names(p, "scopes") {
			t.Errorf("%s: %+v", scope, p)
		}
		want[client.ServiceAccount](t, s, 201, call{method: "POST", path: "/api/service-accounts", as: s.admin(t), body: body})
	}
}

// TestBoundedKeysGiveNoRoles: a role has no end and holds everywhere.
func TestBoundedKeysGiveNoRoles(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	for dimension, b := range s.bounds(t) {
		_, secret := s.issue(t, s.account(t, b.organization, keys.AccountFields{Scopes: []string{"*"}}), keys.KeyFields{})
		unbounded := byKey(secret)
		newcomer, _ := s.user(t, "", "")
		path := "/api/organizations/" + b.organization
		bound := dimension != "scopes"
		for role, ok := range map[string]bool{"viewer": false, "developer": false, "owner": false} {
			if !bound && role == "viewer" {
				continue // it lacks the right to manage members at all
			}
			b.tries(t, dimension+" invites "+role, "", ok, 201, func() call {
				return call{
					method: "POST", path: path + "/invitations", as: b.as, body: map[string]any{
						"email": fmt.Sprintf("x%d@example.com", s.count.Add(1)), "role": role,
					},
				}
			})
			b.tries(t, dimension+" adds "+role, "", ok, 201, func() call {
				return call{method: "POST", path: path + "/members", as: b.as, body: map[string]any{"user_id": newcomer, "role": role}}
			})
		}
		want[client.Member](t, s, 201, call{
			method: "POST", path: path + "/members", as: unbounded, body: map[string]any{"user_id": newcomer, "role": "owner"},
		})
	}
}

// TestAKeyOfTheTiersPast: a key's own limit goes as far as its tier does now,
// and rotation hands on no more.
func TestAKeyOfTheTiersPast(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, ctx := s.tenant(t), t.Context()
	tier := func(name string, n int64) {
		t.Helper()
		_, err := s.Keys.CreateTier(ctx, auth.System(), name, keys.TierFields{Title: name, MaxKeys: 10, RateLimit: &ratelimit.Rule{
			Requests: n,
			Per:      10 * time.Second, Burst: n,
		}})
		must(t, err)
	}
	tier("large", 5000)
	tier("small", 100)
	account := s.account(t, x.organization, keys.AccountFields{Tier: "large", Scopes: []string{ownScope}})
	id, secret := s.issue(t, account, keys.KeyFields{RateLimit: &ratelimit.Rule{Requests: 5000, Per: 10 * time.Second, Burst: 5000}})
	limit := func(secret string) string {
		t.Helper()
		_, got := want[client.VerifyResponse](t, s, 200, call{method: "GET", path: "/verify", as: byKey(secret)})
		return strings.Join(valuesOf(got.header, "X-RateLimit-Limit"), " ")
	}
	before := limit(secret)
	_, err := s.Keys.ChangeAccount(ctx, auth.System(), account, keys.AnyRevision, func(f keys.AccountFields) (keys.AccountFields, error) {
		f.Tier = "small"
		return f, nil
	})
	must(t, err)
	if after := limit(secret); before != "5000" || after != "100" {
		t.Errorf("its limit was %s and is %s on the smaller tier, want 5000 and 100", before, after)
	}
	next, text, err := s.Keys.Rotate(ctx, auth.System(), id, keys.RotateInput{Revision: keys.AnyRevision, Grace: time.Hour})
	must(t, err)
	if next.RateLimit.Burst != 100 || limit(text.Reveal()) != "100" {
		t.Errorf("its successor has %s", next.RateLimit)
	}
	_, err = s.Keys.SetOverride(ctx, auth.System(), account, keys.AnyRevision, &keys.Override{
		KeyRateLimit: &ratelimit.Rule{Requests: 1000, Per: 10 * time.Second, Burst: 1000}, Until: s.now().Add(time.Hour),
	})
	must(t, err)
	if got := limit(secret); got != "1000" {
		t.Errorf("under an override of 1000 its limit is %s, want as much, of its own 5000", got)
	}
}

// TestEveryRouteThatConfersPowerIsTried: a route that changes something, and is
// not the staff's, says here what it confers, and which test tries that beyond the
// actor's own. A new one fails until it does.
func TestEveryRouteThatConfersPowerIsTried(t *testing.T) {
	t.Parallel()
	const (
		nothing = "nothing: it ends, reads or describes"
		oneself = "nothing: the caller acts as the user whose password, code or mailed link is sent"
	)
	confers := map[string]string{
		"createKey": "TestNobodyGrantsMoreThanTheyHave", "changeKey": "TestNobodyGrantsMoreThanTheyHave",
		"replaceKey": "TestNobodyGrantsMoreThanTheyHave", "rotateKey": "TestNobodyGrantsMoreThanTheyHave",
		"addCertificate":       "TestCertificatesConferNoMore, TestACertificateIsNoWayUp",
		"createServiceAccount": "TestBoundedKeysWidenNoAccount, TestScopesBeyondAnOrganizationAreTheStaffs",
		"changeServiceAccount": "TestBoundedKeysWidenNoAccount", "replaceServiceAccount": "TestBoundedKeysWidenNoAccount",
		"transferServiceAccount": "keys.TestWhoMayNotTransfer",
		"addMember":              "TestBoundedKeysGiveNoRoles", "changeMember": "auth.TestMembersAreNoWayUp",
		"replaceMember": "auth.TestMembersAreNoWayUp",
		"removeMember":  "auth.TestMembersAreNoWayUp", "invite": "TestBoundedKeysGiveNoRoles",
		"acceptInvitation": "TestAnInvitationEndsWithItsAuthorsRight",
		"createToken":      "TestATokenEndsWithWhatMadeIt, TestATokenOfAnotherSchemeEndsWithIt",
		"changePassword":   "TestNoTokenGivesAFirstPassword", "changeMe": "TestNoTokenGivesAFirstPassword",
		"replaceMe":  "TestNoTokenGivesAFirstPassword",
		"disableOTP": "TestNoTokenGivesAFirstPassword", "oauthToken": "TestATokenLivesNoLongerThanItsKey, TestTokensFollowTheScopesOfTheirKey",
		"changeOrganization": nothing, "replaceOrganization": nothing, "verifyAsked": nothing, "deleteServiceAccount": nothing,
		"removeCertificate": nothing,
		"createWebhook":     "TestPermissions, webhooks.TestWalls", "changeWebhook": "TestPermissions, webhooks.TestWalls",
		"deleteWebhook": nothing, "rotateWebhookSecret": nothing, "testWebhook": nothing, "resendWebhookDelivery": nothing,
		"resendWebhookRange": nothing,
		"deleteKey":          nothing, "revokeKey": nothing, "revokeHeld": nothing, "reportLeak": nothing, "reportLeakGitHub": nothing,
		"reportLeakGitLab": nothing, "reportLeakSigned": nothing, "withdrawInvitation": nothing, "beginOTP": nothing, "enableOTP": nothing,
		"unlinkIdentity": nothing,
		"revokeToken":    nothing, "signOut": nothing, "signOutEverywhere": nothing, "endSession": nothing, "verifyToken": nothing,
		"blacklistToken":  nothing,
		"oauthIntrospect": nothing, "oauthRevoke": nothing,
		"signUp": oneself, "confirmEmail": oneself, "forgotPassword": oneself, "resetPassword": oneself, "obtainToken": oneself,
		"refreshToken": oneself,
		"signIn":       oneself, "confirmSession": oneself,
	}
	for _, o := range contract.operations {
		if o.method == "GET" || o.permission() == "IsAdminUser" {
			continue
		}
		if confers[o.OperationID] == "" {
			t.Errorf("%s does not say what it confers", o)
		}
		delete(confers, o.OperationID)
	}
	for id := range confers {
		t.Errorf("%s is no route that changes something", id)
	}
}
