package e2e

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/latchkey/latchkey/internal/parts"
)

func dialGRPC(t *testing.T, addr string, secure credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(secure))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ofKey is Envoy's question about a request from the address.
func ofKey(key, address string) *authv3.CheckRequest {
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{
		Http: &authv3.AttributeContext_HttpRequest{
			Method: "GET", Path: "/invoices", Headers: map[string]string{"x-api-key": key, "x-forwarded-for": address},
		},
	}}}
}

// TestGRPCByCertificate: a gateway whose address says nothing is known by its
// certificate, if its account may verify keys.
func TestGRPCByCertificate(t *testing.T) {
	t.Parallel()
	a, stranger := prepared(t)
	a.leaf("customer", "customer.example.com", nil)
	addr := parts.FreeAddr(t)
	s := startSecure(t, parts.FreeAddr(t), a.client(""),
		"LATCHKEY_TLS_CERT="+a.path("server.pem"), "LATCHKEY_TLS_KEY="+a.path("server.key"),
		"LATCHKEY_TLS_CLIENT_CA="+a.path("ca.pem"), "LATCHKEY_TLS_CLIENT_CRL="+a.path("crl.pem"), mtlsChain,
		"LATCHKEY_GRPC_ADDR="+addr)
	gatewayActs(s)
	id, key := s.issue("free", "invoices:read")
	s.call("PATCH", "/api/keys/"+id, map[string]any{"allowed_networks": []string{"203.0.113.7"}}, 200)
	account := s.call("GET", "/api/keys/"+id, nil, 200)["service_account_id"].(string)
	s.call("POST", "/api/service-accounts/"+account+"/certificates", map[string]any{
		"name": "customer", "san": "dns:customer.example.com",
	}, 201)
	for name, tt := range map[string]struct {
		client *http.Client
		code   codes.Code
	}{
		"its own":              {a.client("gateway"), codes.OK},
		"none":                 {a.client(""), codes.PermissionDenied},
		"of nobody":            {a.client("nobody"), codes.PermissionDenied},
		"of a customer":        {a.client("customer"), codes.PermissionDenied},
		"expired":              {a.client("expired"), codes.PermissionDenied},
		"revoked":              {a.client("revoked"), codes.PermissionDenied},
		"of another authority": {trusting(a, stranger.client("stranger")), codes.PermissionDenied},
	} {
		secure := tt.client.Transport.(*http.Transport).TLSClientConfig.Clone()
		secure.ServerName = "localhost"
		envoy := authv3.NewAuthorizationClient(dialGRPC(t, addr, credentials.NewTLS(secure)))
		got, err := envoy.Check(t.Context(), ofKey(key, "203.0.113.7"))
		if status.Code(err) != tt.code || tt.code == codes.OK && got.GetOkResponse() == nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if tt.code != codes.OK {
			continue
		}
		if got, err = envoy.Check(t.Context(), ofKey(key, "203.0.113.8")); err != nil || got.GetDeniedResponse().GetStatus().GetCode() != 403 {
			t.Errorf("%s, for another address: %v, %v", name, got, err)
		}
	}
	plain := authv3.NewAuthorizationClient(dialGRPC(t, addr, insecure.NewCredentials()))
	if _, err := plain.Check(t.Context(), ofKey(key, "")); status.Code(err) != codes.Unavailable {
		t.Errorf("without TLS: %v", err)
	}
}

// TestGRPCHealthFollowsReadiness, and a stop lets gateways go elsewhere before it closes
// their connections.
func TestGRPCHealthFollowsReadiness(t *testing.T) {
	t.Parallel()
	addr := parts.FreeAddr(t)
	s, process := start(t, sqliteURL(t), "LATCHKEY_GRPC_ADDR="+addr, "LATCHKEY_TRUSTED_PROXIES=127.0.0.0/8", "LATCHKEY_DRAIN=6s")
	_, key := s.issue("free", "invoices:read")
	conn := dialGRPC(t, addr, insecure.NewCredentials())
	health, envoy := healthv1.NewHealthClient(conn), authv3.NewAuthorizationClient(conn)
	ask := func(service string) (healthv1.HealthCheckResponse_ServingStatus, error) {
		got, err := health.Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
		return got.GetStatus(), err
	}
	for _, service := range []string{"", "envoy.service.auth.v3.Authorization"} {
		if got, err := ask(service); err != nil || got != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("%q is %v, %v", service, got, err)
		}
	}
	if _, err := ask("other"); status.Code(err) != codes.NotFound {
		t.Errorf("a service that is not there: %v", err)
	}
	watch, err := health.Watch(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	process.Signal(syscall.SIGTERM)
	var seen []healthv1.HealthCheckResponse_ServingStatus
	for {
		got, err := watch.Recv()
		if err != nil {
			break
		}
		seen = append(seen, got.GetStatus())
		if answer, err := envoy.Check(t.Context(), ofKey(key, "203.0.113.7")); err != nil || answer.GetOkResponse() == nil {
			t.Errorf("while %s: %v, %v", got.GetStatus(), answer, err)
		}
	}
	if want := []healthv1.HealthCheckResponse_ServingStatus{
		healthv1.HealthCheckResponse_SERVING, healthv1.HealthCheckResponse_NOT_SERVING,
	}; !slices.Equal(seen, want) {
		t.Errorf("seen %v, want %v", seen, want)
	}
	if err := process.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// TestGRPCOfAnEdge: it answers as its node does.
func TestGRPCOfAnEdge(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	_, feeder := s.issue("free", "latchkey:edge-all")
	id, key := s.issue("free", "invoices:read")
	addr := parts.FreeAddr(t)
	cmd := exec.Command(parts.Binary(t), "edge")
	cmd.Env = parts.Environ("LATCHKEY_ADDR="+parts.FreeAddr(t), "LATCHKEY_DRAIN=0s",
		"LATCHKEY_EDGE_UPSTREAM="+s.base, "LATCHKEY_EDGE_KEY="+feeder,
		"LATCHKEY_GRPC_ADDR="+addr, "LATCHKEY_TRUSTED_PROXIES=127.0.0.0/8")
	parts.Start(t, cmd).AwaitListening(addr)
	envoy := authv3.NewAuthorizationClient(dialGRPC(t, addr, insecure.NewCredentials()))
	got, err := envoy.Check(t.Context(), ofKey(key, "203.0.113.7"))
	if err != nil || got.GetDynamicMetadata().AsMap()["key_id"] != id {
		t.Fatalf("%v, %v", got, err)
	}
	lacking := ofKey(key, "203.0.113.7")
	lacking.Attributes.ContextExtensions = map[string]string{"scope": "users:read"}
	if got, err = envoy.Check(t.Context(), lacking); err != nil || got.GetDeniedResponse().GetStatus().GetCode() != 403 {
		t.Errorf("without the scope: %v, %v", got, err)
	}
	parts.Await(t, 10*time.Second, "the node to hear of the refusal", func(context.Context) error {
		all := s.call("GET", "/api/keys/"+id+"/refusals", nil, 200)["items"].([]any)
		if len(all) == 0 {
			return errors.New("there is none yet")
		}
		if got := all[0].(map[string]any); got["method"] != "GET" || got["path"] != "/invoices" {
			t.Errorf("the refusal says %v", got)
		}
		return nil
	})
	s.call("POST", "/api/keys/"+id+"/revoke", map[string]any{"reason": "leaked"}, 200)
	parts.Await(t, 5*time.Second, "the edge to hear of the revoke", func(ctx context.Context) error {
		got, err := envoy.Check(ctx, ofKey(key, "203.0.113.7"))
		if err == nil && got.GetOkResponse() != nil {
			return errors.New("it believes on")
		}
		return err
	})
}
