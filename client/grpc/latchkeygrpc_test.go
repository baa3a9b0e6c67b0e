package latchkeygrpc_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/latchkey/latchkey/client"
	latchkeygrpc "github.com/latchkey/latchkey/client/grpc"
	"github.com/latchkey/latchkey/client/guard"
)

// byKey decides by the key, which names its own verdict.
type byKey struct{ asked chan client.Question }

func (b byKey) Verify(_ context.Context, q client.Question) (client.Verdict, error) {
	b.asked <- q
	if q.Key == "gone" {
		return client.Verdict{}, &client.Error{Kind: client.Unreachable, Err: errors.New("dial tcp 10.0.0.7: refused")}
	}
	v := client.NewVerdict(
		client.VerifyResponse{Valid: q.Key == client.CodeValid, Code: q.Key, KeyID: "key_1", Detail: "why"}, 0,
		client.StaticLimits{"Ratelimit": {`"key";r=9;t=1`}, "Retry-After": {"2"}},
	)
	if q.Key == client.CodeInsufficientScope {
		v.MissingScopes = q.Scopes
	}
	return v, nil
}

// health is a server that tells who asks.
type health struct {
	grpc_health_v1.UnimplementedHealthServer
	seen chan string
}

func (h *health) see(ctx context.Context) *grpc_health_v1.HealthCheckResponse {
	who, _ := latchkeygrpc.Identity(ctx)
	h.seen <- who.KeyID
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}
}

func (h *health) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return h.see(ctx), nil
}

func (h *health) Watch(_ *grpc_health_v1.HealthCheckRequest, s grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) error {
	return s.Send(h.see(s.Context()))
}

func serve(t *testing.T, needs latchkeygrpc.Needs) (grpc_health_v1.HealthClient, *health, byKey) {
	t.Helper()
	v := byKey{asked: make(chan client.Question, 16)}
	g, err := guard.New(guard.Config{Verifier: v, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.UnaryInterceptor(latchkeygrpc.UnaryServerInterceptor(g, needs)),
		grpc.StreamInterceptor(latchkeygrpc.StreamServerInterceptor(g, needs)),
	)
	h := &health{seen: make(chan string, 16)}
	grpc_health_v1.RegisterHealthServer(server, h)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return grpc_health_v1.NewHealthClient(conn), h, v
}

func TestCalls(t *testing.T) {
	t.Parallel()
	c, h, v := serve(t, latchkeygrpc.Require("invoices:read"))
	watch := func(ctx context.Context, header *metadata.MD) error {
		stream, err := c.Watch(ctx, nil)
		if err == nil {
			_, err = stream.Recv()
			*header, _ = stream.Header()
		}
		return err
	}
	check := func(ctx context.Context, header *metadata.MD) error {
		_, err := c.Check(ctx, nil, grpc.Header(header))
		return err
	}
	for name, call := range map[string]func(context.Context, *metadata.MD) error{"unary": check, "stream": watch} {
		for key, want := range map[string]codes.Code{
			client.CodeValid: codes.OK, client.CodeRevoked: codes.Unauthenticated, client.CodeIPNotAllowed: codes.PermissionDenied,
			client.CodeInsufficientScope: codes.PermissionDenied, client.CodeRateLimited: codes.ResourceExhausted, "gone": codes.Unavailable,
			"": codes.Unauthenticated,
		} {
			var header metadata.MD
			ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+key, "x-forwarded-for", "203.0.113.9")
			err := call(ctx, &header)
			if status.Code(err) != want {
				t.Errorf("%s with %q: %v, want %v", name, key, err, want)
			}
			if key != "" {
				if q := <-v.asked; q.Scopes[0] != "invoices:read" || q.Address != netip.MustParseAddr("203.0.113.9") {
					t.Errorf("asked %+v", q)
				}
			}
			if limits := header.Get("ratelimit"); key != "" && key != "gone" && len(limits) != 1 {
				t.Errorf("%s with %q has no limits: %v", name, key, header)
			}
			told(t, key, err)
			if want == codes.OK {
				if who := <-h.seen; who != "key_1" {
					t.Errorf("the handler sees %q", who)
				}
			}
		}
	}
}

// told checks the details of a refusal.
func told(t *testing.T, key string, err error) {
	t.Helper()
	var reason, missing string
	var wait time.Duration
	for _, d := range status.Convert(err).Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			reason, missing = d.GetReason(), d.GetMetadata()["missing_scopes"]
		case *errdetails.RetryInfo:
			wait = d.GetRetryDelay().AsDuration()
		}
	}
	switch key {
	case client.CodeValid:
		if err != nil {
			t.Error(err)
		}
	case "":
		key = client.CodeMissing
	case "gone":
		key = "unavailable"
		if wait != 5*time.Second || status.Convert(err).Message() == "dial tcp 10.0.0.7: refused" {
			t.Errorf("unavailable says %v, wait %v", err, wait)
		}
	case client.CodeRateLimited:
		if wait != 2*time.Second {
			t.Errorf("over the limit, to wait %v", wait)
		}
	case client.CodeInsufficientScope:
		if missing != "invoices:read" {
			t.Errorf("missing scopes %q", missing)
		}
	}
	if err != nil && reason != key {
		t.Errorf("the reason is %q, want %q", reason, key)
	}
}

func TestPublicMethods(t *testing.T) {
	t.Parallel()
	c, h, v := serve(t, func(method string) guard.Need {
		return guard.Need{Public: method == grpc_health_v1.Health_Check_FullMethodName}
	})
	if _, err := c.Check(t.Context(), nil); err != nil || <-h.seen != "" || len(v.asked) != 0 {
		t.Errorf("a public method: %v", err)
	}
	stream, err := c.Watch(t.Context(), nil)
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("another method: %v", err)
	}
}
