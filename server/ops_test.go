package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v4"

	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

const staffPassword = "correct horse battery"

// fetch returns the status and the text of a page, asked for as staff or as nobody.
func fetch(t *testing.T, url string, staff bool) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if staff {
		r.SetBasicAuth("admin@localhost", staffPassword)
	}
	return exchange(t, r)
}

func exchange(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.Body.Close() != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestMetricsOnTheMainAddressAreForStaff(t *testing.T) {
	t.Parallel()
	base, _, _, _ := serving(t, database(t), "LATCHKEY_ADMIN_PASSWORD="+staffPassword)
	if status, body := fetch(t, base+"/metrics", false); status != 401 {
		t.Errorf("nobody is answered %d %s", status, body)
	}
	if status, body := fetch(t, base+"/metrics/", true); status != 200 || !strings.Contains(body, "latchkey_build_info{") {
		t.Errorf("staff is answered %d %.200s", status, body)
	}
	if status, _ := fetch(t, base+"/debug/pprof/", true); status != 404 {
		t.Errorf("profiles on the main address: %d", status)
	}
}

func TestTheAddressOfOperators(t *testing.T) {
	t.Parallel()
	admin := parts.FreeAddr(t)
	base, _, stop, ended := serving(t, database(t), "LATCHKEY_ADMIN_PASSWORD="+staffPassword, "LATCHKEY_ADMIN_ADDR="+admin)
	if status, _ := fetch(t, base+"/metrics", true); status != 404 {
		t.Errorf("metrics on the main address, too: %d", status)
	}
	for path, holds := range map[string]string{
		"/metrics": "latchkey_build_info{", "/debug/pprof/": "goroutine", "/debug/pprof/cmdline": "test",
		"/debug/pprof/goroutine?debug=1": "goroutine profile",
	} {
		if status, body := fetch(t, "http://"+admin+path, false); status != 200 || !strings.Contains(body, holds) {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
	if status, _ := fetch(t, "http://"+admin+"/api/me", true); status != 404 {
		t.Errorf("the API on the address of operators: %d", status)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	c, err := readConfig([]string{database(t), "LATCHKEY_ADDR=127.0.0.1:0", "LATCHKEY_ADMIN_ADDR=192.0.2.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := serve(t.Context(), c, io.Discard, newLogger(c, io.Discard)); err == nil || !strings.Contains(err.Error(),
		"LATCHKEY_ADMIN_ADDR") {
		t.Errorf("an address of others: %v", err)
	}
}

// exposed are the metrics that a service shows when all of it was used.
func exposed(t *testing.T) map[string]map[string]bool {
	t.Helper()
	redis := parts.Redis(t)
	admin := parts.FreeAddr(t)
	base, _, _, _ := serving(t, database(t), "LATCHKEY_ADMIN_PASSWORD="+staffPassword, "LATCHKEY_ADMIN_ADDR="+admin,
		"LATCHKEY_REDIS_URL="+redis.URL())
	fetch(t, base+"/api/me", true)
	fetch(t, base+"/verify", false)
	status, text := fetch(t, "http://"+admin+"/metrics", false)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil || status != 200 {
		t.Fatal(status, err)
	}
	// What Prometheus adds when it scrapes.
	shown := map[string]map[string]bool{"up": {"job": true, "instance": true}}
	for name, f := range families {
		labels := map[string]bool{"job": true, "instance": true}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = true
			}
		}
		shown[name] = labels
		if f.GetType().String() == "HISTOGRAM" {
			shown[name+"_bucket"], shown[name+"_sum"], shown[name+"_count"] = with(labels, "le"), labels, labels
		}
	}
	return shown
}

func with(labels map[string]bool, name string) map[string]bool {
	more := map[string]bool{name: true}
	for l := range labels {
		more[l] = true
	}
	return more
}

// expression is one query of the dashboard or the rules.
type expression struct{ where, text string }

func expressions(t *testing.T) (all []expression) {
	t.Helper()
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("..", "docs", "ops", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name string }
		}
	}
	if err := json.Unmarshal(read("dashboard.json"), &board); err != nil {
		t.Fatal(err)
	}
	if l := board.Templating.List; len(l) != 2 || l[0].Name != "datasource" || l[1].Name != "instance" {
		t.Errorf("the dashboard's variables are %v", l)
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			text := strings.ReplaceAll(strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"), "$instance", ".*")
			all = append(all, expression{p.Title, text})
		}
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(read("alerts.yaml"), &rules); err != nil {
		t.Fatal(err)
	}
	page := string(read("README.md"))
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			all = append(all, expression{r.Alert, r.Expr})
			if !strings.Contains(page, "`"+r.Alert+"`") {
				t.Errorf("docs/ops/README.md does not say what to do about %s", r.Alert)
			}
		}
	}
	return all
}

var (
	selector = regexp.MustCompile(`\b(up|latchkey_\w+|go_\w+|process_\w+)\b(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"`)
	grouping = regexp.MustCompile(`\b(?:by|on|without)\s*\(([^)]*)\)`)
)

// TestDashboardAndAlertsMatchTheMetrics looks at every name and label in the
// files that operators import, and at what a running service shows.
func TestDashboardAndAlertsMatchTheMetrics(t *testing.T) {
	t.Parallel()
	shown, used := exposed(t), map[string]bool{}
	all := expressions(t)
	if len(all) < 30 {
		t.Fatalf("found %d expressions", len(all))
	}
	for _, e := range all {
		found := selector.FindAllStringSubmatch(e.text, -1)
		if len(found) == 0 {
			t.Errorf("%s: no metric in %s", e.where, e.text)
		}
		labels := map[string]bool{}
		for _, m := range found {
			if shown[m[1]] == nil {
				t.Errorf("%s: there is no metric %s", e.where, m[1])
			}
			used[m[1]] = true
			for l := range shown[m[1]] {
				labels[l] = true
			}
			for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
				if !shown[m[1]][l[1]] {
					t.Errorf("%s: %s has no label %s", e.where, m[1], l[1])
				}
			}
		}
		for _, g := range grouping.FindAllStringSubmatch(e.text, -1) {
			for l := range strings.SplitSeq(g[1], ",") {
				if !labels[strings.TrimSpace(l)] {
					t.Errorf("%s: no metric in %s has the label %s", e.where, e.text, l)
				}
			}
		}
	}
	for name := range shown {
		plain := strings.HasPrefix(name, "latchkey_") && shown[name+"_bucket"] == nil && !strings.HasSuffix(name, "_sum") &&
			!strings.HasSuffix(name, "_count")
		if plain && !used[name] {
			t.Errorf("%s is on no panel and in no alert", name)
		}
	}
}

func TestMetricsCountVerificationsByCode(t *testing.T) {
	t.Parallel()
	admin := parts.FreeAddr(t)
	base, _, _, _ := serving(t, database(t), "LATCHKEY_ADMIN_PASSWORD="+staffPassword, "LATCHKEY_ADMIN_ADDR="+admin)
	unknown, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		t.Fatal(err)
	}
	text := unknown.New(keys.Live).Reveal()
	asked := 0
	ask := func() {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/verify", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Api-Key", text)
		if status, body := exchange(t, r); status != 401 {
			t.Fatal(status, body)
		}
		asked++
	}
	// The cache takes in what it was told behind the answer: until then each
	// question is one more miss.
	parts.Await(t, 10*time.Second, "the cache to hold the hash", func(context.Context) error {
		ask()
		if _, shown := fetch(t, "http://"+admin+"/metrics", false); !strings.Contains(shown, "\n"+
			`latchkey_cache_lookups_total{result="negative_hit"} 1`+"\n") {
			return errors.New("nothing is cached")
		}
		return nil
	})
	misses := asked - 1
	ask()
	odd, err := http.NewRequestWithContext(t.Context(), "BREW", base+"/made/up/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, odd)
	_, shown := fetch(t, "http://"+admin+"/metrics", false)
	for _, line := range []string{
		fmt.Sprintf(`latchkey_verifications_total{code="NOT_FOUND"} %d`, asked), `latchkey_verifications_total{code="VALID"} 0`,
		fmt.Sprintf(`latchkey_verify_duration_seconds_count{method="GET",status="4xx"} %d`, asked),
		fmt.Sprintf(`latchkey_cache_lookups_total{result="miss"} %d`, misses), `latchkey_cache_lookups_total{result="negative_hit"} 2`,
		`latchkey_http_request_duration_seconds_count{method="other",route="none",status="4xx"} 1`,
		`latchkey_limiter_mode{mode="local"} 1`, `latchkey_store_up 1`, `latchkey_cache_entries 1`,
	} {
		if !strings.Contains(shown, "\n"+line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
	for _, secret := range []string{text, "made/up", "BREW", "usr_"} {
		if strings.Contains(shown, secret) {
			t.Errorf("the metrics tell of %s", secret)
		}
	}
}

// report is what the checks of a say, once they say status.
func report(t *testing.T, a *app, status health.State) health.Report {
	t.Helper()
	var r health.Report
	parts.Await(t, 20*time.Second, string(status), func(ctx context.Context) error {
		if r = a.checks().Report(ctx); r.Status != status {
			return fmt.Errorf("it is %+v", r)
		}
		return nil
	})
	return r
}

func TestANodeWithoutItsStoreGoesOnUntilItsCacheIsTooOld(t *testing.T) {
	t.Parallel()
	a := built(t, database(t), "LATCHKEY_MAX_STALE=3s")
	secret := issueFirst(t, a)
	parts.Await(t, 20*time.Second, "the key to be cached", func(ctx context.Context) error {
		_, err := a.Verifier.Verify(ctx, &verify.Question{Key: secret, DryRun: true})
		if err == nil && a.Verifier.Stats().Grants == 0 {
			err = errLate
		}
		return err
	})
	r := report(t, a, health.OK)
	if names := len(r.Checks); names != 6 {
		t.Errorf("%d checks without Redis: %v", names, r.Checks)
	}
	began := a.Verifier.Polling().LastPoll
	parts.Await(t, 20*time.Second, "a poll", func(context.Context) error {
		if !a.Verifier.Polling().LastPoll.After(began) {
			return errLate
		}
		return nil
	})
	if err := a.store.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r = report(t, a, health.Degraded)
	if s := r.Checks["store"]; s.State != health.Degraded || s.Error == "" || s.Since == nil || s.Cause == nil {
		t.Errorf("the store: %+v", s)
	}
	r = report(t, a, health.Down)
	if r.Checks["store"].State != health.Down || r.Checks["changes"].State != health.Down {
		t.Errorf("too old: %+v", r)
	}
	text, err := json.Marshal(r)
	if err != nil || strings.Contains(string(text), "closed") || strings.Contains(string(text), ".db") {
		t.Errorf("it tells of the inside: %v %s", err, text)
	}
}

// TestANodeThatCanVerifyNothingIsDown: one that was started a moment ago has no key
// in memory, and a store that it cannot read is all that it has.
func TestANodeThatCanVerifyNothingIsDown(t *testing.T) {
	t.Parallel()
	a := built(t, database(t))
	issueFirst(t, a)
	report(t, a, health.OK)
	if err := a.store.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := report(t, a, health.Down); r.Checks["store"].State != health.Down {
		t.Errorf("the store: %+v", r.Checks["store"])
	}
}

func TestANodeWithoutRedisIsDegraded(t *testing.T) {
	t.Parallel()
	redis := parts.Redis(t)
	a := built(t, database(t), "LATCHKEY_REDIS_URL="+redis.URL(), "LATCHKEY_LIMIT_MODE=leased", "LATCHKEY_REDIS_TIMEOUT=2s")
	if r := report(t, a, health.OK).Checks["redis"]; r.State != health.OK || r.Mode != modeLeased {
		t.Errorf("with Redis: %+v", r)
	}
	redis.Kill()
	parts.Await(t, 20*time.Second, "the fault", func(ctx context.Context) error {
		_, err := a.limiter.Take(ctx, ratelimit.Request{
			Key: ratelimit.Bucket{ID: "x", Rule: ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}}, Cost: 1,
		})
		if s := a.limiter.failover.State(); s.Shared {
			return fmt.Errorf("Redis still decides: %w", err)
		}
		return nil
	})
	r := report(t, a, health.Degraded)
	if got := r.Checks["redis"]; got.Mode != fallbackLocal || got.Error == "" || got.State != health.Degraded {
		t.Errorf("without Redis: %+v", got)
	}
	if !slices.Equal([]health.State{r.Checks["store"].State, r.Checks["changes"].State}, []health.State{health.OK, health.OK}) {
		t.Errorf("the others: %+v", r)
	}
}
