package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

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
	database := sqliteURL(t)
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

func TestNoKeyIsValidAfterItsRevokeWasAnswered(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	s.call("POST", "/api/tiers", map[string]any{"name": "vast", "title": "Vast", "rate_limit": map[string]any{"requests": 1000000, "per": "1s", "burst": 1000000}}, 201)
	id, key := s.issue("vast", "invoices:read")
	const askers, each = 8, 1000
	var answered atomic.Bool
	var before, late atomic.Int64
	var asking sync.WaitGroup
	begun := make(chan struct{})
	var once sync.Once
	for range askers {
		asking.Go(func() {
			for i := range each {
				if i == each/4 {
					once.Do(func() { close(begun) })
				}
				after := answered.Load() // read before the question is sent
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/verify", nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("X-API-Key", key)
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				switch valid := answer.StatusCode == 200; {
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
	if late.Load() != 0 || before.Load() == 0 {
		t.Errorf("%d verifications before the revoke and %d after its answer were VALID", before.Load(), late.Load())
	}
}

func TestStoreGone(t *testing.T) {
	t.Parallel()
	server := parts.OwnMongo(t)
	s, _ := start(t, server.URL())
	_, cached := s.issue("enterprise", "invoices:read")
	_, uncached := s.issue("enterprise", "invoices:read")
	if got := code(t, s.base, cached); got != "VALID" {
		t.Fatalf("before: %s", got)
	}
	server.Stop()
	if got := code(t, s.base, cached); got != "VALID" {
		t.Errorf("a cached key is %s while the store is gone", got)
	}
	if answer, body := get(t, s.base+"/verify", uncached); answer.StatusCode != 503 {
		t.Errorf("an uncached key: %d %s", answer.StatusCode, body)
	}
	if answer, body := get(t, s.base+"/readyz", ""); answer.StatusCode != 503 {
		t.Errorf("readyz: %d %s", answer.StatusCode, body)
	}
	server.Start()
	for _, key := range []string{cached, uncached} {
		if got := code(t, s.base, key); got != "VALID" {
			t.Errorf("after the store came back: %s", got)
		}
	}
}

func TestNoSecretIsKeptOrLogged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, process := start(t, "sqlite:"+filepath.Join(dir, "latchkey.db"), "LATCHKEY_LOG=debug")
	id, key := s.issue("free", "invoices:read")
	successor := s.call("POST", "/api/keys/"+id+"/rotate", map[string]any{"grace": "0s"}, 201)["key"].(string)
	for _, k := range []string{key, successor, "lk_live_nonsense"} {
		get(t, s.base+"/verify?scope=invoices:read", k)
	}
	if got := code(t, s.base, key); got != "EXPIRED" {
		t.Errorf("a rotated key without grace is %s", got)
	}
	if err := process.Stop(); err != nil {
		t.Errorf("SIGTERM did not end the service well: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the store: %v", err)
	}
	kept := process.Output()
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		kept += string(b)
	}
	for name, secret := range map[string]string{"key": key, "successor": successor, "password": adminPassword} {
		if strings.Contains(kept, secret) {
			t.Errorf("the %s is in the store or the log", name)
		}
	}
}
