package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	collected "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
)

// receiver takes spans by OTLP over HTTP, as a collector does.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	spans    []*trace.Span
	resource string
	raw      bytes.Buffer
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var body io.Reader = q.Body
	if q.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(q.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	text, err := io.ReadAll(body)
	var sent collected.ExportTraceServiceRequest
	if err != nil || q.URL.Path != "/v1/traces" || q.Header.Get("Content-Type") != "application/x-protobuf" ||
		proto.Unmarshal(text, &sent) != nil {
		http.Error(w, "these are no spans", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw.Write(text)
	for _, one := range sent.GetResourceSpans() {
		r.resource += fmt.Sprint(one.GetResource())
		for _, scope := range one.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// named returns the spans of the name within the trace.
func (r *receiver) named(name, traceID string) (all []*trace.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spans {
		if s.GetName() == name && fmt.Sprintf("%x", s.GetTraceId()) == traceID {
			all = append(all, s)
		}
	}
	return all
}

// TestTraces sends a few requests with secrets in every place and looks at
// what a collector gets when the service has stopped.
func TestTraces(t *testing.T) { // not parallel: the SDK reads the environment of the process
	to := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", to.URL)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=trial")
	byGRPC := parts.FreeAddr(t)
	base, _, stop, ended := serving(t, database(t), "LATCHKEY_ADMIN_PASSWORD="+staffPassword, "LATCHKEY_GRPC_ADDR="+byGRPC,
		"LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	format, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		t.Fatal(err)
	}
	secret := format.New(keys.Live).Reveal()
	const verified, listed = "0af7651916cd43dd8448eb211c80319c", "1af7651916cd43dd8448eb211c80319c"
	for _, q := range []struct{ path, traceID string }{
		{"/verify?scope=invoices:read", verified},
		{"/api/users?q=somebody", listed},
		{"/api/keys/" + secret, listed},
		{"/nothing/" + secret, listed},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+q.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("traceparent", "00-"+q.traceID+"-b7ad6b7169203331-01")
		if q.traceID == verified {
			r.Header.Set("X-Api-Key", secret)
		} else {
			r.SetBasicAuth("admin@localhost", staffPassword)
		}
		exchange(t, r)
	}
	conn, err := grpc.NewClient(byGRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // nothing is under way
	if _, err := authv3.NewAuthorizationClient(conn).Check(t.Context(), &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		ContextExtensions: map[string]string{"scope": "invoices:read"},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{Headers: map[string]string{
			"x-api-key": format.New(keys.Live).Reveal(), "traceparent": "00-" + listed + "-b7ad6b7169203331-01",
		}}},
	}}); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	verify := to.named("GET /verify", verified)
	if len(verify) != 1 || fmt.Sprintf("%x", verify[0].GetParentSpanId()) != "b7ad6b7169203331" {
		t.Fatalf("the span of /verify: %v of %v", verify, to.spans)
	}
	if reads := to.named("sqlite SELECT", verified); len(reads) == 0 || !bytes.Equal(reads[0].GetParentSpanId(), verify[0].GetSpanId()) {
		t.Errorf("the store's spans below it: %v", reads)
	}
	for _, name := range []string{"GET /api/users", "GET /api/keys/:id", "GET", "envoy.service.auth.v3.Authorization/Check"} {
		if got := to.named(name, listed); len(got) != 1 {
			t.Errorf("%d spans %q", len(got), name)
		}
	}
	if !strings.Contains(to.resource, "latchkey") || !strings.Contains(to.resource, "trial") {
		t.Errorf("the resource is %s", to.resource)
	}
	for _, hidden := range []string{secret, staffPassword, "somebody", "invoices:read", "Basic "} {
		if bytes.Contains(to.raw.Bytes(), []byte(hidden)) {
			t.Errorf("the spans tell of %q", hidden)
		}
	}
}

// TestTracesOfMongoDBAndRedis: the calls of one verification to both are below
// its span, and neither tells of the key.
func TestTracesOfMongoDBAndRedis(t *testing.T) { // as above
	to := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", to.URL)
	base, _, stop, ended := serving(t, "LATCHKEY_DATABASE_URL="+parts.Mongo(t).URL(), "LATCHKEY_DATA_DIR="+t.TempDir(),
		"LATCHKEY_ADMIN_PASSWORD="+staffPassword,
		"LATCHKEY_REDIS_URL="+parts.Redis(t).URL(), "LATCHKEY_REDIS_TIMEOUT=10s", "LATCHKEY_VERIFY_OPEN=true")
	account := posted(t, base+"/api/service-accounts", `{"organization_id":"`+keys.FirstOrganization+
		`","name":"traced","scopes":["invoices:read"],"quota":{"requests":10,"per":"day"}}`)
	key := posted(t, base+"/api/keys", `{"service_account_id":"`+account["id"].(string)+`","name":"traced"}`)
	secret := key["key"].(string)
	const asked, known = "2af7651916cd43dd8448eb211c80319c", "3af7651916cd43dd8448eb211c80319c"
	for _, traceID := range []string{asked, known} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/verify", strings.NewReader(`{"key":"`+secret+
			`","scopes":["invoices:read"]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("traceparent", "00-"+traceID+"-b7ad6b7169203331-01")
		if status, body := exchange(t, r); status != 200 || !strings.Contains(body, `"valid":true`) ||
			!strings.Contains(body, `"scope":"cluster"`) {
			t.Fatal(status, body)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	for traceID, names := range map[string][]string{
		asked: {"mongodb find keys", "mongodb find service_accounts", "mongodb find quota_use", "redis evalsha"},
		known: {"redis evalsha"},
	} {
		request := to.named("POST /verify", traceID)
		if len(request) != 1 || fmt.Sprintf("%x", request[0].GetParentSpanId()) != "b7ad6b7169203331" {
			t.Fatalf("the span of /verify: %v of %v", request, to.spans)
		}
		for _, name := range names {
			calls := to.named(name, traceID)
			if len(calls) == 0 {
				t.Errorf("%s: there is no %q", traceID, name)
			}
			for _, call := range calls {
				if !bytes.Equal(call.GetParentSpanId(), request[0].GetSpanId()) || call.GetKind() != trace.Span_SPAN_KIND_CLIENT {
					t.Errorf("%q is not a call of the request: %v", name, call)
				}
			}
		}
	}
	digest := sha256.Sum256([]byte(secret))
	for _, hidden := range []string{
		secret, secret[8:], key["id"].(string), account["id"].(string), hex.EncodeToString(digest[:]),
		string(digest[:]), staffPassword,
	} {
		if bytes.Contains(to.raw.Bytes(), []byte(hidden)) {
			t.Errorf("the spans tell of %q", hidden)
		}
	}
}

// posted sends the object as staff and returns what was made of it.
func posted(t *testing.T, url, object string) (made map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("admin@localhost", staffPassword)
	status, body := exchange(t, r)
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != http.StatusCreated {
		t.Fatalf("%s: %d %s", url, status, body)
	}
	return made
}

func TestTracesThatCannotBeSentStopTheStart(t *testing.T) { // as above
	for name, value := range map[string]string{"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
			t.Setenv(name, value)
			c, err := readConfig([]string{database(t), "LATCHKEY_ADDR=127.0.0.1:0"})
			if err != nil {
				t.Fatal(err)
			}
			if err := serve(t.Context(), c, io.Discard, newLogger(c, io.Discard)); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("it started, or said: %v", err)
			}
		})
	}
}
