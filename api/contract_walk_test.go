package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const (
	organizationText = `{"id":"org_1","name":"Acme","disabled":false,"metadata":{},"created_at":"2026-01-31T12:00:00Z",` +
		`"updated_at":"2026-01-31T12:00:00Z"}`
	problemText = `{"type":"x","title":"Not Found","status":404,"detail":"there is no such organization","code":"not_found"}`
)

// exchanges are what a handler could answer, and whether that breaks the
// contract.
var exchanges = []struct {
	name                string
	method, path, sent  string
	status              int
	kind, tag, answered string
	breaks              bool
}{
	{"a good answer passes", "GET", "/api/organizations/org_1", "", 200, "application/json", `"1"`, organizationText, false},
	{"a slash at the end is the same path", "GET", "/api/organizations/org_1/", "", 200, "application/json", `"1"`, organizationText, false},
	{"a problem passes", "GET", "/api/organizations/org_1", "", 404, problemType, "", problemText, false},
	{"a status that is not documented", "GET", "/api/organizations/org_1", "", 418, problemType, "", problemText, true},
	{
		"a member that is not documented", "GET", "/api/organizations/org_1", "", 200, "application/json", `"1"`,
		strings.Replace(organizationText,
			"{", `{"x":1,`, 1), true,
	},
	{"a member of the wrong type", "GET", "/api/organizations/org_1", "", 200, "application/json", `"1"`, strings.Replace(organizationText,
		"false", `"no"`, 1), true},
	{
		"a time that is none", "GET", "/api/organizations/org_1", "", 200, "application/json", `"1"`, strings.Replace(organizationText,
			"2026-01-31T12", "today", 1), true,
	},
	{
		"a missing member", "GET", "/api/organizations/org_1", "", 200, "application/json", `"1"`, strings.Replace(organizationText,
			`"id":"org_1",`, "", 1), true,
	},
	{"a header of the wrong shape", "GET", "/api/organizations/org_1", "", 200, "application/json", `1`, organizationText, true},
	{"a missing header", "GET", "/api/organizations/org_1", "", 200, "application/json", "", organizationText, true},
	{"a header that is not documented", "GET", "/api/organizations/org_1", "", 404, problemType, `"1"`, problemText, true},
	{"another media type", "GET", "/api/organizations/org_1", "", 404, "application/json", "", problemText, true},
	{
		"a code that is not documented", "GET", "/api/organizations/org_1", "", 404, problemType, "", strings.Replace(problemText,
			"not_found", "gone", 1), true,
	},
	{
		"an accepted parameter that is not documented", "GET", "/api/organizations/org_1?x=1", "", 200, "application/json", `"1"`,
		organizationText, true,
	},
	{
		"an accepted body that breaks its schema", "PATCH", "/api/organizations/org_1", `{"name":1}`, 200, "application/json", `"1"`,
		organizationText, true,
	},
	{
		"an accepted body that keeps it", "PATCH", "/api/organizations/org_1", `{"name":"A"}`, 200, "application/json", `"1"`,
		organizationText, false,
	},
	{"a body where none is documented", "DELETE", "/api/organizations/org_1", "", 204, "", "", "gone", true},
	{"a path that is not documented", "GET", "/api/nothing", "", 404, problemType, "", problemText, false},
	{"a path that is not documented and is refused", "GET", "/api/nothing", "", 403, problemType, "", problemText, true},
}

// TestRecorderFindsWhatBreaksTheContract holds the recorder itself to what it
// is for.
func TestRecorderFindsWhatBreaksTheContract(t *testing.T) {
	t.Parallel()
	for _, tt := range exchanges {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, strings.NewReader(tt.sent))
			r.Header.Set("X-API-Key", "lk_live_x")
			r.Header.Set("Content-Type", "application/json")
			var faults []string
			answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.kind != "" {
					w.Header().Set("Content-Type", tt.kind)
				}
				if tt.tag != "" {
					w.Header().Set("ETag", tt.tag)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.answered)
			})
			newRecorder(contract.document).wrap(answer, func(text string) { faults = append(faults, text) }).ServeHTTP(httptest.NewRecorder(), r)
			if broken := len(faults) > 0; broken != tt.breaks {
				t.Errorf("breaks the contract: %v, want %v %s", broken, tt.breaks, faults)
			}
		})
	}
}

// TestRecorderNeedsACredential: what is accepted without one must be open. A
// closed network can let anybody ask POST /verify.
func TestRecorderNeedsACredential(t *testing.T) {
	t.Parallel()
	for _, o := range contract.operations {
		r := httptest.NewRequestWithContext(t.Context(), o.method, o.path, nil)
		needs := (!o.open() || o.OperationID == "verifySelf") && !o.optional()
		if lacks := len(o.lacksCredential(contract.doc, r)) > 0; lacks != needs {
			t.Errorf("%s accepts a request without credential: %v, its permission is %s", o, !lacks, o.permission())
		}
	}
}

// TestOpenOperations calls what anybody may.
func TestOpenOperations(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	for _, o := range contract.operations {
		if o.open() && o.path != "/verify" {
			got := s.send(t, s.good(t, o, s.tenant(t), nil))
			if !slices.Contains([]int{http.StatusOK, http.StatusAccepted, http.StatusNoContent}, got.status) {
				t.Errorf("%s: %d %s", o, got.status, got.body)
			}
		}
	}
	for _, asset := range []string{"/docs/start.js", "/docs/assets/swagger-ui.css"} {
		if got := s.send(t, call{method: "GET", path: asset}); got.status != http.StatusOK {
			t.Errorf("%s: %d", asset, got.status)
		}
	}
	refused(t, s, 404, "not_found", call{method: "GET", path: "/docs/assets/secrets.txt"})
	refused(t, s, 404, "not_found", call{method: "GET", path: "/api/nothing"})
	p := refused(t, s, 405, "method_not_allowed", call{method: "PUT", path: "/api/keys"})
	if !strings.Contains(p.Detail, "GET") || !strings.Contains(p.Detail, "POST") {
		t.Errorf("405 says %q", p.Detail)
	}
}
