package client_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
)

// echo answers with the object and keeps the body that it was sent.
func echo(body *string, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		*body = string(sent)
		answer(w, r)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	var body string
	a := serve(t, client.Config{Credential: client.APIKey("lk_live_v")}, echo(&body, reply(200, `{"valid":false,"code":"RATE_LIMITED",`+
		`"key_id":"key_1","service_account":{"id":"sa_1","name":"n","external_id":"","metadata":{}},"expires_at":null,`+
		`"rate_limit":{"limit":10,"remaining":0,"reset_after":"1.5s","scope":"node"}}`, "Retry-After", "2", "RateLimit", `"key";r=0;t=2`)))
	v, err := a.Verify(t.Context(), client.Question{
		Key: "k", Scopes: []string{"invoices:read"}, Cost: client.Set[int64](0), Address: netip.MustParseAddr("203.0.113.9"), Fresh: true,
	})
	if err != nil || v.Valid || v.Code != client.CodeRateLimited || v.Status() != 429 || v.RetryAfter != 2*time.Second || a.times() != 1 {
		t.Errorf("got %+v, %v", v, err)
	}
	if v.RateLimit.ResetAfter != client.Duration(1500*time.Millisecond) || v.Limits().Get("RateLimit") != `"key";r=0;t=2` {
		t.Errorf("the limits are %v, %v", v.RateLimit, v.Limits())
	}
	if want := `{"key":"k","scopes":["invoices:read"],"cost":0,"ip":"203.0.113.9"}`; body != want {
		t.Errorf("sent %s, want %s", body, want)
	}
	if h := a.requests[0].Header; h.Get("Cache-Control") != "no-cache" || h.Get("Content-Type") != "application/json" {
		t.Errorf("sent %v", h)
	}
	for _, answer := range []string{"{}", `{"valid":true,"code":"REVOKED"}`, `{"valid":false,"code":"VALID"}`, "null"} {
		a := serve(t, client.Config{}, reply(200, answer))
		if v, err := a.Verify(t.Context(), client.Question{Key: "k"}); !errors.Is(err, client.BadAnswer) || v.Valid {
			t.Errorf("%s is taken for a verdict: %+v, %v", answer, v, err)
		}
	}
}

func TestKeySpeaksForItself(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{}, reply(403, `{"type":"x","title":"Forbidden","status":403,"code":"INSUFFICIENT_SCOPE","detail":"lacks",`+
		`"missing_scopes":["a:b"]}`, "X-Latchkey-Code", "INSUFFICIENT_SCOPE", "X-Latchkey-Key-Id", "key_1", "X-Latchkey-Scopes", "c:d e:f",
		"X-Latchkey-Service-Account-Id", "sa_1"), problem(403, "permission_denied"))
	v, err := a.VerifySelf(t.Context(), client.Optional[int64]{}, "a:b")
	if err != nil || v.Valid || v.Status() != 403 || v.KeyID != "key_1" || len(v.Scopes) != 2 || v.MissingScopes[0] != "a:b" ||
		v.ServiceAccount.ID != "sa_1" || v.Detail != "lacks" {
		t.Errorf("got %+v, %v", v, err)
	}
	if _, err := a.VerifySelf(t.Context(), client.Optional[int64]{}); !errors.Is(err, client.Forbidden) {
		t.Errorf("a refusal that is no verdict: %v", err)
	}
	for _, lie := range []http.HandlerFunc{
		reply(401, verdict, "X-Latchkey-Code", "VALID"), reply(200, verdict), reply(200, verdict, "X-Latchkey-Code", "REVOKED"),
		reply(200, `{"valid":false}`, "X-Latchkey-Code", "VALID"),
	} {
		a := serve(t, client.Config{}, lie)
		if v, err := a.VerifySelf(t.Context(), client.Optional[int64]{}); !errors.Is(err, client.BadAnswer) || v.Valid {
			t.Errorf("%+v, %v", v, err)
		}
	}
}

func TestChangesSendWhatIsSet(t *testing.T) {
	t.Parallel()
	var body string
	a := serve(t, client.Config{}, echo(&body, reply(200, `{"id":"key_1","name":"n"}`, "ETag", `"7"`)))
	k, err := a.Keys.Update(t.Context(), "key_1", client.KeyPatch{
		Name: client.Set("n"), Scopes: client.Null[[]string](),
		RateLimit: client.Set(client.Rule{Requests: 1, Per: client.Duration(time.Second)}),
	}, client.IfMatch(`"6"`))
	if err != nil || k.ETag != `"7"` {
		t.Errorf("got %+v, %v", k, err)
	}
	if want := `{"name":"n","scopes":null,"rate_limit":{"requests":1,"per":"1s","burst":0}}`; body != want {
		t.Errorf("sent %s, want %s", body, want)
	}
	if h := a.requests[0].Header; h.Get("If-Match") != `"6"` || h.Get("Content-Type") != "application/merge-patch+json" {
		t.Errorf("sent %v", h)
	}
	if _, err := a.Organizations.Create(t.Context(), client.OrganizationSettings{Name: "n"}, client.IdempotencyKey("order-4711")); err != nil {
		t.Fatal(err)
	}
	if got := a.requests[1].Header.Get("Idempotency-Key"); got != "order-4711" {
		t.Errorf("Idempotency-Key is %q", got)
	}
	rotation := client.KeyRotation{Grace: client.Set(client.Duration(0))}
	if _, err := a.Keys.Rotate(t.Context(), "key_1", rotation); err == nil || body != `{"grace":"0s"}` {
		t.Errorf("sent %s: %v", body, err)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	first := reply(200, `{"items":[{"id":"a"},{"id":"b"}],"next_cursor":"two"}`)
	second := reply(200, `{"items":[{"id":"c"}],"next_cursor":null}`)
	a := serve(t, client.Config{}, first, second)
	ids := ""
	for k, err := range a.Keys.All(t.Context(), client.KeyFilter{Status: "active", ExpiringBefore: time.Unix(0, 0)}) {
		if err != nil {
			t.Fatal(err)
		}
		ids += k.ID
	}
	const want = "expiring_before=1970-01-01T00%3A00%3A00Z&limit=200&status=active"
	if ids != "abc" || a.requests[0].URL.RawQuery != want || a.requests[1].URL.Query().Get("cursor") != "two" {
		t.Errorf("got %s, asked %v", ids, a.requests[0].URL)
	}

	a = serve(t, client.Config{}, first, problem(500, "internal_error"))
	var failed error
	n := 0
	for _, err := range a.Keys.All(t.Context(), client.KeyFilter{}) {
		n, failed = n+1, err
	}
	if n != 3 || !errors.Is(failed, client.Internal) {
		t.Errorf("%d steps, the last with %v", n, failed)
	}

	a = serve(t, client.Config{}, first)
	for _, err := range a.Keys.All(t.Context(), client.KeyFilter{}) {
		failed = err
	}
	if !errors.Is(failed, client.BadAnswer) || a.times() != 2 {
		t.Errorf("a list that goes in circles: %v after %d pages", failed, a.times())
	}
	for _, err := range a.Keys.All(t.Context(), client.KeyFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if a.times() != 3 {
		t.Error("pages are read that nobody wants")
	}

	// In a circle of pages, empty ones too, the walk ends.
	for circle := 1; circle <= 5; circle++ {
		var n atomic.Int32
		a = serve(t, client.Config{}, func(w http.ResponseWriter, _ *http.Request) {
			reply(200, fmt.Sprintf(`{"items":[],"next_cursor":"page %d"}`, int(n.Add(1))%circle))(w, nil)
		})
		failed = nil
		for _, err := range a.Keys.All(t.Context(), client.KeyFilter{}) {
			failed = err
		}
		if !errors.Is(failed, client.BadAnswer) || a.times() > 3*circle+2 {
			t.Errorf("a circle of %d: %v after %d pages", circle, failed, a.times())
		}
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "sessionid=S; Path=/; HttpOnly")
		w.Header().Add("Set-Cookie", "csrftoken=C; Path=/")
		reply(200, `{"id":"usr_1"}`, "ETag", `"2"`)(w, nil)
	})
	me, credential, err := a.Sessions.SignIn(t.Context(), client.SignIn{Username: "ada", Password: "x"})
	if err != nil || me.ID != "usr_1" {
		t.Fatal(me, err)
	}
	signedIn, err := a.With(credential)
	if err != nil {
		t.Fatal(err)
	}
	if me, err = signedIn.Me.Get(t.Context()); err != nil || me.ETag != `"2"` {
		t.Errorf("got %+v, %v", me, err)
	}
	if h := a.requests[1].Header; h.Get("Cookie") != "sessionid=S; csrftoken=C" || h.Get("X-CSRFToken") != "C" {
		t.Errorf("sent %v", h)
	}
}

// The cookies of a session stay with its credential, though the caller's HTTP
// client keeps cookies.
func TestSessionsDoNotMix(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	config := client.Config{Credential: client.UserToken("T"), HTTPClient: &http.Client{Jar: jar}}
	a := serve(t, config, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "sessionid=S; Path=/; HttpOnly")
		w.Header().Add("Set-Cookie", "csrftoken=C; Path=/")
		reply(200, `{"id":"usr_1"}`)(w, nil)
	})
	if _, _, err := a.Sessions.SignIn(t.Context(), client.SignIn{Username: "ada", Password: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Me.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := a.requests[1].Header; h.Get("Cookie") != "" || h.Get("Authorization") != "Token T" {
		t.Errorf("sent %v", h)
	}
}

// Answers are read to their end, so one connection serves one after the other.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	answers := []http.HandlerFunc{reply(200, verdict), problem(404, "not_found"), reply(200, verdict, "Content-Type", "text/html")}
	var n atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[int(n.Add(1))%len(answers)](w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	a := &asked{}
	a.use(t, client.Config{URL: server.URL})
	for range 30 {
		_, _ = a.Verify(t.Context(), client.Question{Key: "k"})
	}
	if n.Load() != 30 || opened.Load() != 1 {
		t.Errorf("%d requests took %d connections", n.Load(), opened.Load())
	}
}
