package api

import (
	"net/http"
	"sort"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/latchkey/latchkey"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/verify"
)

func document(t *testing.T) *openapi3.T {
	t.Helper()
	d, err := openapi3.NewLoader().LoadFromData(latchkey.Contract())
	if err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	return d
}

// TestRoutesAndContractAgree holds the table of routes and openapi.yaml
// together, permissions included.
func TestRoutesAndContractAgree(t *testing.T) {
	t.Parallel()
	documented := map[string]string{}
	for path, item := range document(t).Paths.Map() {
		for method, operation := range item.Operations() {
			permission, _ := operation.Extensions["x-permission"].(string)
			documented[method+" "+path] = permission
		}
	}
	served := map[string]string{
		"GET /verify": "AllowAny", "POST /verify": verifyPermission.String(), "GET /openapi.yaml": "AllowAny", "GET /docs": "AllowAny",
	}
	for _, r := range (&API{Config: Config{Metrics: http.NotFoundHandler()}}).routes() {
		var parts []string
		for part := range strings.SplitSeq(r.path, "/") {
			if name, ok := strings.CutPrefix(part, ":"); ok {
				part = "{" + name + "}"
			}
			parts = append(parts, part)
		}
		served[r.method+" "+strings.Join(parts, "/")] = r.permission.String()
	}
	for operation, permission := range served {
		if documented[operation] != permission {
			t.Errorf("%s needs %q, openapi.yaml says %q", operation, permission, documented[operation])
		}
	}
	for operation := range documented {
		if _, ok := served[operation]; !ok {
			t.Errorf("%s is documented and not served", operation)
		}
	}
}

func TestContractListsEveryProblemCode(t *testing.T) {
	t.Parallel()
	var want, got []string
	for code := range Problems() {
		want = append(want, code)
	}
	for _, code := range verify.Codes() {
		if httpx.StatusOf(code) != http.StatusOK {
			want = append(want, string(code))
		}
	}
	for _, code := range document(t).Components.Schemas["Problem"].Value.Properties["code"].Value.Enum {
		got = append(got, code.(string))
	}
	sort.Strings(want)
	sort.Strings(got)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("openapi.yaml lists\n%s\nthe code has\n%s", got, want)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(formatCursor("key_01a20bfc26a07153866374d62b9aee99"))
	f.Add("MQ")
	f.Fuzz(func(t *testing.T, text string) {
		after, err := parseCursor(text)
		if err == nil && formatCursor(after) != text {
			t.Errorf("%q became %q", text, after)
		}
	})
}
