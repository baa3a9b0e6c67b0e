package api_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/webhooks"
)

// credential signs a request as somebody.
type credential func(r *http.Request)

func anonymous(*http.Request) {}

// byKey acts with the key in X-API-Key.
func byKey(text string) credential {
	return func(r *http.Request) { r.Header.Set("X-API-Key", text) }
}

// call is one request to send.
type call struct {
	method, path string // with query, if any
	as           credential
	body         any    // nil: none; string: as it is; anything else: as JSON
	kind         string // Content-Type, "" for JSON where there is a body
	header       map[string]string
	from         string // address of the peer
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

const peer = "192.0.2.10"

// send sends the request through the recorder, by the Go client where it can say
// the same.
func (s *suite) send(t *testing.T, c call) answer {
	t.Helper()
	_, written := c.body.(string)
	plain := !written && (c.kind == "" || c.kind == mergePatch && c.method == http.MethodPatch)
	w := goClient.send(t, request(t, c), plain, func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		contract.wrap(s.engine, func(text string) { t.Errorf("contract: %s", text) }).ServeHTTP(w, r)
		return w
	})
	if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		t.Errorf("%s %s: 503 does not say when to come again", c.method, c.path)
	}
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

// raw sends the request past the recorder.
func (s *suite) raw(t *testing.T, c call) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, request(t, c))
	return w
}

// request is the call as a server gets it.
func request(t *testing.T, c call) *http.Request {
	t.Helper()
	text, isText := c.body.(string)
	if fields, ok := c.body.(map[string]any); ok && c.kind == formType {
		text, isText = formOf(fields), true
	}
	if c.body != nil && !isText {
		b, err := json.Marshal(c.body)
		must(t, err)
		text = string(b)
	}
	r := httptest.NewRequestWithContext(t.Context(), c.method, "/", strings.NewReader(text))
	target, err := url.Parse(c.path)
	must(t, err)
	r.URL, r.RequestURI, r.RemoteAddr = target, c.path, peer+":4000"
	if c.from != "" {
		r.RemoteAddr = c.from + ":4000"
		if strings.Contains(c.from, ":") {
			r.RemoteAddr = "[" + c.from + "]:4000"
		}
	}
	switch {
	case c.kind != "":
		r.Header.Set("Content-Type", c.kind)
	case c.body != nil:
		r.Header.Set("Content-Type", "application/json")
	}
	if c.as != nil {
		c.as(r)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	return r
}

func formOf(fields map[string]any) string {
	values := url.Values{}
	for name, value := range fields {
		values.Set(name, fmt.Sprint(value))
	}
	return values.Encode()
}

// want sends the request, asks for the status and decodes the answer.
func want[T any](t *testing.T, s *suite, status int, c call) (T, answer) {
	t.Helper()
	got := s.send(t, c)
	var out T
	if got.status != status {
		t.Fatalf("%s %s: %d %s, want %d", c.method, c.path, got.status, got.body, status)
	}
	if len(got.body) > 0 {
		if err := json.Unmarshal(got.body, &out); err != nil {
			t.Fatalf("%s %s: %v in %s", c.method, c.path, err, got.body)
		}
	}
	return out, got
}

// refused sends the request and asks for a problem of the status and code.
func refused(t *testing.T, s *suite, status int, code string, c call) client.Problem {
	t.Helper()
	p, _ := want[client.Problem](t, s, status, c)
	if p.Code != code || p.Status != status {
		t.Errorf("%s %s: %d %s (%s), want %d %s", c.method, c.path, p.Status, p.Code, p.Detail, status, code)
	}
	return p
}

// names reports whether the problem tells which field is wrong.
func names(p client.Problem, field string) bool {
	for _, e := range p.Errors {
		if e.Field == field || strings.HasPrefix(e.Field, field+"[") || strings.HasPrefix(e.Field, field+".") {
			return len(e.Detail) > 0
		}
	}
	return strings.Contains(p.Detail, field)
}

// user makes a user who is signed in; with a role, a member of the organization.
func (s *suite) user(t *testing.T, role auth.Role, organization string) (id string, as credential) {
	t.Helper()
	n := s.count.Add(1)
	u, err := s.People.Users.Create(t.Context(), auth.System(), "", auth.UserFields{Email: fmt.Sprintf("u%d@example.com", n), Name: "U"})
	must(t, err)
	if role != "" {
		_, err := s.People.Members.Add(t.Context(), auth.System(), organization, u.ID, role)
		must(t, err)
	}
	return u.ID, s.session(t, u.ID)
}

// admin makes one of the provider's staff, signed in.
func (s *suite) admin(t *testing.T) credential {
	t.Helper()
	u, err := s.People.Users.Create(t.Context(), auth.System(), "", auth.UserFields{
		Email: fmt.Sprintf("admin%d@example.com", s.count.Add(1)), Name: "Admin", IsAdmin: true,
	})
	must(t, err)
	s.staff = u
	return s.session(t, u.ID)
}

// session signs the user in without a password, whose hashing takes long.
func (s *suite) session(t *testing.T, userID string) credential {
	t.Helper()
	token := fmt.Sprintf("token-of-a-session-%d", s.count.Add(1))
	must(t, s.store.InsertSession(t.Context(), auth.Session{
		ID: ids.New(ids.Session), TokenHash: sha256.Sum256([]byte(token)), UserID: userID,
		CreatedAt: s.now(), LastSeenAt: s.now(), ExpiresAt: s.now().Add(auth.SessionAbsolute),
	}))
	return func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: auth.SessionCookie, Value: token})
		r.AddCookie(&http.Cookie{Name: auth.CSRFCookie, Value: "0123456789abcdef"})
		r.Header.Set(auth.CSRFHeader, "0123456789abcdef")
	}
}

// account makes a service account; fields may be zero but for the scopes.
func (s *suite) account(t *testing.T, organization string, fields keys.AccountFields) string {
	t.Helper()
	if fields.Name == "" {
		fields.Name = "Sync"
	}
	a, err := s.Keys.CreateAccount(t.Context(), auth.System(), "", organization, fields)
	must(t, err)
	return a.ID
}

// issue makes a key of the account.
func (s *suite) issue(t *testing.T, account string, fields keys.KeyFields) (id, secret string) {
	t.Helper()
	if fields.Name == "" {
		fields.Name = "CI"
	}
	k, text, err := s.Keys.Issue(t.Context(), auth.System(), keys.IssueInput{ServiceAccountID: account, KeyFields: fields})
	must(t, err)
	return k.ID, text.Reveal()
}

// keyWith makes a service account with the scopes and returns one of its keys.
func (s *suite) keyWith(t *testing.T, organization string, scopes ...string) string {
	t.Helper()
	_, secret := s.issue(t, s.account(t, organization, keys.AccountFields{Name: "Robot", Scopes: scopes}), keys.KeyFields{})
	return secret
}

// tenant is an organization with an object of every kind.
type tenant struct {
	organization, account, key, secret string
	member                             string // a user who is viewer in it
	token, session, identity           string // of the member
	certificate                        string // of the account
	invitation                         string // to the organization
	tier, scope                        string // these belong to no organization
	incident                           string // which disabled none of its keys
	imported                           string // an import that is done
	webhook, event                     string // and an event that it was not told of
}

func (s *suite) tenant(t *testing.T) tenant {
	t.Helper()
	ctx, n := t.Context(), s.count.Add(1)
	o, err := s.Keys.CreateOrganization(ctx, auth.System(), "", keys.OrganizationFields{Name: "Acme"})
	must(t, err)
	x := tenant{organization: o.ID, tier: fmt.Sprintf("tier-%d", n), scope: fmt.Sprintf("things%d:read", n)}
	x.account = s.account(t, o.ID, keys.AccountFields{Scopes: []string{"invoices:*"}})
	x.key, x.secret = s.issue(t, x.account, keys.KeyFields{Scopes: []string{}})
	x.member, _ = s.user(t, auth.Viewer, o.ID)
	s.credentials(t, &x)
	free, err := s.Keys.Tier(ctx, keys.DefaultTier)
	must(t, err)
	_, err = s.Keys.CreateTier(ctx, auth.System(), x.tier, free.TierFields)
	must(t, err)
	_, err = s.Keys.CreateScope(ctx, auth.System(), x.scope, keys.ScopeFields{Description: "Read things"})
	must(t, err)
	x.incident = s.incident(t, incidents.Disable)
	done := imports.Import{Stamp: keys.NewStamp(s.now()), ID: imports.NewID(), State: imports.Done, Options: imports.Options{Format: "jsonl"}}
	must(t, s.store.Store.Imports().Insert(ctx, done))
	x.imported = done.ID
	s.webhook(t, &x)
	return x
}

// webhook makes one that leads nowhere, with an event that could not be delivered.
func (s *suite) webhook(t *testing.T, x *tenant) {
	t.Helper()
	sealed, err := s.sealer.Seal("webhook secret", make([]byte, 32))
	must(t, err)
	before := keys.Moment(s.now().Add(-time.Hour))
	x.webhook, x.event = ids.New(ids.Webhook), ids.New(ids.Event)
	must(t, s.store.Store.WebhookEndpoints().Insert(t.Context(), webhooks.Endpoint{
		Stamp: keys.NewStamp(s.now()), ID: x.webhook, OrganizationID: x.organization, Since: before,
		Secrets: []webhooks.Secret{{Sealed: sealed, CreatedAt: before}},
		EndpointFields: webhooks.EndpointFields{
			URL: "https://hooks.example.com/", Types: []string{"key.created"}, State: webhooks.Enabled,
		},
	}))
	must(t, s.store.Store.WebhookQueue().Insert(t.Context(), webhooks.Delivery{
		Stamp: keys.NewStamp(s.now()), ID: webhooks.DeliveryID(x.webhook, x.event), EndpointID: x.webhook, EventID: x.event, At: before,
		Type: "key.created", About: "key " + x.key, Outcome: webhooks.Parked, Tries: 1, FirstAt: before,
		Attempts: []webhooks.Attempt{{At: before, Took: time.Second, URL: "https://hooks.example.com/", Fault: "timeout"}},
		Payload: json.RawMessage(`{"type":"key.created","timestamp":"2026-01-31T12:00:00Z","data":{"event_id":"` + x.event +
			`","organization_id":null,"object":{"type":"key","id":"k"},"actor":{"kind":"system","id":"","name":"","key_id":""},` +
			`"before":null,"after":{}}}`),
	}))
}

// incident makes one that is done, and is about no key.
func (s *suite) incident(t *testing.T, action incidents.Action) string {
	t.Helper()
	without := s.account(t, keys.FirstOrganization, keys.AccountFields{Tier: "enterprise", Scopes: []string{}})
	planned, err := s.Incidents.Plan(t.Context(), auth.System(), incidents.Request{
		Action: action, Selection: incidents.Selection{ServiceAccountID: without},
	})
	must(t, err)
	_, err = s.Incidents.Run(t.Context(), auth.System(), planned.Confirm())
	must(t, err)
	return planned.ID
}

// problemOf decodes the problem that a request was refused with, or a zero one.
func problemOf(t *testing.T, got answer) client.Problem {
	t.Helper()
	var p client.Problem
	if got.status >= 300 {
		must(t, json.Unmarshal(got.body, &p))
	}
	var refusal struct {
		Description string `json:"error_description"`
	}
	if p.Code == "" && json.Unmarshal(got.body, &refusal) == nil {
		p.Detail = refusal.Description
	}
	return p
}

// byBearer acts with the key as a bearer token.
func byBearer(text string) credential {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+text) }
}

// me is who the credential acts as.
func (s *suite) me(t *testing.T, as credential) client.Me {
	t.Helper()
	me, _ := want[client.Me](t, s, 200, call{method: "GET", path: "/api/me", as: as})
	return me
}
