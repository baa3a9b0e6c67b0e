package tracing

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

func from(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[strings.TrimPrefix(name, "OTEL_EXPORTER_OTLP_")] }
}

func TestWhereSpansGo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		set  map[string]string
		want string
	}{
		{"nothing is set", nil, "https://localhost:4318/v1/traces"},
		{"a base", map[string]string{"ENDPOINT": "http://c:4318"}, "http://c:4318/v1/traces"},
		{"a base with a path", map[string]string{"ENDPOINT": "https://c/otlp/"}, "https://c/otlp/v1/traces"},
		{"traces alone", map[string]string{"ENDPOINT": "http://c:4318", "TRACES_ENDPOINT": "https://d/spans"}, "https://d/spans"},
		{"traces alone without a path", map[string]string{"TRACES_ENDPOINT": "http://d:1"}, "http://d:1/"},
		{"insecure", map[string]string{"ENDPOINT": "https://c", "INSECURE": "true"}, "http://c/v1/traces"},
		{"secure for traces", map[string]string{"ENDPOINT": "http://c", "INSECURE": "true", "TRACES_INSECURE": "false"}, "https://c/v1/traces"},
	} {
		if s, err := readOTLP(from(tt.set)); err != nil || s.url.String() != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, s.url.String(), err, tt.want)
		}
	}
}

func TestBadSettingsOfTheExporterAreRefused(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	for name, value := range map[string]string{
		"ENDPOINT": "http://[", "TIMEOUT": "soon", "HEADERS": "authorization", "CERTIFICATE": missing,
	} {
		if _, err := readOTLP(from(map[string]string{name: value})); err == nil || !strings.Contains(err.Error()+"TIMEOUT", name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	_, err := readOTLP(from(map[string]string{"HEADERS": "a=b,s3cret"}))
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a header that is none: %v", err)
	}
}

func TestSpansAreSent(t *testing.T) {
	t.Parallel()
	var body []byte
	var header http.Header
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		unpacked, err := gzip.NewReader(r.Body)
		if err == nil {
			body, err = io.ReadAll(unpacked)
		}
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write([]byte("\x0a\x08\x08\x03\x12\x04full")) // partial_success: 3 spans, "full"
	}))
	defer collector.Close()
	s, err := readOTLP(from(map[string]string{"ENDPOINT": collector.URL, "COMPRESSION": "gzip", "HEADERS": "x-team=a%20b"}))
	if err != nil {
		t.Fatal(err)
	}
	c := newOTLPClient(s, retries)
	spans := []*tracepb.ResourceSpans{{SchemaUrl: "here"}}
	if err := c.UploadTraces(t.Context(), spans); err == nil || !strings.Contains(err.Error(), "full (3 spans rejected)") {
		t.Errorf("what the collector rejected: %v", err)
	}
	var got tracepb.TracesData
	if err := proto.Unmarshal(body, &got); err != nil || len(got.ResourceSpans) != 1 || got.ResourceSpans[0].SchemaUrl != "here" {
		t.Errorf("sent %v (%v)", &got, err)
	}
	if header.Get("X-Team") != "a b" || header.Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("headers: %v", header)
	}
}

func TestSendingIsTriedAgainOnlyWhereThatHelps(t *testing.T) {
	t.Parallel()
	quick := otlptracehttp.RetryConfig{
		Enabled: true, InitialInterval: time.Millisecond, MaxInterval: time.Millisecond, MaxElapsedTime: 200 * time.Millisecond,
	}
	for status, want := range map[int]bool{400: false, 404: false, 429: true, 500: false, 502: true, 503: true, 504: true} {
		for _, later := range []string{"", "7"} { // longer than there is time for
			asked := 0
			collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("Retry-After", later)
				w.WriteHeader(status)
			}))
			s, err := readOTLP(from(map[string]string{"ENDPOINT": collector.URL}))
			if err != nil {
				t.Fatal(err)
			}
			err = newOTLPClient(s, quick).UploadTraces(t.Context(), nil)
			collector.Close()
			if err == nil || (asked > 1) != (want && later == "") {
				t.Errorf("%d, come again in %q: tried %d times: %v", status, later, asked, err)
			}
		}
	}
}

// A batch that waits for the collector does not hold up the end of the process.
func TestStopEndsTheWait(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		asked <- struct{}{}
	}))
	defer collector.Close()
	s, err := readOTLP(from(map[string]string{"ENDPOINT": collector.URL}))
	if err != nil {
		t.Fatal(err)
	}
	c := newOTLPClient(s, retries)
	ended := make(chan error)
	go func() { ended <- c.UploadTraces(t.Context(), nil) }()
	<-asked
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("a batch that was not taken counts as sent")
	}
}
