package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/edge"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/parts"
)

// edgeOf is an edge in this process that the nodes feed.
func (s *service) edgeOf(key string, upstream ...string) *edge.Edge {
	s.t.Helper()
	if len(upstream) == 0 {
		upstream = []string{s.base}
	}
	e, err := edge.New(s.t.Context(), edge.Config{Upstream: upstream, Key: edge.Credential(key), Name: "test"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := e.Close(context.WithoutCancel(s.t.Context())); err != nil && e.Refused() == nil {
			s.t.Error(err)
		}
	})
	return e
}

// verdict asks the edge.
func verdict(t *testing.T, e *edge.Edge, q client.Question) client.Verdict {
	t.Helper()
	v, err := e.Verify(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAnEdgeDecidesAsItsNode: the same answer to the same question, whatever comes
// of it.
func TestAnEdgeDecidesAsItsNode(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	_, feeder := s.issue("free", "latchkey:edge-all", "latchkey:verify-all")
	e := s.edgeOf(feeder)
	node, err := client.New(client.Config{URL: s.base, Credential: client.APIKey(feeder)})
	if err != nil {
		t.Fatal(err)
	}
	id, good := s.issue("free", "invoices:read", "customers:*")
	account := s.call("GET", "/api/keys/"+id, nil, 200)["service_account_id"]
	_, plain := s.issue("free", "invoices:read")
	bound := func() map[string]any {
		return map[string]any{"allowed_networks": []string{"192.0.2.0/24"}, "metadata": map[string]any{"a": 1}}
	}
	limit := map[string]any{"requests": 5, "per": "1m", "burst": 5}
	issue := func(fields map[string]any) string {
		fields["service_account_id"], fields["name"] = account, "odd"
		return s.call("POST", "/api/keys", fields, 201)["key"].(string)
	}
	disabled := issue(map[string]any{"disabled": true})
	revoked := s.call("POST", "/api/keys", map[string]any{"service_account_id": account, "name": "gone"}, 201)
	s.call("POST", "/api/keys/"+revoked["id"].(string)+"/revoke", map[string]any{"reason": "leaked"}, 200)
	for name, q := range map[string]client.Question{
		"valid":            {Key: good, Scopes: []string{"customers:write"}},
		"another account":  {Key: plain},
		"no scope":         {Key: good, Scopes: []string{"invoices:write", "invoices:read"}},
		"no key":           {},
		"malformed":        {Key: "lk_live_nonsense"},
		"unknown":          {Key: "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR2OC8kj"},
		"disabled":         {Key: disabled},
		"revoked":          {Key: revoked["key"].(string)},
		"early":            {Key: issue(map[string]any{"not_before": time.Now().Add(time.Hour)})},
		"bound, elsewhere": {Key: issue(bound()), Address: netip.MustParseAddr("203.0.113.1")},
		"bound, there":     {Key: issue(bound()), Address: netip.MustParseAddr("192.0.2.1")},
		"narrow":           {Key: issue(map[string]any{"scopes": []string{"invoices:read"}}), Scopes: []string{"customers:read"}},
		"too dear":         {Key: good, Cost: client.Set(int64(1_000_000))},
		"own limit":        {Key: issue(map[string]any{"rate_limit": limit}), Cost: client.Set(int64(5))},
		"in dry run":       {Key: good, DryRun: true, Scopes: []string{"invoices:write"}},
	} {
		if q.Key == "" { // the client refuses to ask that
			if v := verdict(t, e, q); v.Code != "MISSING" {
				t.Errorf("%s: %s", name, v.Code)
			}
			continue
		}
		dry := q
		dry.DryRun = true // both charge the same counters
		want, err := node.Verify(t.Context(), dry)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := verdict(t, e, dry)
		if got.RateLimit != nil && want.RateLimit != nil {
			got.RateLimit.Scope, got.RateLimit.ResetAfter, want.RateLimit.ResetAfter = want.RateLimit.Scope, 0, 0
		}
		if diff := cmp.Diff(want.VerifyResponse, got.VerifyResponse); diff != "" {
			t.Errorf("%s (-node +edge):\n%s", name, diff)
		}
		charged := verdict(t, e, q)
		if charged.Code != want.Code {
			t.Errorf("%s: %s in a dry run and %s when it counts", name, want.Code, charged.Code)
		}
	}
}

// TestEdgesAreOfOneOrganization unless staff let them reach further.
func TestEdgesAreOfOneOrganization(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	_, own := s.issue("free", "latchkey:edge")
	_, inside := s.issue("free", "invoices:read")
	other := s.call("POST", "/api/organizations", map[string]any{"name": "Other"}, 201)["id"]
	account := s.call("POST", "/api/service-accounts", map[string]any{
		"organization_id": other, "name": "x", "tier": "free", "scopes": []string{"invoices:read"},
	}, 201)
	outside := s.call("POST", "/api/keys", map[string]any{"service_account_id": account["id"], "name": "x"}, 201)["key"].(string)
	e := s.edgeOf(own)
	if v := verdict(t, e, client.Question{Key: inside}); v.Code != "VALID" {
		t.Errorf("a key of the organization: %s", v.Code)
	}
	if v := verdict(t, e, client.Question{Key: outside}); v.Code != "NOT_FOUND" {
		t.Errorf("a key of another organization: %s", v.Code)
	}
	for name, key := range map[string]string{"without the scope": inside, "by a wildcard": s.wildcard()} {
		if _, err := edge.New(t.Context(), edge.Config{Upstream: []string{s.base}, Key: edge.Credential(key)}); !errors.Is(err, errs.Forbidden) {
			t.Errorf("a key %s feeds an edge: %v", name, err)
		}
	}
	if _, err := edge.New(t.Context(), edge.Config{Upstream: []string{s.base}, Key: "lk_live_x"}); !errors.Is(err, errs.Unauthenticated) ||
		strings.Contains(err.Error(), "lk_live_x") {
		t.Errorf("no key at all: %v", err)
	}
}

func (s *service) wildcard() string {
	_, key := s.issue("free", "*")
	return key
}

// TestARevokeReachesEdges in well under the second that is promised, whichever
// object changed.
func TestARevokeReachesEdges(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	_, feeder := s.issue("free", "latchkey:edge-all")
	e := s.edgeOf(feeder)
	for name, end := range map[string]func(id string){
		"revoked": func(id string) { s.call("POST", "/api/keys/"+id+"/revoke", map[string]any{"reason": "leaked"}, 200) },
		"account disabled": func(id string) {
			account := s.call("GET", "/api/keys/"+id, nil, 200)["service_account_id"].(string)
			s.call("PATCH", "/api/service-accounts/"+account, map[string]any{"disabled": true}, 200)
		},
	} {
		id, key := s.issue("free", "invoices:read")
		if v := verdict(t, e, client.Question{Key: key}); v.Code != "VALID" {
			t.Fatalf("%s: %s before", name, v.Code)
		}
		end(id)
		parts.Await(t, time.Second, name+" to hold at the edge", func(context.Context) error {
			if v := verdict(t, e, client.Question{Key: key, Cost: client.Set(int64(0))}); v.Valid {
				return fmt.Errorf("it is %s", v.Code)
			}
			return nil
		})
	}
}

// TestAnEdgeWhoseKeyIsRevokedStops and says why.
func TestAnEdgeWhoseKeyIsRevokedStops(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	id, feeder := s.issue("free", "latchkey:edge-all")
	_, key := s.issue("free", "invoices:read")
	e := s.edgeOf(feeder)
	verdict(t, e, client.Question{Key: key})
	s.call("POST", "/api/keys/"+id+"/revoke", map[string]any{"reason": "leaked"}, 200)
	parts.Await(t, 2*time.Second, "the edge to stop", func(context.Context) error {
		v, err := e.Verify(t.Context(), client.Question{Key: key})
		if err == nil {
			return fmt.Errorf("it is %s", v.Code)
		}
		if !errors.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("it says %v", err)
		}
		return nil
	})
}

// held waits until the edge has the keys in memory, and hears of no change of them any
// more: the node tells of what it wrote itself twice.
func held(t *testing.T, e *edge.Edge, all ...string) {
	t.Helper()
	misses, since := uint64(0), time.Now()
	parts.Await(t, 20*time.Second, "the edge to hold the keys", func(context.Context) error {
		for _, key := range all {
			if v := verdict(t, e, client.Question{Key: key, Cost: client.Set(int64(0))}); v.Code != "VALID" {
				return errors.New(v.Code)
			}
		}
		if now := e.Verifier().Stats().Misses; now != misses {
			misses, since = now, time.Now()
		}
		if quiet := time.Since(since); quiet < time.Second {
			return fmt.Errorf("it asked %s ago", quiet)
		}
		return nil
	})
}

// TestAnEdgeGoesOnWhileItIsCutOff by what it knows, and no longer than the node
// said. Rates count there alone, and quotas let nothing pass.
func TestAnEdgeGoesOnWhileItIsCutOff(t *testing.T) {
	t.Parallel()
	s, process := start(t, sqliteURL(t), "LATCHKEY_MAX_STALE=5s")
	s.call("POST", "/api/tiers", map[string]any{"name": "metered", "title": "Metered", "rate_limit": map[string]any{
		"requests": 100, "per": "1s", "burst": 100,
	}, "quota": map[string]any{"requests": 1000, "per": "day"}}, 201)
	_, feeder := s.issue("free", "latchkey:edge-all")
	_, rated := s.issue(s.vast(), "invoices:read")
	_, metered := s.issue("metered", "invoices:read")
	e := s.edgeOf(feeder)
	held(t, e, rated, metered)
	t.Cleanup(func() { process.Signal(syscall.SIGCONT) }) // a process that stands still ends by no other signal
	process.Signal(syscall.SIGSTOP)
	parts.Await(t, 3*time.Second, "the node to stand still", func(context.Context) error {
		v, err := e.Verify(t.Context(), client.Question{Key: metered})
		if err == nil && (v.Code != "RATE_LIMITED" || v.RetryAfter <= 0) {
			err = fmt.Errorf("a key with a quota: %s %s", v.Code, v.RetryAfter)
		}
		return err
	})
	if v := verdict(t, e, client.Question{Key: rated}); v.Code != "VALID" {
		t.Errorf("a key with a rate: %s", v.Code)
	}
	parts.Await(t, 20*time.Second, "the edge to stop", func(context.Context) error {
		v, err := e.Verify(t.Context(), client.Question{Key: rated})
		if !errors.Is(err, errs.Unavailable) {
			return fmt.Errorf("%s, %w", v.Code, err)
		}
		return nil
	})
	process.Signal(syscall.SIGCONT)
	parts.Await(t, 20*time.Second, "the edge to be fed again", func(context.Context) error {
		_, err := e.Verify(t.Context(), client.Question{Key: metered})
		return err
	})
}

// TestAnEdgeMovesOn to another node when one is gone, and believes nothing that
// the one before told.
func TestAnEdgeMovesOn(t *testing.T) {
	t.Parallel()
	database := databases(t)["mongodb"]
	first, second, process := pair(t, database)
	_, feeder := first.issue("free", "latchkey:edge-all")
	id, key := first.issue(first.vast(), "invoices:read")
	e := first.edgeOf(feeder, second.base, first.base)
	verdict(t, e, client.Question{Key: key})
	process.Kill()
	first.call("POST", "/api/keys/"+id+"/revoke", map[string]any{"reason": "leaked"}, 200)
	parts.Await(t, 5*time.Second, "the edge to hear of the revoke", func(context.Context) error {
		v, err := e.Verify(t.Context(), client.Question{Key: key})
		if err == nil && v.Code != "REVOKED" {
			return fmt.Errorf("it is %s", v.Code)
		}
		return err
	})
}

// TestOneNodesGrantIsNotBelievedUnderAnothersChanges: what a node told that the edge
// does not hear changes of would never be taken back.
func TestOneNodesGrantIsNotBelievedUnderAnothersChanges(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	other, _ := start(t, sqliteURL(t))
	_, feeder := s.issue("free", "latchkey:edge-all")
	_, key := s.issue("free", "invoices:read")
	to := func(base string) *httputil.ReverseProxy {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		return httputil.NewSingleHostReverseProxy(u)
	}
	here, there := to(s.base), to(other.base)
	var astray atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if astray.Load() && strings.Contains(r.URL.Path, "changes") {
			there.ServeHTTP(w, r)
			return
		}
		here.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	e := s.edgeOf(feeder, proxy.URL)
	astray.Store(true) // the other node does not know the key: no changes, and so no grants
	if v, err := e.Verify(t.Context(), client.Question{Key: key}); err == nil && v.Valid {
		parts.Await(t, 3*time.Second, "the edge to stop", func(context.Context) error {
			if v, err := e.Verify(t.Context(), client.Question{Key: key}); err == nil && v.Valid {
				return errors.New("it believes on")
			}
			return nil
		})
	}
}

// edgesOf are the names of the edges in the list of nodes, by state.
func (s *service) edgesOf(state string) (fedBy []string) {
	s.t.Helper()
	for _, item := range s.call("GET", "/api/nodes", nil, 200)["items"].([]any) {
		if n := item.(map[string]any); n["kind"] == "edge" && n["state"] == state {
			fedBy = append(fedBy, n["fed_by"].(string))
		}
	}
	return fedBy
}

// TestEdgesAreKnownToAllNodes: while they are fed a revoke waits for nobody; one that
// is cut off is waited for and named, on the nodes that never fed it as well; one that
// ends is forgotten.
func TestEdgesAreKnownToAllNodes(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second, _ := pair(t, database, "LATCHKEY_MAX_STALE=30s")
			_, feeder := first.issue("free", "latchkey:edge-all")
			var cut atomic.Bool
			to, err := url.Parse(second.base)
			if err != nil {
				t.Fatal(err)
			}
			behind := httputil.NewSingleHostReverseProxy(to)
			link := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if cut.Load() {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				behind.ServeHTTP(w, r)
			}))
			t.Cleanup(link.Close)
			first.edgeOf(feeder, link.URL)
			known := func(state string, want int) {
				t.Helper()
				for _, s := range []*service{first, second} {
					parts.Await(t, 10*time.Second, "the edge to be "+state, func(context.Context) error {
						if got := s.edgesOf(state); len(got) != want {
							return fmt.Errorf("%d are, fed by %v", len(got), got)
						}
						return nil
					})
				}
			}
			known("fresh", 1)
			revoke := func(s *service) (waiting []any, by time.Time) {
				t.Helper()
				id, _ := s.issue("free", "invoices:read")
				answer := s.call("POST", "/api/keys/"+id+"/revoke", map[string]any{"reason": "leaked"}, 200)
				waiting, _ = answer["waiting_for"].([]any)
				return waiting, moment(t, answer["effective_everywhere_by"])
			}
			for _, s := range []*service{first, second} {
				if waiting, by := revoke(s); len(waiting) != 0 || time.Until(by) > 2*time.Second {
					t.Errorf("while it is fed: %v until %s", waiting, by)
				}
			}
			cut.Store(true)
			known("silent", 1)
			for _, s := range []*service{first, second} {
				waiting, by := revoke(s)
				if len(waiting) != 1 || waiting[0].(map[string]any)["name"] != "test" || time.Until(by) < 15*time.Second {
					t.Errorf("while it is cut off: %v until %s", waiting, by)
				}
			}
			cut.Store(false)
			known("silent", 0)
			known("fresh", 1)
		})
	}
}

// TestWhatAnEdgeDecidesIsCounted at its node: usage, scopes, refusals and the last
// use of keys; none of it is lost when the edge ends, and none counted twice.
func TestWhatAnEdgeDecidesIsCounted(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	_, feeder := s.issue("free", "latchkey:edge-all")
	id, key := s.issue(s.vast(), "invoices:read")
	e, err := edge.New(t.Context(), edge.Config{Upstream: []string{s.base}, Key: edge.Credential(feeder)})
	if err != nil {
		t.Fatal(err)
	}
	const allowed, refused = 700, 30
	for i := range allowed {
		q := client.Question{Key: key, Address: netip.MustParseAddr("203.0.113.7"), UserAgent: "acme/1"}
		if i%7 == 0 {
			q.Scopes = []string{"invoices:read"}
		}
		if v := verdict(t, e, q); v.Code != "VALID" {
			t.Fatal(v.Code)
		}
	}
	for range refused {
		verdict(t, e, client.Question{Key: key, Scopes: []string{"invoices:write"}})
	}
	if err := e.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	parts.Await(t, 10*time.Second, "usage to be saved", func(context.Context) error {
		if got := counted(s, id); got != allowed+refused {
			return fmt.Errorf("%d of %d", got, allowed+refused)
		}
		return nil
	})
	refusals := s.call("GET", "/api/keys/"+id+"/refusals", nil, 200)["items"].([]any)
	if len(refusals) != refused || refusals[0].(map[string]any)["code"] != "INSUFFICIENT_SCOPE" {
		t.Errorf("%d refusals: %v", len(refusals), refusals[0])
	}
	parts.Await(t, 10*time.Second, "the last use to be saved", func(context.Context) error {
		if k := s.call("GET", "/api/keys/"+id, nil, 200); k["last_used_ip"] != "203.0.113.7" {
			return fmt.Errorf("it is %v", k)
		}
		return nil
	})
}

// TestTheSidecar runs the command of docs/edge.md: it answers /verify as a node does,
// with and without a credential of its own, and nothing else but health.
func TestTheSidecar(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	_, feeder := s.issue("free", "latchkey:edge-all")
	_, key := s.issue("free", "invoices:read")
	_, asker := s.issue("free", "latchkey:verify-all")
	addr, file := parts.FreeAddr(t), filepath.Join(t.TempDir(), "edge-key")
	if err := os.WriteFile(file, []byte(feeder+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := blocks(t, filepath.Join("..", "..", "docs", "edge.md"))
	if len(commands) != 1 {
		t.Fatalf("docs/edge.md has %d commands", len(commands))
	}
	line := strings.NewReplacer("https://keys.example.com", s.base, "/run/secrets/edge-key", file,
		"latchkey edge", "exec "+parts.Binary(t)+" edge").Replace(commands[0])
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = parts.Environ("LATCHKEY_ADDR="+addr, "LATCHKEY_DRAIN=0s", "LATCHKEY_SMTP_URL=smtp://ignored")
	process := parts.Start(t, cmd)
	base := "http://" + addr
	parts.Await(t, 10*time.Second, "the sidecar to be ready", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close() //nolint:errcheck // nothing is read
		if answer.StatusCode != http.StatusOK {
			return errors.New(answer.Status)
		}
		return nil
	})
	answer, body := get(t, base+"/verify?scope=invoices:read", key)
	if answer.StatusCode != 200 || answer.Header.Get("X-Latchkey-Code") != "VALID" || answer.Header.Get("RateLimit") == "" {
		t.Errorf("GET /verify: %d %v %s", answer.StatusCode, answer.Header, body)
	}
	if answer, _ := get(t, base+"/verify?scope=invoices:write", key); answer.StatusCode != 403 {
		t.Errorf("without the scope: %d", answer.StatusCode)
	}
	for path, want := range map[string]int{"/api/keys": 404, "/": 404, "/metrics": 404, "/edge/v1/grant": 404, "/healthz": 200} {
		if answer, _ := get(t, base+path, key); answer.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, answer.StatusCode, want)
		}
	}
	remote, err := client.New(client.Config{URL: base, Credential: client.APIKey(asker)})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := remote.Verify(t.Context(), client.Question{Key: key}); err != nil || !v.Valid || v.ServiceAccount.Name != "e2e" {
		t.Errorf("POST /verify: %+v, %v", v.VerifyResponse, err)
	}
	if !strings.Contains(process.Output(), "LATCHKEY_SMTP_URL") {
		t.Error("nobody is told which settings are ignored")
	}
}
