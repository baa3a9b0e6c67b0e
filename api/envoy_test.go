package api_test

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/latchkey/latchkey/api/extauthz"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// envoy serves the suite to a gateway on this machine, and returns its client.
func (s *suite) envoy(t *testing.T, edit func(*extauthz.Config)) authv3.AuthorizationClient {
	t.Helper()
	return authv3.NewAuthorizationClient(s.dialEnvoy(t, edit))
}

// dialEnvoy is envoy for other services.
func (s *suite) dialEnvoy(t *testing.T, edit func(*extauthz.Config)) *grpc.ClientConn {
	t.Helper()
	trusted, err := proxies.New(s.trusted, s.forwarded)
	must(t, err)
	c := extauthz.Config{Self: s.self, Trusted: trusted, Health: s.checks(), Logger: slog.New(slog.NewJSONHandler(s.log, nil))}
	if edit != nil {
		edit(&c)
	}
	server, err := extauthz.New(c)
	must(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// behindEnvoy trusts this machine, where the gateway of a test is, as HTTP's peer.
func behindEnvoy() settings {
	with := proxied()
	with.trusted = append(with.trusted, netip.MustParsePrefix("127.0.0.1/32"))
	return with
}

// told is what Envoy tells of its client's request.
func told(headers, needs map[string]string) *authv3.CheckRequest {
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		ContextExtensions: needs,
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{
			SocketAddress: &corev3.SocketAddress{Address: "203.0.113.99", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 1}},
		}}},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Method: "POST", Path: "/invoices?scope=admin:all&cost=9", Headers: headers, Body: "x", Size: -1,
		}},
	}}
}

// optionsIn are the headers of an answer. One that does not replace what the client sent
// is a fault.
func optionsIn(t *testing.T, all []*corev3.HeaderValueOption) http.Header {
	t.Helper()
	h := http.Header{}
	for _, o := range all {
		name := o.GetHeader().GetKey()
		if name != strings.ToLower(name) || o.GetAppendAction() != corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD {
			t.Errorf("the header %v", o)
		}
		h.Add(name, o.GetHeader().GetValue())
	}
	return h
}

// TestEnvoyHearsWhatHTTPWouldSay compares the answers to the same question.
func TestEnvoyHearsWhatHTTPWouldSay(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	envoy := s.envoy(t, nil)
	x := s.tenant(t)
	account := s.account(t, x.organization, keys.AccountFields{
		Scopes: []string{"invoices:read"}, Quota: &ratelimit.Quota{Requests: 500, Per: ratelimit.Day},
	})
	goodID, good := s.issue(t, account, keys.KeyFields{})
	homeID, home := s.issue(t, account, keys.KeyFields{AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}})
	revokedID, revoked := s.issue(t, account, keys.KeyFields{})
	_, _, err := s.Keys.Revoke(t.Context(), auth.System(), revokedID, keys.AnyRevision, keys.ReasonLeaked, "")
	must(t, err)
	for name, tt := range map[string]struct {
		headers, needs map[string]string
		status         int
	}{
		"a key":                    {map[string]string{"x-api-key": good}, nil, 200},
		"a bearer":                 {map[string]string{"authorization": "Bearer " + good}, nil, 200},
		"a scope that it has":      {map[string]string{"x-api-key": good}, map[string]string{"scope": "invoices:read"}, 200},
		"empty needs":              {map[string]string{"x-api-key": good}, map[string]string{"scope": "", "cost": "", "api": ""}, 200},
		"one of two":               {map[string]string{"x-api-key": good}, map[string]string{"scope": "invoices:read a:b"}, 403},
		"an address of the list":   {map[string]string{"x-api-key": home, "x-forwarded-for": "1.2.3.4, 198.51.100.7"}, nil, 200},
		"another address":          {map[string]string{"x-api-key": home, "x-forwarded-for": "198.51.100.7, 1.2.3.4"}, nil, 403},
		"an address that is none":  {map[string]string{"x-api-key": home, "x-forwarded-for": "?"}, nil, 403},
		"the other header":         {map[string]string{"x-api-key": home, "forwarded": "for=198.51.100.7"}, nil, 403},
		"no key":                   {nil, nil, 401},
		"a malformed key":          {map[string]string{"x-api-key": "lk_live_nonsense"}, nil, 401},
		"two keys":                 {map[string]string{"x-api-key": good, "authorization": "Api-Key " + home}, nil, 401},
		"two of one name":          {map[string]string{"x-api-key": good + "," + home}, nil, 401},
		"an unknown key":           {map[string]string{"x-api-key": s.format.New(keys.Live).Reveal()}, nil, 401},
		"a revoked key":            {map[string]string{"x-api-key": revoked}, nil, 401},
		"too dear":                 {map[string]string{"x-api-key": good}, map[string]string{"cost": "501"}, 429},
		"a wildcard":               {map[string]string{"x-api-key": good}, map[string]string{"scope": "*"}, 400},
		"no number":                {map[string]string{"x-api-key": good}, map[string]string{"cost": "1.5"}, 400},
		"an API":                   {map[string]string{"x-api-key": good}, map[string]string{"api": "billing"}, 400},
		"an audience":              {map[string]string{"x-api-key": good}, map[string]string{"audience": "billing"}, 400},
		"what the client says":     {map[string]string{"x-api-key": good, "x-latchkey-scope": "a:b", "x-latchkey-cost": "9999"}, nil, 200},
		"a client that wants none": {map[string]string{"x-api-key": good, "x-latchkey-scope": ""}, map[string]string{"scope": "a:b"}, 403},
	} {
		c := call{method: "GET", path: "/verify/request", header: map[string]string{}, from: "127.0.0.1"}
		for name, value := range tt.headers {
			if !strings.HasPrefix(name, "x-latchkey-") {
				c.header[name] = value
			}
		}
		for name, value := range tt.needs {
			c.header["X-Latchkey-"+name] = value
		}
		w := s.raw(t, c)
		got, err := envoy.Check(t.Context(), told(tt.headers, tt.needs))
		must(t, err)
		if w.Code != tt.status {
			t.Errorf("%s: HTTP answers %d %s", name, w.Code, w.Body)
		}
		if tt.status == 200 {
			id := goodID
			if tt.headers["x-api-key"] == home {
				id = homeID
			}
			passes(t, name, w.Header(), got, id)
			continue
		}
		denied := got.GetDeniedResponse()
		headers := optionsIn(t, denied.GetHeaders())
		if int(denied.GetStatus().GetCode()) != tt.status || got.GetStatus().GetCode() == int32(codes.OK) || got.GetOkResponse() != nil {
			t.Errorf("%s: %v", name, got)
		}
		said, want := denied.GetBody(), w.Body.String()
		if tt.status == 400 { // the field has another name, the request another id
			said, want = said[:40], want[:40]
			headers.Del("X-Request-Id") // made up
			w.Header().Del("X-Request-Id")
		}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		w.Header().Del("Content-Length") // Envoy writes it
		compare(t, name, w.Header(), headers)
	}
}

// compare compares headers, and of those that count only whether they are there.
func compare(t *testing.T, name string, want, got http.Header) {
	t.Helper()
	plain := func(h http.Header) map[string]string {
		out := map[string]string{}
		for name, values := range h {
			out[strings.ToLower(name)] = values[0]
			if strings.Contains(strings.ToLower(name), "ratelimit") {
				out[strings.ToLower(name)] = ""
			}
		}
		return out
	}
	if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// passes checks an answer that lets the request through.
func passes(t *testing.T, name string, http http.Header, got *authv3.CheckResponse, keyID string) {
	t.Helper()
	ok := got.GetOkResponse()
	if ok == nil || got.GetStatus() == nil || got.GetStatus().GetCode() != int32(codes.OK) {
		t.Errorf("%s: %v", name, got)
		return
	}
	up, down := optionsIn(t, ok.GetHeaders()), optionsIn(t, ok.GetResponseHeadersToAdd())
	for _, h := range []string{"Content-Type", "Cache-Control", "X-Content-Type-Options"} {
		http.Del(h)
	}
	both := maps.Clone(up)
	maps.Copy(both, down)
	compare(t, name, http, both)
	if up.Get("X-Latchkey-Key-Id") != keyID || up.Get("RateLimit") != "" || down.Get("X-Latchkey-Key-Id") != "" ||
		down.Get("X-Latchkey-Code") != "VALID" || down.Get("RateLimit") == "" {
		t.Errorf("%s: upstream %v, to the client %v", name, up, down)
	}
	for _, gone := range []string{"x-api-key", "x-latchkey-scope", "x-latchkey-cost", "x-latchkey-api", "x-latchkey-audience"} {
		if !slices.Contains(ok.GetHeadersToRemove(), gone) {
			t.Errorf("%s: %s stays", name, gone)
		}
	}
	m := got.GetDynamicMetadata().AsMap()
	scopes := []any{}
	for _, scope := range strings.Fields(up.Get("X-Latchkey-Scopes")) {
		scopes = append(scopes, scope)
	}
	want := map[string]any{
		"key_id": keyID, "service_account_id": up.Get("X-Latchkey-Service-Account-Id"), "organization_id": up.Get("X-Latchkey-Organization-Id"),
		"tier": up.Get("X-Latchkey-Tier"), "environment": "live", "scopes": scopes,
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("%s: the metadata: %s", name, diff)
	}
}

// TestEnvoyKeepsTheKey: what Latchkey read as a key reaches no API, and a token of the
// API's own does.
func TestEnvoyKeepsTheKey(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	envoy := s.envoy(t, nil)
	x := s.tenant(t)
	for name, tt := range map[string]struct {
		headers map[string]string
		removed bool
	}{
		"a bearer":                 {map[string]string{"authorization": "Bearer " + x.secret}, true},
		"Api-Key":                  {map[string]string{"authorization": "Api-Key " + x.secret}, true},
		"the key twice":            {map[string]string{"x-api-key": x.secret, "authorization": "Bearer " + x.secret}, true},
		"the API's own token":      {map[string]string{"x-api-key": x.secret, "authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}, false},
		"Basic":                    {map[string]string{"x-api-key": x.secret, "authorization": "Basic YTpi"}, false},
		"a key between two values": {map[string]string{"x-api-key": x.secret, "authorization": "Basic YTpi,Bearer " + x.secret}, true},
	} {
		got, err := envoy.Check(t.Context(), told(tt.headers, nil))
		must(t, err)
		if got.GetOkResponse() == nil || slices.Contains(got.GetOkResponse().GetHeadersToRemove(), "authorization") != tt.removed {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestRawHeadersOfEnvoy: with encode_raw_headers, headers come one by one.
func TestRawHeadersOfEnvoy(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	envoy := s.envoy(t, nil)
	x := s.tenant(t)
	_, second := s.issue(t, x.account, keys.KeyFields{})
	for code, values := range map[string][]string{"VALID": {x.secret, x.secret}, "MALFORMED": {x.secret, second}, "MISSING": nil} {
		in := told(nil, nil)
		raw := &corev3.HeaderMap{Headers: []*corev3.HeaderValue{{Key: "user-agent", RawValue: []byte("a\xff")}}}
		for _, v := range values {
			raw.Headers = append(raw.Headers, &corev3.HeaderValue{Key: "X-API-Key", RawValue: []byte(v)})
		}
		in.Attributes.Request.Http.HeaderMap = raw
		got, err := envoy.Check(t.Context(), in)
		must(t, err)
		headers := optionsIn(t, append(got.GetOkResponse().GetHeaders(), got.GetDeniedResponse().GetHeaders()...))
		if headers.Get("X-Latchkey-Code") != code {
			t.Errorf("%s: %v", code, got)
		}
	}
}

// TestUnknownNeedsAreRefused: one that is misspelt must not admit keys without a scope.
func TestUnknownNeedsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	x := s.tenant(t)
	got, err := s.envoy(t, nil).Check(t.Context(), told(map[string]string{"x-api-key": x.secret}, map[string]string{"scopes": "a:b"}))
	must(t, err)
	if d := got.GetDeniedResponse(); d.GetStatus().GetCode() != 400 || !strings.Contains(d.GetBody(), "unknown_parameter") {
		t.Errorf("%v", got)
	}
}

// TestStrangersMayNotAskByGRPC: they could name any address, or learn of keys.
func TestStrangersMayNotAskByGRPC(t *testing.T) {
	t.Parallel()
	s := newSuite(t, proxied())
	x := s.tenant(t)
	envoy := s.envoy(t, nil)
	for range 3 {
		_, err := envoy.Check(t.Context(), told(map[string]string{"x-api-key": x.secret}, nil))
		if status.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), "LATCHKEY_TRUSTED_PROXIES") {
			t.Errorf("a stranger: %v", err)
		}
	}
	if n := strings.Count(s.log.String(), "may not ask by gRPC"); n != 1 || !strings.Contains(s.log.String(), `"address":"127.0.0.1:`) {
		t.Errorf("it is said %d times: %s", n, s.log)
	}
}

// TestAnOutageByGRPC is the 503 of HTTP.
func TestAnOutageByGRPC(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	var counted []int
	envoy := s.envoy(t, func(c *extauthz.Config) {
		c.Verified = func(method string, status int, _ time.Duration) {
			if method == extauthz.Method {
				counted = append(counted, status)
			}
		}
	})
	s.store.breakBy(func(context.Context, string) error { return errs.Unavailable })
	got, err := envoy.Check(t.Context(), told(map[string]string{"x-api-key": s.format.New(keys.Live).Reveal(), "x-request-id": "mine"}, nil))
	must(t, err)
	d := got.GetDeniedResponse()
	if d.GetStatus().GetCode() != 503 || optionsIn(t, d.GetHeaders()).Get("Retry-After") != "5" ||
		!strings.Contains(d.GetBody(), `"code":"unavailable"`) ||
		!strings.Contains(d.GetBody(), "urn:latchkey:request:mine") || !strings.Contains(s.log.String(), `"msg":"request failed"`) {
		t.Errorf("%v\n%s", got, s.log)
	}
	s.store.breakBy(nil)
	if _, err := envoy.Check(t.Context(), told(nil, nil)); err != nil || !slices.Equal(counted, []int{503, 401}) {
		t.Errorf("counted %v, %v", counted, err)
	}
}

// TestJunkByGRPC is an error for Envoy, which refuses its client's request.
func TestJunkByGRPC(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	envoy := s.envoy(t, nil)
	for _, in := range []*authv3.CheckRequest{nil, {}, {Attributes: &authv3.AttributeContext{}}} {
		got, err := envoy.Check(t.Context(), in)
		if err != nil || got.GetDeniedResponse().GetStatus().GetCode() != 401 {
			t.Errorf("%v: %v, %v", in, got, err)
		}
	}
	large := told(map[string]string{"cookie": strings.Repeat("a", 300<<10)}, nil)
	if _, err := envoy.Check(t.Context(), large); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a message that is too large: %v", err)
	}
}
