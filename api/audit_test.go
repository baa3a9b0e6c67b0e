package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
)

// actions are what each changing operation leaves in the audit log.
var actions = map[string]string{
	"createOrganization": "organization.create", "changeOrganization": "organization.update", "replaceOrganization": "organization.update",
	"deleteOrganization": "organization.delete",
	"addMember":          "member.create", "changeMember": "member.update", "replaceMember": "member.update", "removeMember": "member.delete",
	"createServiceAccount": "service_account.create", "changeServiceAccount": "service_account.update",
	"replaceServiceAccount": "service_account.update", "deleteServiceAccount": "service_account.delete",
	"createKey": "key.create", "changeKey": "key.update", "replaceKey": "key.update", "deleteKey": "key.delete", "revokeKey": "key.revoke",
	"revokeHeld": "key.revoke",
	"rotateKey":  "key.create key.rotate", // of the successor, and of the key
	"createTier": "tier.create", "changeTier": "tier.update", "replaceTier": "tier.update", "deleteTier": "tier.delete",
	"createIncident": "incident.create", "continueIncident": "incident.finish incident.continue incident.start",
	"undoIncident":           "incident.undone incident.undo",
	"transferServiceAccount": "key.transfer service_account.transfer service_account.transfer", // one for each organization
	"resetKeyLimits":         "key.reset_limits", "resetAccountLimits": "service_account.reset_limits",
	"setOverride": "service_account.override", "endOverride": "service_account.override_end",
	"renameScope": "scope.rename scope.create", "retireScope": "scope.retire", "restoreScope": "scope.restore",
	"createWebhook": "webhook.create", "changeWebhook": "webhook.update", "deleteWebhook": "webhook.delete",
	"rotateWebhookSecret": "webhook.rotate_secret",
	"testWebhook":         "", "resendWebhookDelivery": "", "resendWebhookRange": "", // the log of deliveries has them
	"createImport": "",                    // a dry run; see TestImport
	"findKeys":     "", "previewTier": "", // they change nothing
	"createScope": "scope.create", "changeScope": "scope.update", "replaceScope": "scope.update", "deleteScope": "scope.delete",
	"createToken": "token.create", "revokeToken": "token.delete", "addCertificate": "certificate.create",
	"removeCertificate": "certificate.delete",
	"obtainToken":       "token_family.create", "blacklistToken": "token_family.end", "signIn": "session.delete session.create",
	"signOut": "session.delete", "confirmSession": "session.confirm",
	"endSession": "session.delete", "signOutEverywhere": "user.sign_out", "oauthRevoke": "access_token.revoke",
	"refreshToken": "", "verifyToken": "", "oauthToken": "", "oauthIntrospect": "", // they change nothing that is kept
	"beginOTP": "", // its secret counts once it is enabled
	"signUp":   "user.create", "confirmEmail": "user.confirm", "forgotPassword": "user.password.forget",
	"resetPassword":  "user.password.change",
	"changePassword": "user.password.change", "changeMe": "user.update", "replaceMe": "user.update", "unlinkIdentity": "identity.delete",
	"enableOTP": "user.otp.enable", "disableOTP": "user.otp.disable", "resetOTP": "user.otp.disable",
	"invite": "invitation.create", "withdrawInvitation": "invitation.delete", "acceptInvitation": "member.create",
	"createUser": "user.create", "changeUser": "user.update", "replaceUser": "user.update", "deleteUser": "user.delete",
}

// TestEveryChangeLeavesOneEvent, with who, where, before and after.
func TestEveryChangeLeavesOneEvent(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	reader := s.admin(t)
	for _, o := range contract.operations {
		if !o.modifies() || o.reportsLeaks() {
			continue // what a report leaves comes after the answer, and tells nothing of who reported
		}
		expected, listed := actions[o.OperationID]
		if !listed {
			t.Errorf("%s: say in actions what it leaves in the audit log", o)
			continue
		}
		admin := s.admin(t)
		me := s.me(t, admin)
		c := s.good(t, o, s.removable(t, o), admin)
		c.header = map[string]string{"User-Agent": "suite/1.0", "X-Request-Id": "request-of-" + o.OperationID}
		newest := s.events(t, reader, "limit=1")[0].ID
		if got := s.send(t, c); got.status >= 300 {
			t.Fatalf("%s: %d %s", o, got.status, got.body)
		}
		s.People.Close() // what answers do not wait for
		var found []string
		for _, e := range s.events(t, reader, "limit=10") {
			if e.ID == newest {
				break
			}
			found = append(found, e.Action)
			o.holds(t, &e, me)
		}
		if got := strings.Join(found, " "); got != expected {
			t.Errorf("%s left the events %q, want %q", o, got, expected)
		}
	}
}

// holds checks that the event says who did it, from where, and what changed.
func (o *operation) holds(t *testing.T, e *client.AuditEvent, me client.Me) {
	t.Helper()
	if signed := !o.open(); signed && (e.Subject.ID != me.ID || e.Subject.Name != me.Email) {
		t.Errorf("%s: the event says that %+v did it", o, e.Subject)
	}
	strangers := e.Action == "user.password.forget" // anybody can
	if (e.Subject.ID == "") != strangers || e.Origin.Address != peer || e.Origin.UserAgent != "suite/1.0" ||
		e.Origin.RequestID != "request-of-"+o.OperationID {
		t.Errorf("%s: the event says %+v %+v", o, e.Subject, e.Origin)
	}
	creates, deletes := strings.HasSuffix(e.Action, ".create"), strings.HasSuffix(e.Action, ".delete")
	if bare := strangers || e.Action == "user.sign_out" || e.Action == "access_token.revoke"; bare {
		return // of what is no stored object
	}
	if isNull(e.Before) != creates || isNull(e.After) != deletes || string(e.Before) == string(e.After) {
		t.Errorf("%s: %s was %s and is %s", o, e.Action, e.Before, e.After)
	}
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func (s *suite) events(t *testing.T, as credential, query string) []client.AuditEvent {
	t.Helper()
	page, _ := want[client.List[client.AuditEvent]](t, s, 200, call{method: "GET", path: "/api/audit-events?" + query, as: as})
	return page.Items
}

// TestAuditFilters: each parameter selects what it says.
func TestAuditFilters(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	path := "/api/keys/" + x.key
	want[client.Key](t, s, 200, call{method: "PATCH", path: path, as: admin, body: map[string]any{"name": "n"}})
	from := s.now().UTC().Format("2006-01-02T15:04:05Z")
	s.advance(1e10)
	want[client.RevokedKey](t, s, 200, call{method: "POST", path: path + "/revoke", as: admin})
	me := s.me(t, admin)
	until := s.now().UTC().Format("2006-01-02T15:04:05Z")
	for query, expected := range map[string]string{
		"object_id=" + x.key:                                          "key.revoke key.update key.create",
		"object_id=" + x.key + "&action=key.update":                   "key.update",
		"object_id=" + x.key + "&subject_id=" + me.ID:                 "key.revoke key.update",
		"object_id=" + x.key + "&from=" + until:                       "key.revoke",
		"object_id=" + x.key + "&from=" + from + "&until=" + until:    "key.update key.create",
		"organization_id=" + x.organization + "&action=member.create": "member.create",
		"organization_id=org_nothing":                                 "",
	} {
		var found []string
		for _, e := range s.events(t, admin, query) {
			found = append(found, e.Action)
		}
		if got := strings.Join(found, " "); got != expected {
			t.Errorf("%s: %q, want %q", query, got, expected)
		}
	}
}

// TestNoSecretLeaks: no answer but the one that tells it, no event and no line
// of the log holds a key, its hash, a password or a session.
func TestNoSecretLeaks(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	const password = "correct horse battery staple"
	secrets := map[string]string{"password": password, "key": x.secret, "hash": keys.HashOf(x.secret).Hex()}
	var told strings.Builder
	send := func(c call) int {
		got := s.send(t, c)
		told.Write(got.body)
		return got.status
	}
	user, _ := want[client.User](t, s, 201, call{
		method: "POST", path: "/api/users", as: admin,
		body: map[string]any{
			"email":    "ada@example.com",
			"password": password,
		},
	})
	basic := func(password string) credential {
		return func(r *http.Request) { r.SetBasicAuth("ADA@example.com", password) }
	}
	if status := send(call{method: "GET", path: "/api/me", as: basic(password)}); status != 200 {
		t.Errorf("Basic: %d", status)
	}
	refused(t, s, 401, "authentication_failed", call{method: "GET", path: "/api/me", as: basic(password + "!")})
	stored, err := s.store.Store.Users().Get(t.Context(), user.ID)
	must(t, err)
	secrets["password hash"] = stored.PasswordHash
	s.everything(t, admin, &told, secrets)
	s.store.breakBy(always(errBroken))
	send(call{method: "GET", path: "/api/me", as: basic(password)})
	send(self(x.secret, ""))
	s.store.breakBy(nil)
	for _, path := range []string{"/api/audit-events?limit=200", "/api/keys?limit=200", "/api/users"} {
		send(call{method: "GET", path: path, as: admin})
	}
	secrets["session"] = "token-of-a-session"
	if secrets["password hash"] == "" || !strings.Contains(s.log.String(), "request failed") {
		t.Error("there was nothing to look for, or nowhere")
	}
	for name, secret := range secrets {
		if strings.Contains(told.String(), secret) {
			t.Errorf("the %s is in an answer", name)
		}
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the %s is in the log", name)
		}
	}
}

// everything calls every operation, keeps the answers and records the secrets
// in use. Only the answer that creates a key may contain it.
func (s *suite) everything(t *testing.T, as credential, told *strings.Builder, secrets map[string]string) {
	t.Helper()
	for _, o := range contract.operations {
		x := s.removable(t, o)
		got := s.send(t, s.good(t, o, x, as))
		secrets["key of "+o.OperationID] = x.secret
		var issued client.IssuedKey
		if json.Unmarshal(got.body, &issued) == nil && issued.Secret != "" {
			secrets["new key of "+o.OperationID] = issued.Secret
			continue
		}
		told.Write(got.body)
	}
}

// TestRevokedStaysRevoked: a second revoke keeps the first reason and leaves
// no event.
func TestRevokedStaysRevoked(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	revoke := call{
		method: "POST", path: "/api/keys/" + x.key + "/revoke", as: admin, body: map[string]any{"reason": "leaked", "note": "in a log"},
	}
	first, _ := want[client.RevokedKey](t, s, 200, revoke)
	if within := first.EffectiveEverywhereBy.Sub(*first.RevokedAt); within <= 0 || within > time.Second {
		t.Errorf("it is effective everywhere %s after the revoke", within)
	}
	writes := s.store.writes.Load()
	revoke.body = map[string]any{"reason": "unused"}
	second, _ := want[client.RevokedKey](t, s, 200, revoke)
	if *second.RevokeReason != "leaked" || *second.RevokeNote != "in a log" || s.store.writes.Load() != writes {
		t.Errorf("the second revoke made it %s, %s", *second.RevokeReason, *second.RevokeNote)
	}
}

// TestRolesGrantNoMore: nobody grants more than they have.
func TestRolesGrantNoMore(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	_, developer := s.user(t, auth.Developer, x.organization)
	_, owner := s.user(t, auth.Owner, x.organization)
	narrow := byKey(s.keyWith(t, x.organization, "latchkey:service-accounts:write", "invoices:read"))
	for _, tt := range []struct {
		name   string
		as     credential
		fields map[string]any
		field  string // "" where it is granted
	}{
		{"a developer grants the provider's scopes", developer, map[string]any{"scopes": []string{"invoices:*"}}, ""},
		{"a developer does not grant everything", developer, map[string]any{"scopes": []string{"*"}}, "scopes"},
		{"a developer does not grant what owners do", developer, map[string]any{"scopes": []string{"latchkey:members:write"}}, "scopes"},
		{"an owner grants all management", owner, map[string]any{"scopes": []string{"latchkey:*"}}, ""},
		{"a key grants what it has", narrow, map[string]any{"scopes": []string{"invoices:read"}}, ""},
		{"a key does not grant more", narrow, map[string]any{"scopes": []string{"invoices:write"}}, "scopes"},
		{"limits are the staff's", owner, map[string]any{"rate_limit": rule}, "rate_limit"},
		{"quotas are the staff's", owner, map[string]any{"quota": map[string]any{"requests": 1, "per": "day"}}, "quota"},
		{"tiers are the staff's", owner, map[string]any{"tier": "enterprise"}, "tier"},
	} {
		body := with(tt.fields, []string{"name"}, "Robot")
		body["organization_id"] = x.organization
		got := s.send(t, call{method: "POST", path: "/api/service-accounts", as: tt.as, body: body})
		if granted := got.status == 201; granted != (tt.field == "") || (!granted && (got.status != 403 || !names(problemOf(t, got), tt.field))) {
			t.Errorf("%s: %d %s", tt.name, got.status, got.body)
		}
	}
}
