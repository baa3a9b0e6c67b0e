package e2e

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// identity are the headers in which the API learns whose key it was.
var identity = map[string]string{
	"X-Latchkey-Key-Id": "key_", "X-Latchkey-Service-Account-Id": "sa_", "X-Latchkey-Organization-Id": "org_", "X-Latchkey-Tier": "vast",
	"X-Latchkey-Scopes": "invoices:read", "X-Latchkey-Environment": "live",
}

// excused reports whether the gateway cannot do it, for a reason that its page gives.
func (w *gated) excused(name string) bool {
	w.t.Helper()
	reason, ok := w.cannot[name]
	if !ok {
		return false
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "gateways", w.page()))
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(page)), " "), reason) {
		w.t.Errorf("the page of %s does not say: %s (%v)", w.name, reason, err)
	}
	return true
}

// holds checks one case of the table.
func (w *gated) holds(tt gatedCase) {
	w.t.Helper()
	if w.excused(tt.name) {
		return
	}
	addr := w.addr
	if tt.sent.h2 {
		addr = w.h2
	}
	answer, body := w.send(addr, tt.sent)
	asked, reached := w.asked.take(), w.reached.take()
	for _, q := range asked {
		w.askedNothingElse(tt.name, q)
	}
	if tt.code != "" {
		w.refused(tt, answer, body)
		if len(reached) != 0 {
			w.t.Errorf("%s: %s %s reached the API", tt.name, reached[0].Method, reached[0].RequestURI)
		}
		return
	}
	if answer.StatusCode != http.StatusOK || len(reached) != 1 || len(asked) != 1 && !tt.anyone {
		w.t.Errorf("%s: %d %v %s, asked %d, reached the API %d times", tt.name, answer.StatusCode, answer.Header, body, len(asked), len(reached))
		return
	}
	w.passed(tt, answer, reached[0])
}

// askedNothingElse checks that the question is the gateway's, and nothing that
// the client has said.
func (w *gated) askedNothingElse(name string, q arrival) {
	w.t.Helper()
	fixed := q.Method == http.MethodGet && q.RequestURI == "/verify?scope=invoices:read"
	scope := q.Header["X-Latchkey-Scope"]
	below := strings.HasPrefix(q.RequestURI, "/verify/request/invoices") && len(scope) == 1 && scope[0] == "invoices:read" &&
		q.Header["X-Latchkey-Cost"] == nil && q.Header["X-Latchkey-Api"] == nil && q.Header["X-Latchkey-Audience"] == nil
	if !fixed && !below || q.length != 0 {
		w.t.Errorf("%s: asked %s %s with a body of %d, for the scope %q", name, q.Method, q.RequestURI, q.length, scope)
	}
	w.tellsTheClient(name, "asked", q)
	for _, header := range []string{"Cookie", "Cache-Control"} {
		if got := q.Header[header]; got != nil {
			w.t.Errorf("%s: asked with %s %q", name, header, got)
		}
	}
}

// tellsTheClient checks that the address is that of the client, and what the
// client tells of itself is gone, or left of it.
func (w *gated) tellsTheClient(name, who string, r arrival) {
	w.t.Helper()
	got := r.Header["X-Forwarded-For"]
	if len(got) == 1 && got[0] == clientAddress {
		return
	}
	if len(got) == 1 && strings.HasSuffix(got[0], ","+clientAddress) && w.excused("the client's address alone") {
		return
	}
	w.t.Errorf("%s: %s of the client %q", name, who, got)
}

// refused checks that the client got a problem with the status and the code.
func (w *gated) refused(tt gatedCase, answer *http.Response, body string) {
	w.t.Helper()
	if tt.sent.method == http.MethodHead {
		if answer.StatusCode != tt.status || body != "" {
			w.t.Errorf("%s: %d %s", tt.name, answer.StatusCode, body)
		}
	} else {
		problem(w.t, tt.name, answer, body, tt.status, tt.code)
	}
	wanted := map[string]string{"X-Latchkey-Code": tt.code}
	switch {
	case tt.status == http.StatusTooManyRequests:
		wanted["Retry-After"], wanted["RateLimit"], wanted["RateLimit-Policy"] = "", "", ""
	default:
		wanted["WWW-Authenticate"] = "Bearer "
	}
	for name, want := range wanted {
		if got := answer.Header.Values(name); len(got) != 1 || got[0] == "" || !strings.HasPrefix(got[0], want) {
			w.t.Errorf("%s: %s is %q, want %q", tt.name, name, got, want)
		}
	}
}

// passed checks what the API learned, and what it did not.
func (w *gated) passed(tt gatedCase, answer *http.Response, r arrival) {
	w.t.Helper()
	method, uri := tt.sent.method, tt.sent.path
	if method == "" {
		method = http.MethodGet
	}
	if uri == "" {
		uri = "/invoices/1"
	}
	if r.Method != method || r.RequestURI != uri || tt.sent.length != 0 && r.length != tt.sent.length {
		w.t.Errorf("%s: %s %s with %d bytes reached the API", tt.name, r.Method, r.RequestURI, r.length)
	}
	for name, values := range r.Header {
		if w.leaks(name, strings.Join(values, ","), tt.anyone) {
			w.t.Errorf("%s: %s %q of the client reached the API", tt.name, name, values)
		}
	}
	w.tellsTheClient(tt.name, "the API heard", r)
	if tt.anyone {
		return
	}
	for name, want := range identity {
		if got := r.Header.Values(name); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			w.t.Errorf("%s: the API got %s %q, want %q", tt.name, name, got, want)
		}
	}
	if w.excused("limits of a good key") {
		return
	}
	for _, name := range []string{"RateLimit", "RateLimit-Policy", "X-Latchkey-Code"} {
		if got := answer.Header.Values(name); len(got) != 1 || got[0] == "" {
			w.t.Errorf("%s: the client got %s %q", tt.name, name, got)
		}
	}
}

// leaks reports whether the API got what it should not of the client.
func (w *gated) leaks(name, value string, preflight bool) bool {
	if strings.Contains(value, "lk_live_") || strings.Contains(value, "203.0.113.9") && name != "X-Forwarded-For" {
		return true
	}
	if !strings.Contains(strings.ToLower(name), "latchkey") || name == "X-Latchkey-Code" && value == "VALID" {
		return false
	}
	if strings.Contains(name, "_") && (w.excused("underscores") || preflight && w.excused("underscores of a preflight")) {
		return false
	}
	return identity[name] == "" || strings.Contains(value, "forged")
}

// knowsTheClient checks that a list of allowed networks goes by the address that
// the client has, not by one that it tells.
func (w *gated) knowsTheClient() {
	w.t.Helper()
	key := func(value string) gatedRequest { return gatedRequest{header: http.Header{"X-Api-Key": {value}}} }
	w.holds(gatedCase{name: "an allowed address", sent: key(w.keys.mine)})
	answer, body := w.send(w.addr, key(w.keys.theirs))
	problem(w.t, "an address that the client only tells", answer, body, 403, "IP_NOT_ALLOWED")
	// Both lines are the client's. Where the first is asked about, the second must not pass.
	twice := gatedRequest{header: http.Header{"X-Api-Key": {w.keys.good, w.keys.other}}}
	w.reached.take()
	answer, body = w.send(w.addr, twice)
	for _, r := range w.reached.take() {
		w.passed(gatedCase{name: "two keys of one name", sent: twice}, answer, r)
	}
	if answer.StatusCode != http.StatusOK {
		problem(w.t, "two keys of one name", answer, body, 401, "MALFORMED")
	}
}

// keepsPathsApart checks that no spelling of a path has the scope of one location
// asked for and the API serve another.
func (w *gated) keepsPathsApart() {
	w.t.Helper()
	w.reached.take()
	for _, spelled := range []string{
		"/invoices/../customers/1", "/invoices/%2e%2e/customers/1", "/invoices/..%2fcustomers/1", "/invoices//../../customers/1",
		"/invoices/./../customers", "/invoices/%2E%2E%2Fcustomers", "/invoices/..%5ccustomers", "/invoicesx/1", "/customers/1",
		"/customers/../invoices/1", "//invoices/1", "/INVOICES/1", "/%69nvoices/1", "/invoices%2f..%2fcustomers",
	} {
		answer, _ := w.send(w.addr, gatedRequest{path: spelled, header: http.Header{"X-Api-Key": {w.keys.good}}})
		for _, r := range w.reached.take() {
			plain, err := url.PathUnescape(r.RequestURI)
			plain = path.Clean(plain)
			if err != nil || plain != "/invoices" && !strings.HasPrefix(plain, "/invoices/") {
				w.t.Errorf("%s: %d, and %s reached the API", spelled, answer.StatusCode, r.RequestURI)
			}
		}
	}
}

// tellsTheRequest checks that a refusal says which request it was, and nothing that the
// client tells of it.
func (w *gated) tellsTheRequest() {
	w.t.Helper()
	id, key := w.issue("vast", "customers:read")
	w.send(w.addr, gatedRequest{method: "PUT", path: "/invoices/7?secret=1", header: http.Header{"X-Api-Key": {key}}})
	parts.Await(w.t, 10*time.Second, "the refusal", func(context.Context) error {
		all := w.call("GET", "/api/keys/"+id+"/refusals", nil, 200)["items"].([]any)
		if len(all) == 0 {
			return errors.New("there is none yet")
		}
		if got := all[0].(map[string]any); got["method"] != "PUT" || got["path"] != "/invoices/7" {
			w.t.Errorf("the refusal says %v", got)
		}
		return nil
	})
}

// failsClosed checks that nobody gets in while Latchkey gives no decision.
func (w *gated) failsClosed() {
	w.t.Helper()
	for _, tt := range []struct {
		name, verify string
		status       int // any but 200 where it is 0
	}{
		{"Latchkey down", "127.0.0.1:1", 503}, // nothing listens there, and no other test will
		{"Latchkey hanging", silent(w.t), 503},
		{"500", w.answers(500), 503},
		{"502", w.answers(502), 503},
		{"503", w.answers(503, "Retry-After"), 503},
		{"504", w.answers(504), 503},
		{"404", w.answers(404), 0},
		{"400", w.answers(400), 0},
		{"302", w.answers(302, "Location"), 0},
		{"a 200 that is not Latchkey's", w.answers(200), 0},
	} {
		if w.excused(tt.name) {
			continue
		}
		w.t.Run(tt.name, func(t *testing.T) {
			addr, _ := w.start(t, tt.verify, w.api)
			for _, method := range []string{"GET", "POST"} {
				w.turnsAway(t, addr, method, tt.status)
			}
		})
	}
}

// answers is the address of a server that answers every question with the status.
func (w *gated) answers(status int, header ...string) string {
	server := w.serverOf(w.asked.before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range header {
			w.Header().Set(name, "5")
		}
		w.WriteHeader(status)
	})))
	w.t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// turnsAway checks that a good key does not get past a Latchkey without a
// decision, and that the client is told so with the status, unless it is 0.
func (w *gated) turnsAway(t *testing.T, addr, method string, status int) {
	t.Helper()
	w.asked.take()
	w.reached.take()
	answer, body := w.send(addr, gatedRequest{method: method, header: http.Header{"X-Api-Key": {w.keys.good}}})
	if len(w.reached.take()) != 0 {
		t.Errorf("%s: %d %s, and it reached the API", method, answer.StatusCode, body)
	}
	switch {
	case status == 0:
		if answer.StatusCode < 300 || len(w.asked.take()) == 0 {
			t.Errorf("%s: %d, without a question", method, answer.StatusCode)
		}
	case w.excused("an outage as a problem"):
		if answer.StatusCode < 500 {
			t.Errorf("%s: %d %s", method, answer.StatusCode, body)
		}
	default:
		problem(t, method, answer, body, status, "unavailable")
		if got := answer.Header.Get("Retry-After"); got != "5" {
			t.Errorf("%s: come again %q", method, got)
		}
	}
}
