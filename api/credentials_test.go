package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

const password = "correct horse battery staple"

// passwordHash is shared: making one takes long.
var passwordHash = sync.OnceValues(func() (string, error) {
	hashing, err := passwords()
	if err != nil {
		return "", err
	}
	return hashing.Hash(context.Background(), password)
})

// credentials gives the tenant a token and a session of its member, and a
// certificate of its account.
func (s *suite) credentials(t *testing.T, x *tenant) {
	t.Helper()
	u, err := s.People.Users.Get(t.Context(), auth.System(), x.member)
	must(t, err)
	member := &auth.Principal{Kind: auth.UserKind, User: &u}
	token, _, err := s.People.Tokens.Create(t.Context(), member, s.format, auth.TokenFields{Name: "CI"})
	must(t, err)
	_, session, err := s.People.Sessions.Begin(t.Context(), u)
	must(t, err)
	c, err := s.Certificates.Add(t.Context(), auth.System(), x.account, mtls.Input{
		Name: "gateway", Fingerprint: fmt.Sprintf("%064x", s.count.Add(1)),
	})
	must(t, err)
	l, err := s.People.Invitations.Invite(t.Context(), auth.System(), x.organization, fmt.Sprintf("invited%d@example.com", s.count.Add(1)),
		auth.Viewer)
	must(t, err)
	x.token, x.session, x.certificate, x.invitation, x.identity = token.ID, session.ID, c.ID, l.ID, s.identity(t, u)
}

// own lets the operation be about something that belongs to the member of
// staff who asks, where each has only their own.
func (s *suite) own(t *testing.T, o *operation, x *tenant) {
	t.Helper()
	switch o.OperationID {
	case "getToken", "revokeToken":
		token, _, err := s.People.Tokens.Create(t.Context(), &auth.Principal{Kind: auth.UserKind, User: &s.staff}, s.format,
			auth.TokenFields{Name: "CI"})
		must(t, err)
		x.token = token.ID
	case "endSession":
		_, session, err := s.People.Sessions.Begin(t.Context(), s.staff)
		must(t, err)
		x.session = session.ID
	case "unlinkIdentity":
		s.identity(t, s.staff)
		x.identity = s.identity(t, s.staff)
	case "beginOTP":
		s.withoutOTP(t, s.staff.ID)
	case "enableOTP":
		s.withoutOTP(t, s.staff.ID)
		s.secret = s.begunOTP(t, s.staff.ID)
	case "restoreScope":
		_, err := s.Keys.RetireScope(t.Context(), auth.System(), x.scope, keys.AnyRevision, true)
		must(t, err)
	case "endOverride":
		_, err := s.Keys.SetOverride(t.Context(), auth.System(), x.account, keys.AnyRevision, &keys.Override{
			KeyRateLimit: &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}, Until: s.now().Add(time.Hour),
		})
		must(t, err)
	case "confirmSession":
		s.givePassword(t, s.staff.ID)
	case "disableOTP":
		s.withOTP(t, s.staff.ID)
	case "resetOTP":
		s.withOTP(t, x.member)
	}
}

// withPassword makes a user who can sign in by it.
func (s *suite) withPassword(t *testing.T) auth.User {
	t.Helper()
	hash, err := passwordHash()
	must(t, err)
	n := s.count.Add(1)
	u := auth.User{
		Stamp: keys.NewStamp(s.now()), ID: ids.New(ids.User), Email: fmt.Sprintf("signs%d@example.com", n), Username: fmt.Sprintf("signs%d", n),
		PasswordHash: hash, ConfirmedAt: s.now(),
	}
	must(t, s.store.Store.Users().Insert(t.Context(), u))
	return u
}

// givePassword gives the user one to sign in by.
func (s *suite) givePassword(t *testing.T, userID string) {
	t.Helper()
	hash, err := passwordHash()
	must(t, err)
	u, err := s.store.Store.Users().Get(t.Context(), userID)
	must(t, err)
	u.PasswordHash, u.Revision = hash, u.Revision+1
	must(t, s.store.Store.Users().Replace(t.Context(), u))
}

// pair signs the user in by JWT.
func (s *suite) pair(t *testing.T, u auth.User) auth.Pair {
	t.Helper()
	p, err := s.JWT.SignIn(t.Context(), auth.Login{Name: u.Email, Password: password})
	must(t, err)
	if kept, err := s.store.Store.Users().Get(t.Context(), u.ID); err != nil || kept.LastSignInAt.IsZero() {
		t.Errorf("a sign-in by JWT is not kept: %v", err)
	}
	return p
}

// opaque makes a token of the user.
func (s *suite) opaque(t *testing.T, u auth.User) string {
	t.Helper()
	_, secret, err := s.People.Tokens.Create(t.Context(), &auth.Principal{Kind: auth.UserKind, User: &u}, s.format,
		auth.TokenFields{Name: "CI"})
	must(t, err)
	return secret.Reveal()
}

// accessToken gets an access token of the key's account.
func (s *suite) accessToken(t *testing.T, account, secret, scope string) string {
	t.Helper()
	form := map[string]any{"grant_type": "client_credentials", "client_id": account, "client_secret": secret}
	if scope != "" {
		form["scope"] = scope
	}
	out, _ := want[struct {
		AccessToken string `json:"access_token"`
	}](t, s, 200, call{method: "POST", path: "/oauth/token", body: form, kind: formType})
	return out.AccessToken
}

// byToken acts with a token of a user.
func byToken(text string) credential {
	return func(r *http.Request) { r.Header.Set("Authorization", "Token "+text) }
}

// byBasic acts with a name and a password.
func byBasic(name, password string) credential {
	return func(r *http.Request) { r.SetBasicAuth(name, password) }
}

// fill puts what a sample body stands for in the place of its {words}.
func (s *suite) fill(t *testing.T, x tenant, body map[string]any) {
	t.Helper()
	var u *auth.User
	signer := func() auth.User {
		if u == nil {
			made := s.withPassword(t)
			u = &made
		}
		return *u
	}
	words := map[string]func() string{
		"{elsewhere}": func() string {
			o, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: "Elsewhere"})
			must(t, err)
			return o.ID
		},
		"{soon}":     func() string { return s.now().Add(time.Hour).Format(time.RFC3339) },
		"{newcomer}": func() string { id, _ := s.user(t, "", ""); return id },
		"{email}":    func() string { return signer().Email },
		"{username}": func() string { return signer().Username },
		"{password}": func() string { return password },
		"{refresh}":  func() string { return s.pair(t, signer()).Refresh },
		"{access}":   func() string { return s.pair(t, signer()).Access },
		"{verifier}": func() string { return s.verifier(t, x).account },
		"{code}":     func() string { return s.code(t, s.secret) },
		"{reset}":    func() string { u := signer(); return s.linkTo(t, &u, auth.ResetPassword) },
		"{confirm}":  func() string { u := s.unconfirmed(t); return s.linkTo(t, &u, auth.ConfirmEmail) },
		"{invitation}": func() string {
			return s.link(t, auth.Link{Purpose: auth.Invitation, Email: s.staff.Email, OrganizationID: x.organization, Role: auth.Viewer})
		},
	}
	for name, value := range body {
		if text, ok := value.(string); ok && words[text] != nil {
			body[name] = words[text]()
		}
	}
	if body["client_id"] == "{client}" {
		v := s.verifier(t, x)
		body["client_id"], body["client_secret"] = v.account, v.secret
		if body["token"] == "{token}" {
			body["token"] = s.accessToken(t, v.account, v.secret, "")
		}
	}
}

// robot is a service account with a key.
type robot struct{ account, secret string }

// verifier makes a service account of the tenant that may verify keys.
func (s *suite) verifier(t *testing.T, x tenant) robot {
	t.Helper()
	r := robot{account: s.account(t, x.organization, keys.AccountFields{Name: "Verifier", Scopes: []string{string(keys.VerifyKeys)}})}
	_, r.secret = s.issue(t, r.account, keys.KeyFields{})
	return r
}

// TestEverySchemeFindsWhoActs, each with its name.
func TestEverySchemeFindsWhoActs(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, x := s.withPassword(t), s.tenant(t)
	v := s.verifier(t, x)
	pair := s.pair(t, u)
	for name, tt := range map[string]struct {
		as   credential
		id   string
		kind string
	}{
		"session": {s.session(t, u.ID), u.ID, "user"}, "basic": {byBasic(u.Username, password), u.ID, "user"},
		"token": {byToken(s.opaque(t, u)), u.ID, "user"}, "jwt": {byBearer(pair.Access), u.ID, "user"},
		"api_key": {byKey(v.secret), v.account, "service_account"}, "jwt ": {
			byBearer(s.accessToken(t, v.account, v.secret, "")), v.account,
			"service_account",
		},
	} {
		me := s.me(t, tt.as)
		if me.Scheme != strings.TrimSpace(name) || me.ID != tt.id || me.Kind != tt.kind {
			t.Errorf("%s: %+v", name, me)
		}
	}
}

// TestAWrongCredentialStopsTheChain: it is never passed on to a weaker scheme
// that would let the caller in.
func TestAWrongCredentialStopsTheChain(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u := s.withPassword(t)
	signedIn := s.session(t, u.ID)
	both := func(one, other credential) credential {
		return func(r *http.Request) { one(r); other(r) }
	}
	for name, as := range map[string]credential{
		"a wrong key beside good Basic":   both(byKey(unknownKey(t)), byBasic(u.Email, password)),
		"a wrong token":                   byToken("lk_user_nonsense"),
		"an unknown token":                byToken(s.format.NewToken().Reveal()),
		"a token as a key":                byKey(s.opaque(t, u)),
		"a wrong JWT":                     byBearer("eyJhbGciOiJub25lIn0.e30."),
		"a garbled bearer token":          byBearer("abc"),
		"a refresh token as access token": byBearer(s.pair(t, u).Refresh),
		"wrong Basic":                     byBasic(u.Email, "wrong horse battery staple"),
		"malformed Basic":                 func(r *http.Request) { r.Header.Set("Authorization", "Basic !!!") },
	} {
		problem, got := want[client.Problem](t, s, 401, call{method: "GET", path: "/api/me", as: as})
		if problem.Code == "not_authenticated" {
			t.Errorf("%s was passed over", name)
		}
		schemes := strings.Join(got.header.Values("WWW-Authenticate"), ", ")
		for _, scheme := range []string{"Bearer", "Token", "Basic"} {
			if !strings.Contains(schemes, scheme) {
				t.Errorf("%s: WWW-Authenticate is %q, without %s", name, schemes, scheme)
			}
		}
	}
	if me := s.me(t, signedIn); me.ID != u.ID {
		t.Errorf("a good session acts as %+v", me)
	}
}
