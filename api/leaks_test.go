package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/leaks/github"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// settle waits until accepted reports are worked off.
func (s *suite) settle(t *testing.T) {
	t.Helper()
	must(t, s.Leaks.Settle(t.Context()))
}

// codeOf verifies the key.
func (s *suite) codeOf(t *testing.T, secret string) string {
	t.Helper()
	return s.send(t, self(secret, "")).header.Get("X-Latchkey-Code")
}

func report(texts ...string) call {
	return call{method: "POST", path: "/leaks", body: map[string]any{"keys": texts}}
}

// TestNoAnswerTellsWhichKeysExist: to a stranger, the answers for a key, a revoked one,
// an unknown one and nonsense are the same.
func TestNoAnswerTellsWhichKeysExist(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	same := func(what string, texts []string, ask func(text string) call) {
		var first answer
		for i, text := range texts {
			got := s.send(t, ask(text))
			got.header.Del("X-Request-Id")
			if i == 0 {
				first = got
			}
			if got.status != first.status || string(got.body) != string(first.body) || !maps.EqualFunc(got.header, first.header, slices.Equal) {
				t.Errorf("%s: %d %v %s, the first %d %v %s", what, got.status, got.header, got.body, first.status, first.header, first.body)
			}
		}
	}
	texts := func() []string {
		live, revoked := s.tenant(t), s.tenant(t)
		_, _, err := s.Keys.Revoke(t.Context(), auth.System(), revoked.key, keys.AnyRevision, "", "")
		must(t, err)
		return []string{live.secret, revoked.secret, unknownKey(t)}
	}
	same("POST /leaks", append(texts(), "nonsense"), func(text string) call { return report(text) })
	same("POST /revoke", texts(), func(text string) call {
		return call{method: "POST", path: "/revoke", body: map[string]any{"key": text}}
	})
	same("POST /revoke with a header", texts(), func(text string) call { return call{method: "POST", path: "/revoke", as: byKey(text)} })
	x := s.tenant(t)
	same("POST /oauth/revoke", append(texts(), "nonsense"), func(text string) call {
		return form("/oauth/revoke", map[string]any{"client_id": x.account, "client_secret": x.secret, "token": text})
	})
}

// TestALeakIsWorkedOffAfterTheAnswer and shown to the staff and to those who may see the
// key.
func TestALeakIsWorkedOffAfterTheAnswer(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	if code := s.codeOf(t, x.secret); code != string(verify.Valid) {
		t.Fatalf("it begins as %s", code)
	}
	want[struct{}](t, s, 202, call{method: "POST", path: "/leaks", body: map[string]any{
		"keys": []string{x.secret, unknownKey(t)}, "url": "javascript:alert(1)", "note": "<b>seen</b>",
	}})
	s.settle(t)
	if code := s.codeOf(t, x.secret); code != string(verify.Revoked) {
		t.Errorf("the key is %s", code)
	}
	admin := s.admin(t)
	page, _ := want[client.List[client.Leak]](t, s, 200, call{method: "GET", path: "/api/leaks", as: admin})
	if len(page.Items) != 1 || page.Items[0].Source != "anonymous" || page.Items[0].Note != "<b>seen</b>" || page.Items[0].Unknown != 1 ||
		page.Items[0].Address != peer || len(page.Items[0].Keys) != 1 || page.Items[0].Keys[0].URL != "javascript:alert(1)" ||
		page.Items[0].Keys[0].Outcome != "revoked" || page.Items[0].Keys[0].KeyID != x.key {
		t.Errorf("the staff see %+v", page.Items)
	}
	_, viewer := s.user(t, auth.Viewer, x.organization)
	exposed, _ := want[client.List[client.Exposure]](t, s, 200, call{method: "GET", path: "/api/keys/" + x.key + "/exposures", as: viewer})
	if len(exposed.Items) != 1 || exposed.Items[0].Way != "leak" || exposed.Items[0].Source != "anonymous" {
		t.Errorf("the organization sees %+v", exposed.Items)
	}
	k, _ := want[client.Key](t, s, 200, call{method: "GET", path: "/api/keys/" + x.key, as: viewer})
	if text := mustJSON(t, k); strings.Contains(text, "seen") || strings.Contains(text, "javascript") {
		t.Errorf("what a stranger typed is on the key: %s", text)
	}
	s.mails.mu.Lock()
	defer s.mails.mu.Unlock()
	if text := mustJSON(t, s.mails.mails); strings.Contains(text, "javascript") || strings.Contains(text, "seen") {
		t.Errorf("what a stranger typed is mailed: %s", text)
	}
	if log := s.log.String(); strings.Contains(log, x.secret) || strings.Contains(log, "javascript") {
		t.Error("the log has the report")
	}
}

// TestUnknownKeysAreGuesses, however they come, and a guess too many is refused.
func TestUnknownKeysAreGuesses(t *testing.T) {
	t.Parallel()
	rule := ratelimit.Rule{Requests: 3, Per: time.Hour, Burst: 3}
	s := newSuite(t, settings{guesses: rule})
	want[struct{}](t, s, 202, report(unknownKey(t), unknownKey(t), unknownKey(t)))
	s.settle(t)
	x := s.tenant(t)
	for _, c := range []call{
		self(unknownKey(t), ""), report(unknownKey(t)),
		{method: "POST", path: "/revoke", body: map[string]any{"key": unknownKey(t)}},
		form("/oauth/revoke", map[string]any{"client_id": x.account, "client_secret": x.secret, "token": unknownKey(t)}),
	} {
		if got := s.send(t, c); got.status != 429 || got.header.Get("Retry-After") == "" {
			t.Errorf("%s %s answers %d", c.method, c.path, got.status)
		}
	}
}

func TestTheHolderRevokesTheKey(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	held := func(secret string, c call) {
		t.Helper()
		c.method, c.path = "POST", "/revoke"
		for range 2 {
			if got := s.send(t, c); got.status != http.StatusNoContent || len(got.body) != 0 {
				t.Errorf("%d %s", got.status, got.body)
			}
		}
		if code := s.codeOf(t, secret); code != string(verify.Revoked) {
			t.Errorf("the key is %s", code)
		}
	}
	x, y, z, w := s.tenant(t), s.tenant(t), s.tenant(t), s.tenant(t)
	held(x.secret, call{as: byKey(x.secret)})
	held(y.secret, call{as: byBearer(y.secret)})
	held(z.secret, call{body: map[string]any{"key": z.secret}})
	held(w.secret, call{as: byKey(w.secret), body: map[string]any{"key": w.secret}})
	k, _ := want[client.Key](t, s, 200, call{method: "GET", path: "/api/keys/" + x.key, as: s.admin(t)})
	if k.RevokeReason == nil || *k.RevokeReason != string(keys.ReasonHolder) {
		t.Errorf("the reason is %v", k.RevokeReason)
	}
	two := s.tenant(t)
	for name, c := range map[string]call{
		"no key": {}, "two keys": {as: byKey(two.secret), body: map[string]any{"key": unknownKey(t)}},
		"part of a key": {body: map[string]any{"key": two.secret[:20]}},
	} {
		c.method, c.path = "POST", "/revoke"
		if p := refused(t, s, 400, "invalid_request", c); !names(p, "key") {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if code := s.codeOf(t, two.secret); code != string(verify.Valid) {
		t.Errorf("a refused request made it %s", code)
	}
}

func TestAnOAuthClientRevokesAKeyThatItHolds(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, other := s.tenant(t), s.tenant(t)
	c := form("/oauth/revoke", map[string]any{"client_id": x.account, "client_secret": x.secret, "token": other.secret})
	want[struct{}](t, s, 200, c)
	if code := s.codeOf(t, other.secret); code != string(verify.Revoked) {
		t.Errorf("the key is %s", code)
	}
}

// gitHubCall is a report of GitHub's about the texts.
func gitHubCall(t *testing.T, texts ...string) call {
	t.Helper()
	matches := make([]any, len(texts))
	for i, text := range texts {
		matches[i] = map[string]any{"token": text, "type": "latchkey_api_key", "url": "https://github.com/x", "source": "content", "new": 1}
	}
	return call{method: "POST", path: "/leaks/github", as: byGitHub(t), body: matches}
}

func TestGitHubIsToldWhatIsAKey(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	ask := gitHubCall(t, x.secret, unknownKey(t), "nonsense", strings.Repeat("x", 1000))
	labels, first := want[[]client.GitHubLabel](t, s, 200, ask)
	s.settle(t)
	got := []string{}
	for _, l := range labels {
		got = append(got, l.Label)
	}
	if diff := cmp.Diff([]string{"true_positive", "false_positive", "false_positive", "false_positive"}, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(string(first.body), x.secret) || len(labels[0].TokenHash) != 64 {
		t.Errorf("answered %s", first.body)
	}
	if code := s.codeOf(t, x.secret); code != string(verify.Revoked) {
		t.Errorf("the key is %s", code)
	}
	if again := s.send(t, ask); string(again.body) != string(first.body) {
		t.Errorf("again it is answered %s", again.body)
	}
	s.settle(t)
	page, _ := want[client.List[client.Leak]](t, s, 200, call{method: "GET", path: "/api/leaks", as: s.admin(t)})
	if len(page.Items) != 1 || page.Items[0].Source != "github" {
		t.Errorf("a report that came twice is %+v", page.Items)
	}
	many := make([]string, 250)
	for i := range many {
		many[i] = unknownKey(t)
	}
	labels, _ = want[[]client.GitHubLabel](t, s, 200, gitHubCall(t, many...))
	if len(labels) != len(many) {
		t.Errorf("%d labels", len(labels))
	}
}

// TestForgedReportsAreRefused, charged to their address, and change nothing.
func TestForgedReportsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	spoil := func(as credential, header, value string) credential {
		return func(r *http.Request) {
			as(r)
			if value == "" {
				r.Header.Del(header)
				return
			}
			r.Header.Set(header, value)
		}
	}
	g := gitHubCall(t, x.secret)
	signed := call{method: "POST", path: "/leaks/signed", as: s.byPartner, body: report(x.secret).body}
	lab := s.good(t, s.operation(t, "reportLeakGitLab"), x, nil)
	stale := &leaks.Signed{Secret: []byte(leaksSecret), Now: s.now}
	by := func(at time.Duration, secret string) credential {
		return func(r *http.Request) {
			other := *stale
			other.Secret = []byte(secret)
			r.Header.Set("Latchkey-Signature", other.Sign(s.now().Add(at), bodyOf(r)))
		}
	}
	for name, c := range map[string]call{
		"no signature of GitHub":       {as: spoil(g.as, github.SignatureHeader, ""), path: g.path, body: g.body},
		"no identifier":                {as: spoil(g.as, github.IdentifierHeader, ""), path: g.path, body: g.body},
		"another identifier":           {as: spoil(g.as, github.IdentifierHeader, "other"), path: g.path, body: g.body},
		"a signature of another body":  {as: func(r *http.Request) { g.as(r); r.Body = http.NoBody }, path: g.path, body: g.body},
		"a signature that is no text":  {as: spoil(g.as, github.SignatureHeader, "%%%"), path: g.path, body: g.body},
		"a signature that is nonsense": {as: spoil(g.as, github.SignatureHeader, "AAAA"), path: g.path, body: g.body},
		"no signature of a partner":    {as: spoil(signed.as, "Latchkey-Signature", ""), path: signed.path, body: signed.body},
		"a signature without a time":   {as: spoil(signed.as, "Latchkey-Signature", "v1=00"), path: signed.path, body: signed.body},
		"an old signature":             {as: by(-6*time.Minute, leaksSecret), path: signed.path, body: signed.body},
		"one from the future":          {as: by(6*time.Minute, leaksSecret), path: signed.path, body: signed.body},
		"another secret":               {as: by(0, leaksSecret+"x"), path: signed.path, body: signed.body},
		"no token of GitLab":           {path: lab.path, body: lab.body},
		"another token":                {as: func(r *http.Request) { r.Header.Set("Authorization", "x") }, path: lab.path, body: lab.body},
	} {
		c.method = "POST"
		if got := s.send(t, c); got.status != 401 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	refused(t, s, 401, "authentication_failed", call{method: "GET", path: "/leaks/gitlab/v1/revocable_token_types"})
	s.settle(t)
	if code := s.codeOf(t, x.secret); code != string(verify.Valid) {
		t.Errorf("the key is %s", code)
	}
}

func TestASignedReportWorksOnce(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	signed := &leaks.Signed{Secret: []byte(leaksSecret), Now: s.now}
	at := s.now()
	c := call{method: "POST", path: "/leaks/signed", body: report(x.secret).body, as: func(r *http.Request) {
		r.Header.Set("Latchkey-Signature", signed.Sign(at, bodyOf(r)))
	}}
	want[struct{}](t, s, 202, c)
	refused(t, s, 409, "conflict", c)
	refused(t, newSuite(t, settings{beside: s}), 409, "conflict", c) // at another node
	at = at.Add(time.Second)
	want[struct{}](t, s, 202, c)
	s.settle(t)
	if code := s.codeOf(t, x.secret); code != string(verify.Revoked) {
		t.Errorf("the key is %s", code)
	}
}

func TestBadMatchesAreRefused(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	many := `[` + strings.TrimSuffix(strings.Repeat(`{"token":"x","type":"`+leaks.GitLabType+`"},`, 1001), ",") + `]`
	for path, as := range map[string]credential{"/leaks/github": byGitHub(t), "/leaks/gitlab/v1/revoke_tokens": byGitLab} {
		for _, body := range []string{"", "{}", "null", "[1]", `[{"token":1}]`, "[", many, strings.Repeat("[", 100_000)} {
			refused(t, s, 400, "invalid_request", call{method: "POST", path: path, as: as, body: body, kind: "application/json"})
		}
		refused(t, s, 400, "invalid_request", call{method: "POST", path: path + "?x=1", as: as, body: "[]"})
		refused(t, s, 415, "unsupported_media_type", call{method: "POST", path: path, as: as, body: "[]", kind: "text/plain"})
		long := strings.Repeat(" ", 2<<20)
		refused(t, s, 413, "payload_too_large", call{method: "POST", path: path, as: as, body: long, kind: "application/json"})
	}
	refused(t, s, 400, "invalid_request", call{
		method: "POST", path: "/leaks/gitlab/v1/revoke_tokens", as: byGitLab, body: `[{"type":"aws","token":"x"}]`, kind: "application/json",
	})
	refused(t, s, 413, "payload_too_large", call{
		method: "POST", path: "/leaks/signed", as: s.byPartner, body: strings.Repeat(" ", 2<<20), kind: "application/json",
	})
}

// TestSourcesThatAreOff do not exist.
func TestSourcesThatAreOff(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{alone: true})
	for _, c := range []call{
		{method: "POST", path: "/leaks/github", body: "[]"},
		{method: "POST", path: "/leaks/signed", body: "{}"},
		{method: "POST", path: "/leaks/gitlab/v1/revoke_tokens", body: "[]"},
		{method: "GET", path: "/leaks/gitlab/v1/revocable_token_types"},
	} {
		refused(t, s, 404, "not_found", c)
	}
}

// TestReportersAreThrottled at each of the ways to report, and forgers as well.
func TestReportersAreThrottled(t *testing.T) {
	t.Parallel()
	once := ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1}
	forged := func(r *http.Request) {
		r.Header.Set(github.IdentifierHeader, "x")
		r.Header.Set(github.SignatureHeader, "AAAA")
		r.Header.Set("Latchkey-Signature", "t=1,v1=00")
	}
	for _, c := range []call{
		report("x"),
		{method: "POST", path: "/revoke", body: map[string]any{"key": unknownKey(t)}},
		{method: "POST", path: "/leaks/github", body: "[]", kind: "application/json", as: forged},
		{method: "POST", path: "/leaks/signed", body: "{}", kind: "application/json", as: forged},
		{method: "POST", path: "/leaks/gitlab/v1/revoke_tokens", body: "[]", kind: "application/json", as: forged},
		{method: "GET", path: "/leaks/gitlab/v1/revocable_token_types", as: forged},
	} {
		s := newSuite(t, settings{throttles: throttles(once, ratelimit.Rule{}, ratelimit.Rule{}, ratelimit.Rule{}, nil)})
		s.send(t, c)
		refused(t, s, 429, "throttled", c)
	}
}

// TestAStoreThatIsGoneTakesNoReport: who is answered 202 is not forgotten.
func TestAStoreThatIsGoneTakesNoReport(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	for _, id := range []string{"reportLeak", "reportLeakSigned", "reportLeakGitHub", "reportLeakGitLab", "revokeHeld"} {
		for status, err := range map[int]error{500: errBroken, 503: fmt.Errorf("%w: %s", errs.Unavailable, inside)} {
			c := s.good(t, s.operation(t, id), x, nil)
			s.store.breakBy(always(err))
			got := s.send(t, c)
			s.store.breakBy(nil)
			if got.status != status || strings.Contains(string(got.body), inside) {
				t.Errorf("%s: %d %s, want %d", id, got.status, got.body, status)
			}
		}
	}
	s.settle(t)
	if code := s.codeOf(t, x.secret); code != string(verify.Valid) {
		t.Errorf("the key is %s", code)
	}
}

func TestKeysThatArriveWithoutTLS(t *testing.T) {
	t.Parallel()
	proxy := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
	for _, tt := range []struct {
		name, from, proto string
		plain             bool
	}{
		{"a proxy that tells of HTTP", "10.0.0.1", "http", true},
		{"a proxy that tells of HTTPS", "10.0.0.1", "https", false},
		{"a proxy that tells nothing", "10.0.0.1", "", false},
		{"the internet", "203.0.113.9", "", true},
		{"the internet, which claims TLS", "203.0.113.9", "https", true},
		{"a private network", "192.168.1.2", "http", false},
		{"this machine", "127.0.0.1", "", false},
		{"this machine, by IPv6", "::1", "", false},
		{"the internet, by IPv6", "2001:db8::7", "", true},
	} {
		for mode, code := range map[api.PlainHTTP]string{"": "VALID", api.PlainMark: "VALID", api.PlainRefuse: "PLAIN_HTTP"} {
			if !tt.plain {
				code = "VALID"
			}
			s := newSuite(t, settings{plain: mode, trusted: proxy})
			x := s.tenant(t)
			c := self(x.secret, "")
			c.from, c.header = tt.from, map[string]string{}
			if tt.proto != "" {
				c.header["X-Forwarded-Proto"] = tt.proto
			}
			if got := s.send(t, c); got.header.Get("X-Latchkey-Code") != code {
				t.Errorf("%s, %q: %s, want %s", tt.name, mode, got.header.Get("X-Latchkey-Code"), code)
			}
			if verdict, _ := want[client.VerifyResponse](t, s, 200, call{
				method: "POST", path: "/verify", as: byKey(s.keyWith(t, x.organization, "latchkey:verify")), body: map[string]any{"key": x.secret},
			}); verdict.Code != "VALID" {
				t.Errorf("%s, %q: a verifier is told %s", tt.name, mode, verdict.Code)
			}
		}
	}
}

// TestEnvoyTellsOfPlainHTTP by the header that it sets, and the key is recorded.
func TestEnvoyTellsOfPlainHTTP(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{plain: api.PlainRefuse})
	x := s.tenant(t)
	for proto, code := range map[string]verify.Code{"http": verify.PlainHTTP, "https": verify.Valid, "": verify.Valid} {
		r := request(t, self(x.secret, ""))
		if proto != "" {
			r.Header.Set("X-Forwarded-Proto", proto)
		}
		got := s.self.Verify(r, nil, nil, nil)
		if got.Verdict.Code != code || (got.Status == http.StatusForbidden) != (code == verify.PlainHTTP) {
			t.Errorf("%q: %s, %d", proto, got.Verdict.Code, got.Status)
		}
	}
}

func TestWhatKeysLookLikeIsPublished(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	shape, got := want[client.KeyShape](t, s, 200, call{method: "GET", path: "/.well-known/latchkey-keys.json"})
	if shape.ReportEndpoint != issuer+"/leaks" || !strings.Contains(got.header.Get("Cache-Control"), "public") {
		t.Errorf("%+v", shape)
	}
	for _, path := range []string{"gitleaks.toml", "trufflehog.yaml"} {
		got := s.send(t, call{method: "GET", path: "/.well-known/latchkey-keys/" + path})
		if got.status != 200 || !strings.Contains(string(got.body), shape.Pattern) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
		refused(t, s, 400, "invalid_request", call{method: "GET", path: "/.well-known/latchkey-keys/" + path + "?x=1"})
	}
	var types client.GitLabTypes
	got = s.send(t, call{method: "GET", path: "/leaks/gitlab/v1/revocable_token_types", as: byBearer(gitLabToken)})
	must(t, json.Unmarshal(got.body, &types))
	if !slices.Equal(types.Types, []string{leaks.GitLabType}) {
		t.Errorf("types: %v", types)
	}
}
