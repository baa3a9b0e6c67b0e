package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
)

// fails checks that the error is of the kind.
func fails(t *testing.T, err error, kind client.Kind) {
	t.Helper()
	_ = failure(t, err, kind)
}

// failure returns the error as the client's own, of the kind.
func failure(t *testing.T, err error, kind client.Kind) *client.Error {
	t.Helper()
	var e *client.Error
	if !errors.As(err, &e) || !errors.Is(err, kind) {
		t.Fatalf("got %v, want the kind %q", err, kind)
	}
	if strings.Contains(err.Error(), secretKey) {
		t.Errorf("the error has the secret: %v", err)
	}
	return e
}

func TestNoSuchHost(t *testing.T) {
	t.Parallel()
	dead := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere.invalid", IsNotFound: true}}
	}}}
	a := &asked{}
	a.use(t, client.Config{URL: "https://nowhere.invalid", HTTPClient: dead, Credential: client.APIKey(secretKey)})
	_, err := a.Verify(t.Context(), client.Question{Key: secretKey})
	e := failure(t, err, client.Unreachable)
	var dns *net.DNSError
	if !errors.As(err, &dns) || dns.Name != "nowhere.invalid" || e.Tries != 3 || len(a.waits) != 2 || !e.Temporary() {
		t.Errorf("%v, tried %d times, waited %v", err, e.Tries, a.waits)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &asked{}
	a.use(t, client.Config{URL: "http://" + listener.Addr().String()})
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	// Nothing was sent, so even what must not happen twice is tried again.
	_, err = a.Keys.Revoke(t.Context(), "key_1", client.RevokeKey{})
	if e := failure(t, err, client.Unreachable); e.Tries != 3 || e.Operation != "POST /api/keys/{id}/revoke" {
		t.Errorf("%v, tried %d times", err, e.Tries)
	}
}

func TestUntrustedCertificateIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(reply(200, verdict))
	t.Cleanup(server.Close)
	a := &asked{}
	a.use(t, client.Config{URL: server.URL})
	_, err := a.Verify(t.Context(), client.Question{Key: secretKey})
	e := failure(t, err, client.Unreachable)
	var untrusted *tls.CertificateVerificationError
	if !errors.As(err, &untrusted) || e.Tries != 1 {
		t.Errorf("%v, tried %d times", err, e.Tries)
	}
}

func TestPlainServerBehindHTTPS(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{}, reply(200, verdict))
	a.use(t, client.Config{URL: "https" + strings.TrimPrefix(a.url, "http"), Retries: -1})
	_, err := a.Verify(t.Context(), client.Question{Key: secretKey})
	fails(t, err, client.Unreachable)
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server notices who leaves once it has the body
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	}
	config := client.Config{Timeout: 400 * time.Millisecond, VerifyTimeout: 400 * time.Millisecond}

	a := serve(t, config, hang)
	_, err := a.Verify(t.Context(), client.Question{Key: secretKey})
	if e := failure(t, err, client.TimedOut); a.times() != 1 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a verification that may have been charged was sent %d times: %v", a.times(), e)
	}

	a = serve(t, config, hang, reply(200, `{"id":"key_1"}`))
	if k, err := a.Keys.Get(t.Context(), "key_1"); err != nil || k.ID != "key_1" || a.times() != 2 {
		t.Errorf("a read that timed out: %v, sent %d times", err, a.times())
	}

	ctx, cancel := context.WithCancel(t.Context())
	a = serve(t, client.Config{}, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	_, err = a.Keys.Get(ctx, "key_1")
	if fails(t, err, client.Canceled); !errors.Is(err, context.Canceled) || a.times() != 1 {
		t.Errorf("canceled: %v, sent %d times", err, a.times())
	}
}

// What may have happened is not sent again.
func TestRetries(t *testing.T) {
	t.Parallel()
	get := func(c *client.Client) error { _, err := c.Keys.Get(t.Context(), "key_1"); return err }
	issue := func(c *client.Client) error { _, err := c.Keys.Issue(t.Context(), client.CreateKey{}); return err }
	remove := func(c *client.Client) error { return c.Keys.Delete(t.Context(), "key_1") }
	matched := func(c *client.Client) error { return c.Keys.Delete(t.Context(), "key_1", client.IfMatch(`"3"`)) }
	revoke := func(c *client.Client) error {
		_, err := c.Keys.Revoke(t.Context(), "key_1", client.RevokeKey{})
		return err
	}
	verify := func(c *client.Client) error {
		_, err := c.Verify(t.Context(), client.Question{Key: secretKey})
		return err
	}
	dryRun := func(c *client.Client) error {
		_, err := c.Verify(t.Context(), client.Question{Key: secretKey, DryRun: true})
		return err
	}
	gateway := reply(502, "<html>bad gateway</html>", "Content-Type", "text/html")
	for _, tt := range []struct {
		name   string
		do     func(*client.Client) error
		answer http.HandlerFunc
		times  int
	}{
		{"read, connection cut", get, cut, 3},
		{"read, 500", get, problem(500, "internal_error"), 1},
		{"read, 502 of a proxy", get, gateway, 3},
		{"read, 503", get, problem(503, "unavailable"), 3},
		{"read, 404", get, problem(404, "not_found"), 1},
		{"creation, cut: its Idempotency-Key makes it safe", issue, cut, 3},
		{"creation, while the first is being answered", issue, problem(409, "idempotency_key_in_use"), 3},
		{"creation, conflict", issue, problem(409, "too_many_keys"), 1},
		{"deletion, cut", remove, cut, 3},
		{"deletion of a revision, cut: again it would be Stale", matched, cut, 1},
		{"revoke, cut", revoke, cut, 1},
		{"revoke, 502", revoke, gateway, 1},
		{"revoke, 503", revoke, problem(503, "unavailable"), 1},
		{"revoke, 429: it did nothing", revoke, problem(429, "throttled"), 3},
		{"verification, cut: it may have been charged", verify, cut, 1},
		{"verification, 502", verify, gateway, 1},
		{"verification, 503: it was not decided", verify, problem(503, "unavailable"), 3},
		{"verification, 503 of a proxy, which does not know", verify, reply(503, "no upstream", "Content-Type", "text/plain"), 1},
		{"dry run, 503 of a proxy", dryRun, reply(503, "no upstream", "Content-Type", "text/plain"), 3},
		{"verification, 429", verify, problem(429, "throttled"), 3},
		{"dry run, cut: it costs nothing", dryRun, cut, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, client.Config{Credential: client.APIKey(secretKey)}, tt.answer)
			if err := tt.do(a.Client); err == nil || strings.Contains(err.Error(), secretKey) {
				t.Errorf("got %v", err)
			}
			if a.times() != tt.times {
				t.Errorf("sent %d times, want %d", a.times(), tt.times)
			}
			first := a.requests[0].Header.Get("Idempotency-Key")
			for _, r := range a.requests {
				if r.Header.Get("Idempotency-Key") != first {
					t.Error("a retry has another Idempotency-Key")
				}
			}
		})
	}
}

func TestWaitsAsLongAsTheAnswerSays(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithDeadline(t.Context(), now.Add(20*time.Second))
	defer cancel()
	for _, tt := range []struct {
		name, after string
		ctx         context.Context
		want        time.Duration // 0: not tried again
	}{
		{"not said", "", t.Context(), 50 * time.Millisecond},
		{"seconds", "7", t.Context(), 7 * time.Second},
		{"a date", now.Add(9 * time.Second).Format(http.TimeFormat), t.Context(), 9 * time.Second},
		{"a date that has passed", now.Add(-time.Hour).Format(http.TimeFormat), t.Context(), 50 * time.Millisecond},
		{"longer than MaxWait", "3600", t.Context(), 0},
		{"beyond the deadline", "25", ctx, 0},
		{"nonsense", "soon", t.Context(), 50 * time.Millisecond},
		{"negative", "-5", t.Context(), 50 * time.Millisecond},
		{"more than any number", "99999999999999999999", t.Context(), 0},
		{"less than any number", "-99999999999999999999", t.Context(), 50 * time.Millisecond},
		{"next century", "Fri, 31 Dec 9999 23:59:59 GMT", t.Context(), 0},
	} {
		a := serve(t, client.Config{Retries: 1}, problem(429, "throttled", "Retry-After", tt.after, "Date", now.Format(http.TimeFormat)))
		_, err := a.Keys.Get(tt.ctx, "key_1")
		fails(t, err, client.Limited)
		if tt.want == 0 && len(a.waits) != 0 || tt.want != 0 && (len(a.waits) != 1 || a.waits[0] != tt.want) {
			t.Errorf("%s: waited %v, want %v", tt.name, a.waits, tt.want)
		}
	}
}

// An answer of something in between is told by status and type, and no part of
// it is repeated.
func TestAnswersOfOthers(t *testing.T) {
	t.Parallel()
	const page = "<html>the body with " + secretKey + "</html>"
	truncated := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "900")
		_, _ = w.Write([]byte(`{"id":"`))
	}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for range 40 {
			_, _ = w.Write([]byte(strings.Repeat(" ", 100)))
		}
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		kind   client.Kind
		status int
		says   string
	}{
		{"a page in the place of JSON", reply(200, page, "Content-Type", "text/html; charset=utf-8"), client.BadAnswer, 200, "text/html"},
		{"a 404 of a proxy is no missing key", reply(404, page, "Content-Type", "text/html"), client.BadAnswer, 404, "text/html"},
		{"a 401 of a proxy is no wrong key", reply(401, page, "Content-Type", "text/html"), client.BadAnswer, 401, "text/html"},
		{
			"a 404 of another service", reply(404, `{"error":"not_found","code":"not_found"}`, "Content-Type", "application/json"),
			client.BadAnswer, 404, "no problem document",
		},
		{
			"a 401 of OAuth where there is none", reply(401, `{"error":"`+secretKey+`"}`, "Content-Type", "application/json"),
			client.BadAnswer, 401, "no problem document",
		},
		{"JSON that is no problem", reply(400, `{"message":"`+secretKey+`"}`), client.BadAnswer, 400, "no problem document"},
		{"broken JSON", reply(200, `{"id":`+secretKey), client.BadAnswer, 200, "at byte"},
		{"JSON of another shape", reply(200, `{"id":17}`), client.BadAnswer, 200, "in id"},
		{"a time that is none", reply(200, `{"created_at":"`+secretKey+`"}`), client.BadAnswer, 200, "not the JSON"},
		{"no type", reply(200, "{}", "Content-Type", ""), client.BadAnswer, 200, "no Content-Type"},
		{
			"a redirect", reply(307, "", "Location", "http://elsewhere.example/?key="+secretKey, "Content-Type", "text/html"),
			client.BadAnswer, 307, "redirect",
		},
		{"cut off in the middle", truncated, client.Broken, 200, "unexpected EOF"},
		{"longer than it may be", reply(200, `"`+strings.Repeat("x", 2000)+`"`), client.BadAnswer, 200, "MaxBody"},
		{"without an end in sight", endless, client.BadAnswer, 200, "MaxBody"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, client.Config{MaxBody: 1000, Credential: client.APIKey(secretKey)}, tt.answer)
			_, err := a.Keys.Get(t.Context(), "key_1")
			e := failure(t, err, tt.kind)
			if e.Status != tt.status || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "html>") {
				t.Errorf("got %v, want status %d and %q", err, tt.status, tt.says)
			}
		})
	}
}

func TestProblemsAreTold(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{}, reply(400, `{"type":"urn:x","title":"Bad Request","status":400,"code":"invalid_request",`+
		`"detail":"the request has fields that are not valid","instance":"urn:latchkey:request:REQ-1",`+
		`"errors":[{"field":"name","code":"required","detail":"is required"}]}`))
	_, err := a.Keys.Issue(t.Context(), client.CreateKey{})
	e := failure(t, err, client.Invalid)
	if e.Code != "invalid_request" || e.RequestID != "REQ-1" || len(e.Fields) != 1 || e.Fields[0].Code != "required" || e.Temporary() {
		t.Errorf("got %+v", e)
	}
	const want = "latchkey: POST /api/keys: 400 invalid_request: the request has fields that are not valid: name is required (request REQ-1)"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	for status, kind := range map[int]client.Kind{
		401: client.Unauthenticated, 403: client.Forbidden, 404: client.NotFound, 409: client.Conflict, 412: client.Stale,
		413: client.TooLarge, 429: client.Limited, 500: client.Internal, 503: client.Unavailable, 406: client.Unexpected,
	} {
		a := serve(t, client.Config{Retries: -1}, problem(status, "x"))
		_, err := a.Keys.Get(t.Context(), "key_1")
		fails(t, err, kind)
	}
	a = serve(t, client.Config{}, reply(401, `{"error":"invalid_client"}`, "Content-Type", "application/json"))
	_, err = a.OAuth.Token(t.Context(), client.OAuthClient{ID: "sa_1", Secret: client.APIKey(secretKey)})
	if e := failure(t, err, client.Unauthenticated); e.Code != "invalid_client" {
		t.Errorf("got %v", err)
	}
}

// A creation whose first answer was lost is told by an error, with the object
// that was made.
func TestLostSecret(t *testing.T) {
	t.Parallel()
	a := serve(t, client.Config{}, cut, reply(201, `{"id":"key_1"}`, "Idempotent-Replayed", "true"))
	k, err := a.Keys.Issue(t.Context(), client.CreateKey{})
	if fails(t, err, client.SecretLost); k.ID != "key_1" {
		t.Errorf("the key that was made is %+v", k)
	}
}
