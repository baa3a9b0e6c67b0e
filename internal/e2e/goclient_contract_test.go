package e2e

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/latchkey/latchkey/client"
)

// requests are what the client sends: the names of query parameters, of headers
// and of members of bodies, by operation.
type requests struct {
	mu                  sync.Mutex
	query, header, body map[string]map[string]bool
}

func (n *requests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	operation := r.Method + " " + r.URL.Path
	note(n.query, operation, r.URL.Query())
	for name := range r.Header {
		if name == "If-Match" || name == "Idempotency-Key" || name == "Cache-Control" {
			note(n.header, operation, map[string]bool{name: true})
		}
	}
	sent, _ := io.ReadAll(r.Body)
	var body map[string]any
	if json.Unmarshal(sent, &body) == nil {
		note(n.body, operation, body)
	} else if form, err := url.ParseQuery(string(sent)); err == nil {
		note(n.body, operation, form)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"items":[]}`))
}

func note[V any](in map[string]map[string]bool, operation string, names map[string]V) {
	if in[operation] == nil {
		in[operation] = map[string]bool{}
	}
	for name := range names {
		in[operation][name] = true
	}
}

// TestGoClientSendsWhatTheContractHas calls every method with everything set,
// and holds what was sent against the contract: nothing it does not have, and
// no parameter or member of it that the client cannot send.
func TestGoClientSendsWhatTheContractHas(t *testing.T) {
	t.Parallel()
	n := &requests{query: map[string]map[string]bool{}, header: map[string]map[string]bool{}, body: map[string]map[string]bool{}}
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Verify(t.Context(), full[client.Question]())
	_, _ = c.VerifySelf(t.Context(), client.Set[int64](1), "a:b")
	services := reflect.ValueOf(c).Elem()
	for i := range services.NumField() {
		if service := services.Field(i); services.Type().Field(i).IsExported() {
			for m := range service.NumMethod() {
				callFilled(t.Context(), service.Method(m))
			}
		}
	}

	document, err := openapi3.NewLoader().LoadFromFile("../../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`\{[a-z_]+\}`)
	checked := 0
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			name := method + " " + parameter.ReplaceAllString(path, "ID")
			if n.query[name] == nil {
				continue // another test holds that there is a method
			}
			checked++
			same(t, name+"?", parameters(operation, "query"), n.query[name])
			same(t, name+" by headers", parameters(operation, "header"), n.header[name])
			same(t, name, inBody(operation), n.body[name])
		}
	}
	if checked < 100 {
		t.Errorf("checked %d operations", checked)
	}
}

func same(t *testing.T, where string, want []string, got map[string]bool) {
	t.Helper()
	slices.Sort(want)
	if sent := slices.Sorted(maps.Keys(got)); !slices.Equal(sent, want) {
		t.Errorf("%s: the client sends %v, the contract has %v", where, sent, want)
	}
}

func parameters(operation *openapi3.Operation, in string) (names []string) {
	for _, p := range operation.Parameters {
		if p.Value.In == in {
			names = append(names, p.Value.Name)
		}
	}
	return names
}

func inBody(operation *openapi3.Operation) (names []string) {
	if operation.RequestBody == nil {
		return nil
	}
	for _, kind := range []string{"application/merge-patch+json", "application/json", "application/x-www-form-urlencoded"} {
		if media := operation.RequestBody.Value.Content[kind]; media != nil {
			return slices.DeleteFunc(slices.Collect(maps.Keys(media.Schema.Value.Properties)), func(name string) bool {
				return name == "token_type_hint" // which the service ignores
			})
		}
	}
	return nil
}

// callFilled calls the method with everything set, and walks the list that it
// may return. It calls without If-Match, too, which creations refuse.
func callFilled(ctx context.Context, method reflect.Value) {
	callWith(ctx, method)
	callWith(ctx, method, client.IfMatch(`"1"`))
}

func callWith(ctx context.Context, method reflect.Value, options ...client.Option) {
	var in []reflect.Value
	for i := range method.Type().NumIn() {
		switch of := method.Type().In(i); {
		case i == 0:
			in = append(in, reflect.ValueOf(ctx))
		case method.Type().IsVariadic() && i == method.Type().NumIn()-1:
			if of.Elem().Kind() == reflect.String {
				in = append(in, reflect.ValueOf("ID"))
			}
			for _, option := range options {
				if of.Elem() == reflect.TypeOf(option) {
					in = append(in, reflect.ValueOf(option))
				}
			}
		default:
			v := reflect.New(of).Elem()
			fill(v)
			in = append(in, v)
		}
	}
	if walk := method.Call(in)[0]; walk.Kind() == reflect.Func {
		walk.Call([]reflect.Value{reflect.MakeFunc(walk.Type().In(0), func([]reflect.Value) []reflect.Value {
			return []reflect.Value{reflect.ValueOf(true)}
		})})
	}
}

func full[T any]() (v T) {
	fill(reflect.ValueOf(&v).Elem())
	return v
}

// fill sets the value, and all that is in it.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
		return
	case client.Credential:
		v.Set(reflect.ValueOf(client.APIKey("x")))
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.IPv4Unspecified()))
		return
	case client.Metadata:
		v.Set(reflect.ValueOf(client.Metadata("{}")))
		return
	}
	if get := v.MethodByName("Get"); get.IsValid() && strings.HasPrefix(v.Type().Name(), "Optional[") {
		value := reflect.New(get.Type().Out(0))
		fill(value.Elem())
		if text, err := json.Marshal(value.Interface()); err == nil {
			_ = json.Unmarshal(text, v.Addr().Interface())
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("ID")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	}
}
