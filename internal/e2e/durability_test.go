package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// code asks GET /verify and returns the code of the decision.
func code(t *testing.T, base, key string) string {
	t.Helper()
	answer, _ := get(t, base+"/verify", key)
	return answer.Header.Get("X-Latchkey-Code")
}

func TestWhatWasAcknowledgedSurvivesKill(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survivesKill(t, database)
		})
	}
}

// databases are one of each store.
func databases(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"sqlite": sqliteURL(t), "mongodb": parts.Mongo(t).URL()}
}

func survivesKill(t *testing.T, database string) {
	s, process := start(t, database)
	_, first := s.issue("enterprise", "invoices:read")
	account := s.call("GET", "/api/service-accounts", nil, 200)["items"].([]any)[0].(map[string]any)["id"]
	var mu sync.Mutex
	live, revoked := []string{first}, []string{}
	var writers sync.WaitGroup
	for range 3 {
		writers.Go(func() {
			for i := 0; ; i++ {
				key, ok := post(s.base+"/api/keys", fmt.Sprintf(`{"service_account_id":%q,"name":"k"}`, account), 201)
				if !ok {
					return // the process is gone
				}
				if i%2 == 0 {
					mu.Lock()
					live = append(live, key["key"].(string))
					mu.Unlock()
					continue
				}
				if _, ok := post(s.base+"/api/keys/"+key["id"].(string)+"/revoke", `{}`, 200); !ok {
					return
				}
				mu.Lock()
				revoked = append(revoked, key["key"].(string))
				enough := len(revoked) > 20
				mu.Unlock()
				if enough {
					process.Kill()
				}
			}
		})
	}
	writers.Wait()
	again, _ := start(t, database)
	for _, key := range live {
		if got := code(t, again.base, key); got != "VALID" {
			t.Errorf("an acknowledged key is %s", got)
		}
	}
	for _, key := range revoked {
		if got := code(t, again.base, key); got != "REVOKED" {
			t.Errorf("an acknowledged revoke is %s", got)
		}
	}
}

// TestASlowLimitOutlivesTheProcess: two a day stay two a day, whether the process
// is killed a second later or told to end at once.
func TestASlowLimitOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, process := start(t, database)
			s.call("POST", "/api/tiers", map[string]any{"name": "slow", "title": "Slow", "rate_limit": map[string]any{"requests": 3, "per": "24h"}},
				201)
			_, key := s.issue("slow", "invoices:read")
			ask := func(want string) {
				t.Helper()
				if got := code(t, s.base, key); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
			ask("VALID")
			ask("VALID")
			time.Sleep(2 * time.Second) // a kill may cost the last second, and the machine is busy
			process.Kill()
			s, process = start(t, database)
			ask("VALID")
			ask("RATE_LIMITED")
			process.Signal(syscall.SIGTERM)
			if err := process.Wait(); err != nil {
				t.Errorf("after SIGTERM: %v", err)
			}
			s, _ = start(t, database)
			ask("RATE_LIMITED")
		})
	}
}

// post sends JSON as the admin; ok is false where no answer came.
func post(url, body string, want int) (out map[string]any, ok bool) {
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body)) //nolint:noctx // ended by the server's end
	if err != nil {
		return nil, false
	}
	r.SetBasicAuth("admin@localhost", adminPassword)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, false
	}
	defer answer.Body.Close() //nolint:errcheck // read below
	text, err := io.ReadAll(answer.Body)
	return out, err == nil && answer.StatusCode == want && json.Unmarshal(text, &out) == nil
}

// long makes tests take as long as a release deserves.
func long() bool { return os.Getenv("LATCHKEY_TEST_LONG") != "" }

// vast is a tier that throttles nothing.
func (s *service) vast() string {
	s.t.Helper()
	s.call("POST", "/api/tiers", map[string]any{
		"name": "vast", "title": "Vast", "rate_limit": map[string]any{"requests": 1000000000, "per": "1s", "burst": 1000000000},
	}, 201)
	return "vast"
}

// verifier asks GET /verify over one connection that it keeps.
func verifier(t *testing.T, base, key string) (ask func() int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	t.Cleanup(client.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/verify", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", key)
	return func() int {
		answer, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		return answer.StatusCode
	}
}

func TestNoKeyIsValidAfterItsRevokeWasAnswered(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	id, key := s.issue(s.vast(), "invoices:read")
	const askers = 8
	total := int64(100_000)
	if raceEnabled && !long() {
		total = 16_000
	}
	var answered atomic.Bool
	var asked, before, late atomic.Int64
	var asking sync.WaitGroup
	begun := make(chan struct{})
	for range askers {
		ask := verifier(t, s.base, key)
		asking.Go(func() {
			for n := asked.Add(1); n <= total; n = asked.Add(1) {
				if n == total/4 {
					close(begun)
				}
				after := answered.Load() // read before the question is sent
				switch valid := ask() == http.StatusOK; {
				case valid && after:
					late.Add(1)
				case valid:
					before.Add(1)
				}
			}
		})
	}
	<-begun
	s.call("POST", "/api/keys/"+id+"/revoke", nil, 200)
	answered.Store(true)
	asking.Wait()
	if late.Load() != 0 || before.Load() < total/4-askers || before.Load() == total {
		t.Errorf("of %d verifications %d before the revoke and %d after its answer were VALID", total, before.Load(), late.Load())
	}
}

// tally counts statuses.
type tally struct {
	mu   sync.Mutex
	seen map[int]int
}

func (n *tally) add(status int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[int]int{}
	}
	n.seen[status]++
}

func (n *tally) only(status int) bool { return len(n.seen) == 1 && n.seen[status] > 0 }

// TestStoreGone takes the store away under load: cached keys go on, others are
// told that they cannot be decided, and all is well again without a restart.
func TestStoreGone(t *testing.T) {
	t.Parallel()
	server := parts.OwnMongo(t)
	admin := parts.FreeAddr(t)
	s, process := start(t, server.URL(), "LATCHKEY_ADMIN_ADDR="+admin)
	tier := s.vast()
	_, cached := s.issue(tier, "invoices:read")
	_, uncached := s.issue(tier, "invoices:read")
	parts.Await(t, 20*time.Second, "polling to have told of the new keys", func(context.Context) error { return settled(t, s) })
	// The cache takes a key in behind the answer, some time.
	parts.Await(t, 20*time.Second, "an answer from memory", func(context.Context) error {
		if got := code(t, s.base, cached); got != "VALID" {
			return errors.New(got)
		}
		if _, shown := get(t, "http://"+admin+"/metrics", ""); strings.Contains(shown, "latchkey_cache_lookups_total{result=\"hit\"} 0\n") {
			return errors.New("the store was asked")
		}
		return nil
	})
	server.Stop()
	span := 6 * time.Second
	if long() {
		span = time.Minute
	}
	over := time.Now().Add(span)
	var known, unknown tally
	var asking sync.WaitGroup
	load := func(key string, into *tally) {
		ask := verifier(t, s.base, key)
		asking.Go(func() {
			for time.Now().Before(over) {
				into.add(ask())
			}
		})
	}
	for range 3 {
		load(cached, &known)
	}
	load(uncached, &unknown)
	asking.Wait()
	if !known.only(http.StatusOK) {
		t.Errorf("answers to a cached key while the store was gone: %v", known.seen)
	}
	if !unknown.only(http.StatusServiceUnavailable) {
		t.Errorf("answers to an uncached key: %v", unknown.seen)
	}
	if answer, body := get(t, s.base+"/readyz", ""); answer.StatusCode != 200 || !strings.Contains(body, `"status":"degraded"`) {
		t.Errorf("readyz: %d %s", answer.StatusCode, body)
	}
	if answer, body := get(t, s.base+"/healthz", ""); answer.StatusCode != 200 {
		t.Errorf("healthz: %d %s", answer.StatusCode, body)
	}
	server.Start()
	for _, key := range []string{cached, uncached} {
		parts.Await(t, 20*time.Second, "recovery", func(context.Context) error {
			if got := code(t, s.base, key); got != "VALID" {
				return errors.New(got)
			}
			return nil
		})
	}
	s.issue(tier, "invoices:read")
	if lines := strings.Count(process.Output(), "\n"); lines > 2000 {
		t.Errorf("the outage left %d lines in the log", lines)
	}
}

// settled waits out the time in which polling still tells of what was made: a
// key that is asked about again and again is then not loaded any more.
func settled(t *testing.T, s *service) error {
	t.Helper()
	key := s.call("GET", "/api/keys?limit=1", nil, 200)["items"].([]any)[0].(map[string]any)
	made, err := time.Parse(time.RFC3339, key["updated_at"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(made); age < 2*time.Second {
		return fmt.Errorf("the newest key is %s old", age)
	}
	return nil
}
