package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	apiguard "github.com/latchkey/latchkey/client/guard"
)

// goClient is a client of a fresh service that asks as its admin.
func goClient(t *testing.T) (*service, *client.Client) {
	t.Helper()
	s, _ := start(t, sqliteURL(t))
	return s, clientFor(t, s, client.Password("admin@localhost", adminPassword))
}

func clientFor(t *testing.T, s *service, credential client.Credential) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: s.base, Credential: credential})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// must returns a value that came without an error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestGoClient drives the binary from a first sign-in to a key that is revoked.
func TestGoClient(t *testing.T) {
	t.Parallel()
	s, admin := goClient(t)
	ctx := t.Context()

	organization := must(admin.Organizations.Create(ctx, client.OrganizationSettings{Name: "Acme"}))(t)
	must(admin.Scopes.Create(ctx, client.CreateScope{Name: "receipts:read"}))(t)
	account := must(admin.Accounts.Create(ctx, client.CreateServiceAccount{
		OrganizationID:         organization.ID,
		ServiceAccountSettings: client.ServiceAccountSettings{Name: "sync", Scopes: []string{"invoices:*", "latchkey:verify"}},
	}))(t)
	verifying := must(admin.Keys.Issue(ctx, client.CreateKey{
		ServiceAccountID: account.ID, KeySettings: client.KeySettings{Name: "gateway", Scopes: []string{"latchkey:verify"}},
	}))(t)
	key := must(admin.Keys.Issue(ctx, client.CreateKey{
		ServiceAccountID: account.ID, KeySettings: client.KeySettings{Name: "CI", Scopes: []string{"invoices:read"}},
	}))(t)
	if key.Environment != "live" || key.ETag == "" || key.Secret == "" {
		t.Errorf("issued %+v", key.Key)
	}

	verifier := clientFor(t, s, client.APIKey(verifying.Secret))
	question := client.Question{Key: key.Secret, Scopes: []string{"invoices:read"}, Address: netip.MustParseAddr("203.0.113.9")}
	verdict := must(verifier.Verify(ctx, question))(t)
	if !verdict.Valid || verdict.KeyID != key.ID || verdict.ServiceAccount.ID != account.ID || verdict.Limits().Get("RateLimit") == "" {
		t.Errorf("the key is %+v", verdict)
	}
	self := clientFor(t, s, client.APIKey(key.Secret))
	if v := must(self.VerifySelf(ctx, client.Optional[int64]{}, "invoices:write"))(t); v.Code != client.CodeInsufficientScope ||
		v.KeyID != key.ID || v.MissingScopes[0] != "invoices:write" {
		t.Errorf("the key for itself is %+v", v)
	}
	if v := must(self.VerifySelf(ctx, client.Set[int64](0)))(t); !v.Valid || v.OrganizationID != organization.ID {
		t.Errorf("the key for itself is %+v", v)
	}
	if _, err := self.Verify(ctx, question); !errors.Is(err, client.Forbidden) {
		t.Errorf("a key without latchkey:verify asks: %v", err)
	}

	changed := must(admin.Keys.Update(ctx, key.ID, client.KeyPatch{Note: client.Set("in the vault")}, client.IfMatch(key.ETag)))(t)
	_, err := admin.Keys.Update(ctx, key.ID, client.KeyPatch{Note: client.Set("x")}, client.IfMatch(key.ETag))
	if !errors.Is(err, client.Stale) {
		t.Errorf("a change of what has changed since: %v", err)
	}
	if replaced := must(admin.Keys.Replace(ctx, key.ID, changed.KeySettings))(t); replaced.Note != "in the vault" {
		t.Errorf("replaced by what it was it is %+v", replaced)
	}
	next := must(admin.Keys.Rotate(ctx, key.ID, client.KeyRotation{Grace: client.Set(client.Duration(time.Hour))}))(t)
	if next.RotatedFrom == nil || *next.RotatedFrom != key.ID {
		t.Errorf("rotated to %+v", next.Key)
	}
	revoked := must(admin.Keys.Revoke(ctx, key.ID, client.RevokeKey{Reason: "leaked"}))(t)
	if revoked.Status != "revoked" || revoked.EffectiveEverywhereBy.IsZero() {
		t.Errorf("revoked %+v", revoked)
	}
	if v := must(verifier.Verify(ctx, question))(t); v.Code != client.CodeRevoked || v.Status() != 401 {
		t.Errorf("the revoked key is %+v", v)
	}
	// A list is walked over its pages.
	ids := map[string]bool{}
	for k, err := range admin.Keys.All(ctx, client.KeyFilter{Page: client.Page{Limit: 1}, ServiceAccountID: account.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		ids[k.ID] = true
	}
	if len(ids) != 3 || !ids[key.ID] || !ids[next.ID] {
		t.Errorf("the list has %v", ids)
	}
	if events := must(admin.Audit.List(ctx, client.AuditFilter{ObjectID: key.ID, Action: "key.revoke"}))(t); len(events.Items) != 1 {
		t.Errorf("the audit log has %+v", events)
	}
}

func TestGoClientOfPeople(t *testing.T) {
	t.Parallel()
	s, admin := goClient(t)
	ctx := t.Context()
	const password = "a long enough password"

	user := must(admin.Users.Create(ctx, client.SetUser{
		UserSettings: client.UserSettings{Email: "ada@acme.example", Username: "ada", Name: "Ada"}, Password: password,
	}))(t)
	organization := must(admin.Organizations.Create(ctx, client.OrganizationSettings{Name: "Acme"}))(t)
	must(admin.Members.Add(ctx, organization.ID, client.AddMember{UserID: user.ID, MemberSettings: client.MemberSettings{Role: "viewer"}}))(t)
	must(admin.Members.SetRole(ctx, organization.ID, user.ID, "owner"))(t)

	nobody := clientFor(t, s, client.Credential{})
	me, session, err := nobody.Sessions.SignIn(ctx, client.SignIn{Username: "ada", Password: password})
	if err != nil || me.ID != user.ID {
		t.Fatal(me, err)
	}
	browser := must(nobody.With(session))(t)
	me = must(browser.Me.Update(ctx, client.MePatch{Name: client.Set("Ada L.")}))(t)
	if me.Name != "Ada L." || me.Roles[organization.ID] != "owner" {
		t.Errorf("I am %+v", me)
	}
	token := must(browser.Tokens.Create(ctx, client.CreateToken{Name: "nightly"}))(t)
	script := must(nobody.With(client.UserToken(token.Secret)))(t)
	if me = must(script.Me.Get(ctx))(t); me.ID != user.ID || me.ETag == "" {
		t.Errorf("by a token I am %+v", me)
	}
	if got := must(browser.Tokens.Get(ctx, token.ID))(t); got.Name != "nightly" {
		t.Errorf("the token is %+v", got)
	}
	pair := must(nobody.Auth.ObtainTokenPair(ctx, "ada@acme.example", password, ""))(t)
	if err := nobody.Auth.VerifyToken(ctx, pair.Access); err != nil {
		t.Error(err)
	}
	signed := must(nobody.With(client.BearerToken(pair.Access)))(t)
	must(signed.Me.Get(ctx))(t)
	pair = must(nobody.Auth.RefreshTokenPair(ctx, pair.Refresh))(t)
	if err := nobody.Auth.EndTokenPair(ctx, pair.Refresh); err != nil {
		t.Error(err)
	}
	if _, err := nobody.Auth.RefreshTokenPair(ctx, pair.Refresh); !errors.Is(err, client.Unauthenticated) {
		t.Errorf("an ended pair is refreshed: %v", err)
	}
	invitation := must(script.Invitations.Create(ctx, organization.ID, client.Invite{
		Email: "bob@acme.example", MemberSettings: client.MemberSettings{Role: "developer"},
	}))(t)
	if open := must(script.Invitations.List(ctx, organization.ID))(t); len(open) != 1 || open[0].ID != invitation.ID {
		t.Errorf("open invitations: %+v", open)
	}
	if err := script.Invitations.Withdraw(ctx, organization.ID, invitation.ID); err != nil {
		t.Error(err)
	}
	if err := browser.Sessions.SignOut(ctx); err != nil {
		t.Error(err)
	}
	_, err = browser.Me.Get(ctx)
	if !errors.Is(err, client.Unauthenticated) {
		t.Errorf("signed out: %v", err)
	}
	_, err = nobody.Auth.ObtainToken(ctx, "ada", "wrong "+password, "")
	var e *client.Error
	if !errors.As(err, &e) || e.Status != 400 || strings.Contains(err.Error(), password) {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestGoClientOfTheProvider(t *testing.T) {
	t.Parallel()
	s, admin := goClient(t)
	ctx := t.Context()
	tier := must(admin.Tiers.Create(ctx, client.CreateTier{Name: "wide", TierSettings: client.TierSettings{
		Title: "Wide", RateLimit: &client.Rule{Requests: 5, Per: client.Duration(time.Minute)},
	}}))(t)
	if tier.MaxKeys != 100 {
		t.Errorf("the tier is %+v", tier)
	}
	must(admin.Tiers.Preview(ctx, "wide", client.TierPatch{MaxKeys: client.Set(1)}))(t)
	must(admin.Tiers.Update(ctx, "wide", client.TierPatch{Title: client.Set("Wider")}, client.IfMatch(tier.ETag)))(t)
	id, secret := s.issue("wide", "invoices:read")

	if found := must(admin.Keys.Find(ctx, secret))(t); len(found) != 1 || found[0].ID != id {
		t.Errorf("found %+v", found)
	}
	plan := must(admin.Incidents.Create(ctx, client.CreateIncident{Action: "disable", Keys: []string{secret}}))(t)
	for plan.State == "planning" {
		plan = must(admin.Incidents.Get(ctx, plan.ID, 0))(t)
	}
	if plan.State != "planned" || plan.Count.Planned != 1 || plan.Confirm == nil {
		t.Fatalf("the dry run is %+v", plan)
	}
	if k := must(admin.Keys.Get(ctx, id))(t); k.Status != "active" {
		t.Errorf("after a dry run the key is %s", k.Status)
	}
	oauthClient := client.OAuthClient{ID: must(admin.Keys.Get(ctx, id))(t).ServiceAccountID, Secret: client.APIKey(secret)}
	access := must(admin.OAuth.Token(ctx, oauthClient, "invoices:read"))(t)
	if self := clientFor(t, s, client.BearerToken(access.Token)); !must(self.VerifySelf(ctx, client.Optional[int64]{}))(t).Valid {
		t.Error("the access token is no good")
	}
	if meta := must(admin.OAuth.Metadata(ctx))(t); !strings.HasPrefix(meta.TokenEndpoint, s.base) {
		t.Errorf("the metadata is %+v", meta)
	}
	if nodes := must(admin.Nodes.List(ctx))(t); len(nodes) != 1 || !nodes[0].Self {
		t.Errorf("the nodes are %+v", nodes)
	}
	if ready := must(admin.Service.Ready(ctx))(t); ready.Checks["store"].State != "ok" {
		t.Errorf("the service is %+v", ready)
	}
	must(admin.Usage.Get(ctx, client.UsageQuery{GroupBy: "code"}))(t)
	if csv := must(admin.Usage.CSV(ctx, client.UsageQuery{}))(t); !strings.HasPrefix(string(csv), "start,") {
		t.Errorf("the CSV is %q", csv)
	}
	must(admin.Keys.Usage(ctx, id, client.UsageQuery{Interval: "hour"}))(t)
	if _, err := admin.Keys.Get(ctx, "key_00000000000070008000000000000001"); !errors.Is(err, client.NotFound) {
		t.Errorf("a key that is none: %v", err)
	}
	_, err := admin.Keys.Issue(ctx, client.CreateKey{ServiceAccountID: oauthClient.ID})
	var e *client.Error
	if !errors.As(err, &e) || e.Kind != client.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != "name" || e.Fields[0].Code == "" ||
		e.RequestID == "" {
		t.Errorf("a key without a name: %v", err)
	}
}

// TestGuard has an API in front of which the middleware asks the binary.
func TestGuard(t *testing.T) {
	t.Parallel()
	s, admin := goClient(t)
	must(admin.Tiers.Create(t.Context(), client.CreateTier{Name: "narrow", TierSettings: client.TierSettings{
		Title: "Narrow", RateLimit: &client.Rule{Requests: 2, Per: client.Duration(time.Hour)},
	}}))(t)
	id, key := s.issue("narrow", "invoices:read")
	_, verifying := s.issue("narrow", "latchkey:verify")
	g := must(apiguard.New(apiguard.Config{Verifier: clientFor(t, s, client.APIKey(verifying))}))(t)
	api := func(w http.ResponseWriter, r *http.Request) {
		who, _ := apiguard.Identity(r.Context())
		_, _ = io.WriteString(w, who.KeyID)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /invoices", g.Require("invoices:read")(http.HandlerFunc(api)))
	mux.Handle("POST /invoices", g.Require("invoices:write")(http.HandlerFunc(api)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	for _, tt := range []struct {
		method, key, want string
		status            int
	}{
		{"GET", "", client.CodeMissing, 401},
		{"GET", "lk_live_nonsense", client.CodeMalformed, 401},
		{"POST", key, client.CodeInsufficientScope, 403}, // which costs nothing
		{"GET", key, id, 200},
		{"GET", key, id, 200},
		{"GET", key, client.CodeRateLimited, 429},
	} {
		r := must(http.NewRequestWithContext(t.Context(), tt.method, server.URL+"/invoices", nil))(t)
		if tt.key != "" {
			r.Header.Set("Authorization", "Bearer "+tt.key)
		}
		answer, body := fetch(t, r)
		got := body
		var p client.Problem
		if tt.status != 200 && json.Unmarshal([]byte(body), &p) == nil {
			got = p.Code
		}
		if answer.StatusCode != tt.status || got != tt.want || strings.Contains(body, key) {
			t.Errorf("%s with %q: %d %s", tt.method, tt.want, answer.StatusCode, body)
		}
		if tt.status == 429 && answer.Header.Get("Retry-After") == "" || tt.status == 200 && answer.Header.Get("X-RateLimit-Remaining") == "" {
			t.Errorf("the limits are missing: %v", answer.Header)
		}
	}
}
