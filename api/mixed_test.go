package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/codes"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/internal/fastlane"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// distinct is a key whose answers share no value with those of other keys.
type distinct struct {
	id, secret, account, metadata string
	limit                         int64 // 0: that of the tier
	quota                         int64
	refused                       bool
}

func (s *suite) distinct(t *testing.T, organization string, i int) distinct {
	t.Helper()
	d := distinct{metadata: fmt.Sprintf(`{"n":%q}`, strings.Repeat(strconv.Itoa(i)+" ", 1+i*7%50)), refused: i%5 == 4, quota: 100_000}
	fields := keys.AccountFields{Name: fmt.Sprint("account ", i), Scopes: []string{"invoices:read"}}
	if i%2 == 0 {
		d.quota = 50_000 + int64(i)
		fields.Quota = &ratelimit.Quota{Requests: d.quota, Per: ratelimit.Month}
	}
	d.account = s.account(t, organization, fields)
	of := keys.KeyFields{Name: fmt.Sprint("key ", i), Metadata: keys.Metadata(d.metadata), Disabled: d.refused}
	if i%3 == 0 {
		d.limit = 40 + int64(i)
		of.RateLimit = &ratelimit.Rule{Requests: 5, Per: time.Second, Burst: d.limit}
	}
	d.id, d.secret = s.issue(t, d.account, of)
	return d
}

func (d *distinct) quotaText() string { return fmt.Sprintf(`"quota":{"limit":%d,`, d.quota) }

// TestAnswersOfManyKeysAreNeverMixed, although requests and answers use the same memory
// again: over the fast lane, net/http and gRPC at once.
func TestAnswersOfManyKeysAreNeverMixed(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	x := s.tenant(t)
	verifier := s.keyWith(t, x.organization, "latchkey:verify")
	var all []distinct
	for i := range 40 {
		all = append(all, s.distinct(t, x.organization, i))
	}
	envoy, base := s.envoy(t, nil), s.fast(t)
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			for range 150 {
				d := &all[random.IntN(len(all))]
				s.byHTTP(t, base, d)
				s.asksAbout(t, base, verifier, d)
				d.byGRPC(t, envoy)
			}
		})
	}
	clients.Wait()
}

// fast serves the suite as the service does without TLS.
func (s *suite) fast(t *testing.T) (base string) {
	t.Helper()
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	lane := fastlane.Listen(inner, fastlane.Config{
		Handler: s.engine, Paths: api.HotPaths(), Under: api.HotUnder, Logger: slog.New(slog.DiscardHandler),
		HeaderTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
	})
	server := &http.Server{Handler: s.engine, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(lane) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + inner.Addr().String()
}

func exchanged(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return &http.Response{Header: http.Header{}}, ""
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end below
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return answer, string(body)
}

func (s *suite) byHTTP(t *testing.T, base string, d *distinct) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/verify?cost=0", nil)
	if err != nil {
		t.Error(err)
		return
	}
	r.Header.Set("X-Api-Key", d.secret)
	answer, body := exchanged(t, r)
	d.owns(t, answer.StatusCode, answer.Header)
	if !d.refused && (!strings.Contains(body, d.id) || !strings.Contains(body, d.quotaText())) {
		t.Errorf("%s is told %s", d.id, body)
	}
}

// owns checks the headers of an answer.
func (d *distinct) owns(t *testing.T, status int, h http.Header) {
	t.Helper()
	want := 200
	if d.refused {
		want = 401
	}
	if status != want || h.Get("X-Latchkey-Key-Id") != d.id || h.Get("X-Latchkey-Service-Account-Id") != d.account ||
		(h.Get("RateLimit") == "") != d.refused || d.limit > 0 && !d.refused && h.Get("X-RateLimit-Limit") != strconv.FormatInt(d.limit, 10) {
		t.Errorf("%+v is told %d %v", d, status, h)
	}
}

func (s *suite) asksAbout(t *testing.T, base, verifier string, d *distinct) {
	t.Helper()
	question, err := json.Marshal(map[string]any{"key": d.secret, "cost": 0})
	if err != nil {
		t.Error(err)
		return
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/verify", bytes.NewReader(question))
	if err != nil {
		t.Error(err)
		return
	}
	r.Header.Set("X-Api-Key", verifier)
	r.Header.Set("Content-Type", "application/json")
	_, body := exchanged(t, r)
	if !strings.Contains(body, `"key_id":"`+d.id) || !strings.Contains(body, `"metadata":`+d.metadata) ||
		!d.refused && !strings.Contains(body, d.quotaText()) {
		t.Errorf("of %+v the verifier is told %s", d, body)
	}
}

func (d *distinct) byGRPC(t *testing.T, envoy authv3.AuthorizationClient) {
	t.Helper()
	got, err := envoy.Check(t.Context(), told(map[string]string{"x-api-key": d.secret}, map[string]string{"cost": "0"}))
	if err != nil {
		t.Error(err)
		return
	}
	ok, denied := got.GetOkResponse(), got.GetDeniedResponse()
	all := append(append(ok.GetHeaders(), ok.GetResponseHeadersToAdd()...), denied.GetHeaders()...)
	status := 200
	if got.GetStatus().GetCode() != int32(codes.OK) {
		status = int(denied.GetStatus().GetCode())
	}
	d.owns(t, status, optionsIn(t, all))
	if m := got.GetDynamicMetadata().AsMap(); !d.refused && m["key_id"] != d.id {
		t.Errorf("%s has the metadata %v", d.id, m)
	}
}
