package guard_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/client/guard"
)

const key = "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR2OC8kj"

// decided is a verifier that answers the same always, and notes the question.
type decided struct {
	verdict client.Verdict
	err     error
	asked   []client.Question
}

func (d *decided) Verify(_ context.Context, q client.Question) (client.Verdict, error) {
	d.asked = append(d.asked, q)
	return d.verdict, d.err
}

// verdict is one with the code, of a key over no limit.
func verdict(code string) client.Verdict {
	return client.NewVerdict(
		client.VerifyResponse{Valid: code == client.CodeValid, Code: code, KeyID: "key_1", Detail: "why"}, 0,
		client.StaticLimits{"Ratelimit": {`"key";r=9;t=1`}, "Retry-After": {"2"}},
	)
}

func ask(t *testing.T, config guard.Config, r *http.Request, scopes ...string) *httptest.ResponseRecorder {
	t.Helper()
	g, err := guard.New(config)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	g.Require(scopes...)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := guard.Identity(r.Context())
		if !ok {
			who.KeyID = "nobody"
		}
		_, _ = w.Write([]byte("hello " + who.KeyID))
	})).ServeHTTP(w, r)
	return w
}

func request(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/invoices", nil)
	r.RemoteAddr = "192.0.2.1:4711"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestValidKeyPasses(t *testing.T) {
	t.Parallel()
	v := &decided{verdict: verdict(client.CodeValid)}
	w := ask(t, guard.Config{Verifier: v}, request("X-API-Key", key, "User-Agent", "curl/8"), "invoices:read")
	if w.Code != 200 || w.Body.String() != "hello key_1" || w.Header().Get("RateLimit") == "" || w.Header().Get("Retry-After") != "" {
		t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
	}
	q := v.asked[0]
	if q.Key != key || q.Scopes[0] != "invoices:read" || q.Address != netip.MustParseAddr("192.0.2.1") || q.UserAgent != "curl/8" {
		t.Errorf("asked %+v", q)
	}
}

func TestRefusalsAreThoseOfVerify(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code   string
		status int
		says   string // in WWW-Authenticate
	}{
		{client.CodeNotFound, 401, `Bearer realm="api", error="invalid_token"`},
		{client.CodeRevoked, 401, `Bearer realm="api", error="invalid_token"`},
		{client.CodeDisabled, 401, `Bearer realm="api", error="invalid_token"`},
		{"A_CODE_OF_TOMORROW", 401, `Bearer realm="api", error="invalid_token"`},
		{client.CodeIPNotAllowed, 403, ""},
		{client.CodeInsufficientScope, 403, `Bearer realm="api", error="insufficient_scope", scope="a:b"`},
		{client.CodeRateLimited, 429, ""},
		{client.CodeQuotaExceeded, 429, ""},
	} {
		v := verdict(tt.code)
		v.MissingScopes = []string{"a:b"}
		w := ask(t, guard.Config{Verifier: &decided{verdict: v}}, request("X-API-Key", key))
		var p client.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		h := w.Header()
		if w.Code != tt.status || p.Code != tt.code || p.Status != tt.status || p.Detail != "why" || p.MissingScopes[0] != "a:b" ||
			h.Get("WWW-Authenticate") != tt.says || h.Get("Content-Type") != "application/problem+json" ||
			h.Get("Cache-Control") != "no-store" || h.Get("RateLimit") == "" || h.Get("Retry-After") != "2" {
			t.Errorf("%s: %d %s %v", tt.code, w.Code, w.Body, h)
		}
	}
}

func TestWhereKeysAreRead(t *testing.T) {
	t.Parallel()
	const other = "lk_live_another"
	for _, tt := range []struct {
		name    string
		headers []string
		want    string // the key, or the code
	}{
		{"X-API-Key", []string{"X-API-Key", key}, key},
		{"bearer", []string{"Authorization", "Bearer " + key}, key},
		{"bearer in lower case", []string{"Authorization", "bearer " + key}, key},
		{"Api-Key", []string{"Authorization", "Api-Key " + key}, key},
		{"signed token", []string{"Authorization", "Bearer eyJ.a.b"}, "eyJ.a.b"},
		{"the same twice", []string{"X-API-Key", key, "Authorization", "Bearer " + key}, key},
		{"a bearer token of the API's own", []string{"X-API-Key", key, "Authorization", "Bearer eyJ.a.b"}, key},
		{"Basic is not Latchkey's", []string{"X-API-Key", key, "Authorization", "Basic YTpi"}, key},
		{"none", nil, client.CodeMissing},
		{"an empty one", []string{"X-API-Key", ""}, client.CodeMissing},
		{"a bearer of nothing", []string{"Authorization", "Bearer "}, client.CodeMissing},
		{"Basic alone", []string{"Authorization", "Basic YTpi"}, client.CodeMissing},
		{"two in one header", []string{"X-API-Key", key, "X-API-Key", other}, client.CodeMalformed},
		{"two in two headers", []string{"X-API-Key", key, "Authorization", "Bearer " + other}, client.CodeMalformed},
		{"two more", []string{"X-API-Key", key, "Authorization", "Api-Key x"}, client.CodeMalformed},
		{"endless", []string{"X-API-Key", strings.Repeat("x", 5000)}, client.CodeMalformed},
	} {
		v := &decided{verdict: verdict(client.CodeValid)}
		w := ask(t, guard.Config{Verifier: v}, request(tt.headers...))
		switch {
		case len(v.asked) == 1 && v.asked[0].Key == tt.want && w.Code == 200:
		case len(v.asked) == 0 && w.Code == 401 && strings.Contains(w.Body.String(), `"code":"`+tt.want+`"`):
		default:
			t.Errorf("%s: %d %s, asked %d times", tt.name, w.Code, w.Body, len(v.asked))
		}
	}
	w := ask(t, guard.Config{Verifier: &decided{}, Realm: "invoices"}, request())
	if got := w.Header().Get("WWW-Authenticate"); got != `Bearer realm="invoices"` {
		t.Errorf("without a key: %s", got)
	}
}

func TestClientsAddress(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, tt := range []struct {
		name    string
		trusted []netip.Prefix
		header  string
		headers []string
		want    string
	}{
		{"no proxy is trusted", nil, "", []string{"X-Forwarded-For", "203.0.113.9"}, "192.0.2.1"},
		{"one proxy", proxies, "", []string{"X-Forwarded-For", "203.0.113.9"}, "203.0.113.9"},
		{"what the client wrote to the left", proxies, "", []string{"X-Forwarded-For", "127.0.0.1, 203.0.113.9, 10.0.0.3"}, "203.0.113.9"},
		{"several lines", proxies, "", []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-For", "10.0.0.3"}, "203.0.113.9"},
		{"no header", proxies, "", nil, "192.0.2.1"},
		{"nonsense is nobody", proxies, "", []string{"X-Forwarded-For", "203.0.113.9, unknown"}, "invalid IP"},
		{"another header", proxies, "", []string{"Forwarded", "for=203.0.113.9"}, "192.0.2.1"},
		{"RFC 7239", proxies, "forwarded", []string{"Forwarded", `for=1.1.1.1, for="[2001:db8::7]:47";proto=https, for=10.0.0.3`}, "2001:db8::7"},
		{"one address", proxies, "X-Real-IP", []string{"X-Real-IP", "203.0.113.9", "X-Forwarded-For", "1.1.1.1"}, "203.0.113.9"},
		{
			"a quote that the client left open hides nobody", proxies, "forwarded",
			[]string{"Forwarded", `for=198.51.100.7;x=", for=203.0.113.9`},
			"invalid IP",
		},
		{
			"nor over two lines", proxies, "forwarded",
			[]string{"Forwarded", `for=198.51.100.7;x="`, "Forwarded", `for="[2001:db8::7]:47"`},
			"invalid IP",
		},
		{"a quote that was closed", proxies, "forwarded", []string{"Forwarded", `for=198.51.100.7;x=",", for=203.0.113.9`}, "203.0.113.9"},
		{"IPv4 in IPv6", proxies, "", []string{"X-Forwarded-For", "::ffff:203.0.113.9"}, "203.0.113.9"},
	} {
		v := &decided{verdict: verdict(client.CodeValid)}
		config := guard.Config{Verifier: v, TrustedProxies: tt.trusted, ForwardedHeader: tt.header}
		ask(t, config, request(append(tt.headers, "X-API-Key", key)...))
		if got := v.asked[0].Address.String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestFailsClosed(t *testing.T) {
	t.Parallel()
	var heard []error
	hear := func(_ context.Context, err error) { heard = append(heard, err) }
	gone := &client.Error{Kind: client.Unreachable, Err: errors.New("dial tcp 10.0.0.7: refused")}
	wrong := &client.Error{Kind: client.Unauthenticated, Status: 401}
	often := &client.Error{Kind: client.Limited, Status: 429}
	page := &client.Error{Kind: client.BadAnswer, Status: 503, ContentType: "text/html"}
	open := guard.Config{OnError: hear, FailOpen: true}
	for _, tt := range []struct {
		name   string
		config guard.Config
		err    error
		status int
	}{
		{"closed", guard.Config{}, gone, 503},
		{"closed, and told", guard.Config{OnError: hear}, gone, 503},
		{"open", open, gone, 200},
		{"open, and a proxy finds no Latchkey", open, page, 200},
		{"open, and the verifier's own key is wrong", open, wrong, 503},
		{"open, and it was wrong too often", open, often, 503},
		{"open, and the client has gone", open, context.Canceled, 503},
		{"open, and nobody knows what it is", open, errors.New("broken"), 503},
	} {
		tt.config.Verifier = &decided{err: tt.err}
		w := ask(t, tt.config, request("X-API-Key", key))
		if w.Code != tt.status || strings.Contains(w.Body.String(), "10.0.0.7") {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
		if tt.status == 503 && (w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), `"code":"unavailable"`)) {
			t.Errorf("%s: %s %v", tt.name, w.Body, w.Header())
		}
		if tt.status == 200 && w.Body.String() != "hello nobody" {
			t.Errorf("%s: %s", tt.name, w.Body)
		}
	}
	if len(heard) != 7 || !slices.Contains(heard, error(gone)) {
		t.Errorf("heard %v", heard)
	}
	if w := ask(t, guard.Config{Verifier: &decided{err: gone}, OnError: hear, FailOpen: true}, request()); w.Code != 401 {
		t.Errorf("fails open for a request without a key: %d", w.Code)
	}
	for _, bad := range []guard.Config{
		{},
		{Verifier: &decided{}, FailOpen: true},
		{Verifier: &decided{}, TrustedProxies: make([]netip.Prefix, 1)},
		{Verifier: &decided{}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}},
		{Verifier: &decided{}, ForwardedHeader: "X-Real-IP"},
		{Verifier: &decided{}, ForwardedHeader: "X Real IP", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		{Verifier: &decided{}, Realm: `a" b`},
		{Verifier: &decided{}, Realm: "a\r\nSet-Cookie: b"},
	} {
		if _, err := guard.New(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// A caller lets nobody in by leaving no time for an answer: gRPC takes the
// deadline that its client sets.
func TestFailOpenIsNotForCallersInAHurry(t *testing.T) {
	t.Parallel()
	late := &client.Error{Kind: client.TimedOut, Err: context.DeadlineExceeded}
	g, err := guard.New(guard.Config{Verifier: &decided{err: late}, FailOpen: true, OnError: func(context.Context, error) {}})
	if err != nil {
		t.Fatal(err)
	}
	caller := guard.Caller{Header: http.Header{"X-Api-Key": {key}}}
	hurry, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if d := g.Decide(hurry, caller, guard.Need{}); d.Allowed || d.Problem.Status != 503 {
		t.Errorf("a deadline that has passed: %+v", d)
	}
	patient, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if d := g.Decide(patient, caller, guard.Need{}); !d.Allowed {
		t.Errorf("Latchkey that is late: %+v", d)
	}
}

func TestContradictionsLetNobodyIn(t *testing.T) {
	t.Parallel()
	for _, v := range []client.VerifyResponse{{Valid: true, Code: client.CodeRevoked}, {Valid: true}, {Code: client.CodeValid}} {
		w := ask(t, guard.Config{Verifier: &decided{verdict: client.Verdict{VerifyResponse: v}}}, request("X-API-Key", key))
		if w.Code != 503 || strings.Contains(w.Body.String(), "hello") {
			t.Errorf("%+v: %d %s", v, w.Code, w.Body)
		}
	}
}

func TestNeedsByRequest(t *testing.T) {
	t.Parallel()
	v := &decided{verdict: verdict(client.CodeValid)}
	g, err := guard.New(guard.Config{Verifier: v})
	if err != nil {
		t.Fatal(err)
	}
	h := g.RequireFunc(func(r *http.Request) guard.Need {
		if r.Method == http.MethodPost {
			return guard.Need{Scopes: []string{"invoices:write"}, Cost: client.Set[int64](5)}
		}
		return guard.Need{Scopes: []string{"invoices:read"}, Public: r.URL.Path == "/healthz"}
	})(http.NotFoundHandler())
	public := httptest.NewRecorder()
	h.ServeHTTP(public, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if public.Code != 404 || len(v.asked) != 0 {
		t.Errorf("what is public: %d, asked %d times", public.Code, len(v.asked))
	}
	for _, method := range []string{"GET", "POST"} {
		r := request("X-API-Key", key, "User-Agent", strings.Repeat("ü", 2000))
		r.Method = method
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	cost, _ := v.asked[1].Cost.Get()
	if v.asked[0].Scopes[0] != "invoices:read" || v.asked[1].Scopes[0] != "invoices:write" || cost != 5 || len(v.asked[0].UserAgent) != 2048 {
		t.Errorf("asked %+v", v.asked)
	}
}

func FuzzCaller(f *testing.F) {
	f.Add(key, "Bearer "+key, "203.0.113.9, 10.0.0.1", `for="[2001:db8::7]:1";proto=https`, "curl")
	f.Fuzz(func(t *testing.T, first, authorization, list, forwarded, agent string) {
		for _, header := range []string{"", "Forwarded"} {
			v := &decided{verdict: verdict(client.CodeValid)}
			g, err := guard.New(guard.Config{
				Verifier: v, ForwardedHeader: header, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			})
			if err != nil {
				t.Fatal(err)
			}
			d := g.Decide(t.Context(), guard.Caller{RemoteAddr: "10.0.0.1:5", Header: http.Header{
				"X-Api-Key": {first}, "Authorization": {authorization}, "X-Forwarded-For": {list}, "Forwarded": {forwarded}, "User-Agent": {agent},
			}}, guard.Need{})
			if d.Allowed != (len(v.asked) == 1) {
				t.Error("let in without having asked")
			}
			for _, q := range v.asked {
				if q.Key == "" || q.Address.Is4In6() || q.Address.Zone() != "" || len(q.UserAgent) > 2048 {
					t.Errorf("asked %+v", q)
				}
			}
		}
	})
}
