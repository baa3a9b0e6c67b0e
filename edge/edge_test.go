package edge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/edge"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

const credential = "lk_live_secretsecretsecret"

// node answers an edge as a node does, unless it is told to answer otherwise.
type node struct {
	*httptest.Server
	grant     edgewire.Grant
	otherwise atomic.Pointer[http.HandlerFunc]
	only      atomic.Pointer[string] // the path that is answered otherwise, nil for all
	place     atomic.Uint64
	grants    atomic.Int64
}

func (n *node) handle(w http.ResponseWriter, r *http.Request) {
	if h := n.otherwise.Load(); h != nil {
		if only := n.only.Load(); only == nil || *only == r.URL.Path {
			(*h)(w, r)
			return
		}
	}
	var out any = struct{}{}
	switch r.URL.Path {
	case edgewire.ChangesPath:
		var asked edgewire.AskChanges
		_ = json.NewDecoder(r.Body).Decode(&asked)
		if asked.Wait > 0 {
			<-r.Context().Done()
			return
		}
		out = edgewire.Changes{Epoch: "E", Place: n.place.Load(), Age: 1, MaxStale: 60_000, Brand: "lk"}
	case edgewire.GrantPath:
		n.grants.Add(1)
		out = n.grant
	case edgewire.LeasePath:
		var asked edgewire.AskLease
		_ = json.NewDecoder(r.Body).Decode(&asked)
		told := edgewire.Leases{}
		for _, s := range asked.Shares {
			told.Shares = append(told.Shares, edgewire.Share{Amount: s.Want, Left: 1e9, Began: 1})
		}
		out = told
	case edgewire.LimitPath:
		out = edgewire.Limit{Decision: ratelimit.Decision{Allowed: true}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// answers makes the node answer the path, or all of them, by the function.
func (n *node) answers(path string, h http.HandlerFunc) {
	n.only.Store(nil)
	if path != "" {
		n.only.Store(&path)
	}
	n.otherwise.Store(&h)
}

func newNode(t *testing.T) *node {
	t.Helper()
	n := &node{}
	k := keys.Key{ID: "key_1", OrganizationID: "org_1", ServiceAccountID: "sa_1", Environment: keys.Live}
	a := keys.ServiceAccount{ID: "sa_1", OrganizationID: "org_1"}
	a.Tier, a.Scopes = "t", []string{"invoices:*"}
	tier := keys.Tier{Name: "t"}
	tier.RateLimit = &ratelimit.Rule{Requests: 1000, Per: time.Second, Burst: 1000}
	n.grant = edgewire.NewGrant(k, a, keys.Organization{ID: "org_1"}, tier)
	n.grant.Epoch = "E"
	n.Server = httptest.NewServer(http.HandlerFunc(n.handle))
	t.Cleanup(n.CloseClientConnections)
	t.Cleanup(n.Close)
	return n
}

func (n *node) edge(t *testing.T) *edge.Edge {
	t.Helper()
	e, err := edge.New(t.Context(), edge.Config{Upstream: []string{n.URL}, Key: credential})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.CloseClientConnections() // the request that waits for changes
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Second)
		defer cancel()
		_ = e.Close(ctx) // a node that answers nonsense takes no counts
	})
	return e
}

func fresh(t *testing.T) string {
	t.Helper()
	f, err := keys.NewFormat("lk")
	if err != nil {
		t.Fatal(err)
	}
	return f.New(keys.Live).Reveal()
}

func problem(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"status":%d,"code":%q,"detail":"because"}`, status, code)
	}
}

func text(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// oddAnswers are what may come instead of a node's answer.
func oddAnswers() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"a page of a proxy":   text(502, "text/html", "<html>bad gateway</html>"),
		"a page that is fine": text(200, "text/html", "<html>welcome</html>"),
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/", http.StatusFound)
		},
		"no JSON":                text(200, "application/json", "{"),
		"JSON of something else": text(200, "application/json", `{"hello":"world"}`),
		"a list":                 text(200, "application/json", `[]`),
		"nothing":                text(200, "application/json", ""),
		"too much":               text(200, "application/json", `{"epoch":"`+strings.Repeat("x", 2<<20)+`"}`),
		"a problem in part":      text(401, "application/problem+json", `{"co`),
		"a fault":                problem(500, "internal_error"),
		"no store":               problem(503, "unavailable"),
		"an older version":       text(404, "text/plain", "404 page not found"),
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"epoch":`)
			panic(http.ErrAbortHandler)
		},
	}
}

// TestAnEdgeDoesNotBeginOnNonsense, and says which of it came, never its key.
func TestAnEdgeDoesNotBeginOnNonsense(t *testing.T) {
	t.Parallel()
	for name, answer := range oddAnswers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t)
			n.answers("", answer)
			_, err := edge.New(t.Context(), edge.Config{Upstream: []string{n.URL}, Key: credential})
			if !errors.Is(err, errs.Unavailable) || strings.Contains(err.Error(), credential) {
				t.Errorf("it begins: %v", err)
			}
		})
	}
	for status, kind := range map[int]errs.Kind{401: errs.Unauthenticated, 403: errs.Forbidden} {
		n := newNode(t)
		n.answers("", problem(status, "REVOKED"))
		_, err := edge.New(t.Context(), edge.Config{Upstream: []string{n.URL}, Key: credential})
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), "because") || strings.Contains(err.Error(), credential) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestNonsenseLetsNobodyIn whose key the edge does not know.
func TestNonsenseLetsNobodyIn(t *testing.T) {
	t.Parallel()
	for name, answer := range oddAnswers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t)
			e := n.edge(t)
			known := fresh(t)
			if v, err := e.Verify(t.Context(), client.Question{Key: known}); err != nil || !v.Valid {
				t.Fatalf("%v %v", v.Code, err)
			}
			n.answers(edgewire.GrantPath, answer)
			v, err := e.Verify(t.Context(), client.Question{Key: fresh(t)})
			if !errors.Is(err, errs.Unavailable) || v.Valid {
				t.Errorf("an unknown key: %s, %v", v.Code, err)
			}
			later, isLater := errors.AsType[interface {
				error
				Temporary() bool
			}](err)
			if refused := e.Refused(); isLater == (refused != nil) || isLater && !later.Temporary() {
				t.Errorf("whether another try helps: %t, with %v", isLater, refused)
			}
			n.answers(edgewire.LeasePath, answer)
			if v, err := e.Verify(t.Context(), client.Question{Key: known}); err != nil || v.Code != "VALID" {
				t.Errorf("a known key, whose rate counts here: %s, %v", v.Code, err)
			}
		})
	}
}

// TestGrantsThatMakeNoSense are not believed.
func TestGrantsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*edgewire.Grant){
		"no key":                    func(g *edgewire.Grant) { g.Key.ID = "" },
		"another account":           func(g *edgewire.Grant) { g.Account.ID = "sa_2" },
		"another organization":      func(g *edgewire.Grant) { g.Organization.ID = "org_2" },
		"another tier":              func(g *edgewire.Grant) { g.Tier.Name = "u" },
		"another process":           func(g *edgewire.Grant) { g.Epoch = "F" },
		"checks that are not known": func(g *edgewire.Grant) { g.Needs = []string{"resources"} },
	} {
		n := newNode(t)
		change(&n.grant)
		if v, err := n.edge(t).Verify(t.Context(), client.Question{Key: fresh(t)}); !errors.Is(err, errs.Unavailable) || v.Valid {
			t.Errorf("%s: %s, %v", name, v.Code, err)
		}
	}
}

// TestChecksThatAreNotKnownAreTheNodes: it decides, and nothing of that is cached.
func TestChecksThatAreNotKnownAreTheNodes(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.grant.Needs = []string{"resources"}
	e, key, asked := n.edge(t), fresh(t), 0
	told := edgewire.Verdict{Code: "VALID", Grant: &n.grant, Limits: &ratelimit.Decision{Allowed: true}}
	n.answers(edgewire.VerifyPath, func(w http.ResponseWriter, r *http.Request) {
		var q edgewire.Question
		err := json.NewDecoder(r.Body).Decode(&q)
		if err != nil || q.Key != key || q.Cost != 7 || q.Scopes[0] != "invoices:read" || q.Within != nil {
			t.Errorf("it asks %+v, %v", q, err)
		}
		asked++
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(told)
	})
	q := client.Question{Key: key, Scopes: []string{"invoices:read"}, Cost: client.Set(int64(7))}
	for range 2 {
		if v, err := e.Verify(t.Context(), q); err != nil || !v.Valid || v.KeyID != n.grant.Key.ID {
			t.Errorf("%+v, %v", v, err)
		}
	}
	told = edgewire.Verdict{Code: "DISABLED"}
	if v, err := e.Verify(t.Context(), q); err != nil || v.Code != "DISABLED" || asked != 3 {
		t.Errorf("%+v, %v, asked %d times", v, err, asked)
	}
	for name, wrong := range map[string]edgewire.Verdict{
		"no code": {}, "another code": {Code: "FINE"}, "VALID of nothing": {Code: "VALID"},
		"VALID beyond limits": {Code: "VALID", Grant: &n.grant, Limits: &ratelimit.Decision{Refused: ratelimit.PartKey}},
	} {
		told = wrong
		if v, err := e.Verify(t.Context(), q); !errors.Is(err, errs.Unavailable) || v.Valid {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}

// TestAKeyThatIsKnownAsksNothing but for its limits, once the cache has taken it in,
// which it does behind the answer. A further key of the account asks once.
func TestAKeyThatIsKnownAsksNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	e := n.edge(t)
	ask := func(key string) (asked int64) {
		t.Helper()
		before := n.grants.Load()
		if v, err := e.Verify(t.Context(), client.Question{Key: key, Scopes: []string{"invoices:read"}}); err != nil || !v.Valid {
			t.Fatalf("%v %v", v.Code, err)
		}
		return n.grants.Load() - before
	}
	known := func(key string) {
		t.Helper()
		for range 1000 {
			if ask(key) == 0 {
				return
			}
		}
		t.Fatal("the node is asked each time")
	}
	first := fresh(t)
	if asked := ask(first); asked != 2 {
		t.Errorf("the first key of an account asked %d times", asked)
	}
	known(first)
	second := fresh(t)
	if asked := ask(second); asked != 1 {
		t.Errorf("another key of the account asked %d times", asked)
	}
	known(second)
}

// TestUpstreamsThatAreRefused: a key is worth what it protects, so it goes nowhere in
// the clear.
func TestUpstreamsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "keys.example.com", "ftp://keys.example.com", "http://keys.example.com", "http://192.0.2.1:8080", "https://",
		"https://user:password@keys.example.com", "https://keys.example.com/?a=b", "https://keys.example.com/#a", "://", "https://%zz",
	} {
		_, err := edge.New(t.Context(), edge.Config{Upstream: []string{address}, Key: credential})
		if err == nil || errors.Is(err, errs.Unavailable) || strings.Contains(err.Error(), "password@") ||
			strings.Contains(err.Error(), credential) {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, c := range []edge.Config{{Key: credential}, {Upstream: []string{"https://keys.example.com"}}} {
		if _, err := edge.New(t.Context(), c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", edge.Credential(credential), edge.Config{Key: credential}, edge.Credential(credential),
		edge.Credential(credential)); strings.Contains(text, credential) {
		t.Errorf("the key is printed: %s", text)
	}
}

// TestQuestionsThatMakeNoSense are refused before anybody is asked.
func TestQuestionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	e := n.edge(t)
	for name, q := range map[string]client.Question{
		"a wildcard":      {Key: "k", Scopes: []string{"*"}},
		"too many scopes": {Key: "k", Scopes: make([]string, 201)},
		"a negative cost": {Key: "k", Cost: client.Set(int64(-1))},
		"a cost too high": {Key: "k", Cost: client.Set(int64(1 << 40))},
	} {
		if _, err := e.Verify(t.Context(), q); !errors.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n.grants.Load() != 0 {
		t.Error("the node was asked")
	}
}

// BenchmarkVerifyUnlimited is a decision in the caller's process on a key that is
// known and has no limits: no request is made.
func BenchmarkVerifyUnlimited(b *testing.B) { benchmarkVerify(b, keys.Tier{Name: "t"}) }

// BenchmarkVerifyLimited is the same for a key with a rate and a quota: shares of them are
// taken ahead of need.
func BenchmarkVerifyLimited(b *testing.B) {
	tier := keys.Tier{Name: "t"}
	tier.RateLimit = &ratelimit.Rule{Requests: 1e9, Per: time.Second, Burst: 1e9}
	tier.Quota = &ratelimit.Quota{Requests: 1e12, Per: ratelimit.Month}
	benchmarkVerify(b, tier)
}

func benchmarkVerify(b *testing.B, tier keys.Tier) {
	b.Helper()
	n := &node{}
	k := keys.Key{ID: "key_1", OrganizationID: "org_1", ServiceAccountID: "sa_1", Environment: keys.Live}
	a := keys.ServiceAccount{ID: "sa_1", OrganizationID: "org_1"}
	a.Tier, a.Scopes = "t", []string{"invoices:*"}
	n.grant = edgewire.NewGrant(k, a, keys.Organization{ID: "org_1"}, tier)
	n.grant.Epoch = "E"
	n.Server = httptest.NewServer(http.HandlerFunc(n.handle))
	b.Cleanup(n.Close)
	e, err := edge.New(b.Context(), edge.Config{Upstream: []string{n.URL}, Key: credential})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { n.CloseClientConnections(); _ = e.Close(context.WithoutCancel(b.Context())) })
	f, err := keys.NewFormat("lk")
	if err != nil {
		b.Fatal(err)
	}
	q := client.Question{Key: f.New(keys.Live).Reveal(), Scopes: []string{"invoices:read"}}
	b.ReportAllocs()
	for b.Loop() {
		if v, err := e.Verify(b.Context(), q); err != nil || !v.Valid {
			b.Fatal(v.Code, err)
		}
	}
}

// TestTheHeadersOfLimitsAreFoundByName, though on the wire they are not in canonical form.
func TestTheHeadersOfLimitsAreFoundByName(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.grant.Needs = []string{"resources"} // the node decides
	n.answers(edgewire.VerifyPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(edgewire.Verdict{Code: "VALID", Grant: &n.grant, Limits: &ratelimit.Decision{
			Allowed: true, HasKey: true, Key: ratelimit.BucketState{Limit: 10, Remaining: 9},
		}})
	})
	v, err := n.edge(t).Verify(t.Context(), client.Question{Key: fresh(t)})
	limits := v.Limits()
	if err != nil || limits.Get("X-RateLimit-Remaining") != "9" || limits.Get("RateLimit") == "" {
		t.Errorf("%v, %v", limits, err)
	}
	limits.Set("X-RateLimit-Remaining", "0") // they are the caller's
	if got := v.Limits().Get("X-RateLimit-Remaining"); got != "9" {
		t.Errorf("then %s remain", got)
	}
}
