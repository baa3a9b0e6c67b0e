package client_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey/latchkey/client"
)

// left are operations that no Go program asks for.
var left = map[string]string{
	"GET /api":         "links for a browser",
	"GET /api/clients": "another name of /api/service-accounts",
	"GET /docs":        "a page for people",

	"GET /.well-known/latchkey-keys/gitleaks.toml":   "a file for gitleaks",
	"GET /.well-known/latchkey-keys/trufflehog.yaml": "a file for trufflehog",
	"POST /leaks/github":                             "GitHub asks for it",
	"POST /leaks/signed":                             "partners of the provider ask for it",
	"GET /leaks/gitlab/v1/revocable_token_types":     "GitLab asks for it",
	"POST /leaks/gitlab/v1/revoke_tokens":            "GitLab asks for it",
}

// TestEveryOperationHasAMethod calls every method of the client and holds what
// was asked against openapi.yaml.
func TestEveryOperationHasAMethod(t *testing.T) {
	t.Parallel()
	contract, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal("run it in Latchkey's repository, which has the contract beside this module: ", err)
	}
	want := operations(string(contract))
	if len(want) < 100 {
		t.Fatalf("read %d operations", len(want))
	}
	var mu sync.Mutex
	got := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[r.Method+" "+r.URL.Path] = true
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"items":[]}`))
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	callAll(t, c)

	for operation := range want {
		if !got[operation] && left[operation] == "" {
			t.Errorf("no method asks for %s", operation)
		}
	}
	for operation := range got {
		if !want[operation] {
			t.Errorf("a method asks for %s, which the contract does not have", operation)
		}
	}
	for _, operation := range slices.Sorted(maps.Keys(left)) {
		if got[operation] || !want[operation] {
			t.Errorf("%s is not left out, or does not exist", operation)
		}
	}
}

// operations reads method and path of each operation, with ID for parameters.
func operations(contract string) map[string]bool {
	found := map[string]bool{}
	parameter := regexp.MustCompile(`\{[a-z_]+\}`)
	path := ""
	operation := regexp.MustCompile(`^    (get|post|put|patch|delete):`)
	for line := range strings.Lines(contract) {
		switch m := operation.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "components:"), strings.HasPrefix(line, "webhooks:"):
			return found
		case strings.HasPrefix(line, "  /"):
			path = parameter.ReplaceAllString(strings.TrimRight(strings.TrimSpace(line), ":"), "ID")
		case m != nil:
			found[strings.ToUpper(m[1])+" "+path] = true
		}
	}
	return found
}

// callAll calls the methods of all services, and those that verify.
func callAll(t *testing.T, c *client.Client) {
	t.Helper()
	_, _ = c.Verify(t.Context(), client.Question{Key: "k"})
	_, _ = c.VerifySelf(t.Context(), client.Optional[int64]{})
	services := reflect.ValueOf(c).Elem()
	for i := range services.NumField() {
		service := services.Field(i)
		if !services.Type().Field(i).IsExported() {
			continue
		}
		for m := range service.NumMethod() {
			results := service.Method(m).Call(arguments(t.Context(), service.Method(m).Type()))
			if sequence := results[0]; sequence.Kind() == reflect.Func { // of all objects of a list
				sequence.Call([]reflect.Value{reflect.MakeFunc(sequence.Type().In(0), func([]reflect.Value) []reflect.Value {
					return []reflect.Value{reflect.ValueOf(true)}
				})})
			}
		}
	}
}

func arguments(ctx context.Context, method reflect.Type) (in []reflect.Value) {
	for i := range method.NumIn() {
		switch of := method.In(i); {
		case i == 0:
			in = append(in, reflect.ValueOf(ctx))
		case method.IsVariadic() && i == method.NumIn()-1:
		case of == reflect.TypeFor[io.Reader]():
			in = append(in, reflect.ValueOf(strings.NewReader("{}")))
		case of == reflect.TypeFor[io.Writer]():
			in = append(in, reflect.ValueOf(io.Discard))
		case of.Kind() == reflect.String:
			in = append(in, reflect.ValueOf("ID"))
		default:
			in = append(in, reflect.Zero(of))
		}
	}
	return in
}
