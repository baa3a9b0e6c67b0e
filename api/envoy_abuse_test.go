package api_test

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/latchkey/latchkey/api/extauthz"
)

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestRefusedStrangersLeaveNothing: their deadlines are as far away as they like.
func TestRefusedStrangersLeaveNothing(t *testing.T) { //nolint:paralleltest // it weighs memory
	s := newSuite(t, proxied())
	envoy := s.envoy(t, nil)
	ask := func(n int) {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				for range n / 50 {
					ctx, cancel := context.WithTimeout(t.Context(), 1000*time.Hour)
					if _, err := envoy.Check(ctx, told(nil, nil)); status.Code(err) != codes.PermissionDenied {
						t.Error(err)
					}
					cancel()
				}
			})
		}
		all.Wait()
	}
	ask(1000)
	before := heap()
	ask(20_000)
	if after := heap(); after > before+3<<20 {
		t.Errorf("20000 refusals leave %d bytes", after-before)
	}
}

// silent opens a call of the method and sends no message.
func silent(ctx context.Context, t *testing.T, conn *grpc.ClientConn, method string) grpc.ClientStream {
	t.Helper()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	must(t, err)
	return stream
}

// ends returns the code that the call ends with.
func ends(of grpc.ClientStream) codes.Code { return status.Code(of.RecvMsg(&authv3.CheckResponse{})) }

// TestStrangersAreTurnedAwayUnread.
func TestStrangersAreTurnedAwayUnread(t *testing.T) {
	t.Parallel()
	s := newSuite(t, proxied())
	conn := s.dialEnvoy(t, nil)
	if code := ends(silent(t.Context(), t, conn, authv3.Authorization_Check_FullMethodName)); code != codes.PermissionDenied {
		t.Errorf("a stranger who says nothing: %v", code)
	}
}

// TestStrangersHoldFewCalls, which is all that they can do: they may ask for health.
func TestStrangersHoldFewCalls(t *testing.T) {
	t.Parallel()
	s := newSuite(t, proxied())
	conn := s.dialEnvoy(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	methods := []string{healthv1.Health_Check_FullMethodName, healthv1.Health_Watch_FullMethodName}
	ended := make(chan codes.Code, 30)
	for i := range cap(ended) {
		stream := silent(ctx, t, conn, methods[i%2])
		go func() { ended <- ends(stream) }()
	}
	for range cap(ended) - 20 {
		if code := <-ended; code != codes.ResourceExhausted {
			t.Errorf("one too many ends with %v", code)
		}
	}
	cancel()
	for range 20 {
		if code := <-ended; code != codes.Canceled {
			t.Errorf("one of the first ends with %v", code)
		}
	}
	for {
		if _, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}); err == nil {
			break
		} else if status.Code(err) != codes.ResourceExhausted {
			t.Fatal(err)
		}
	}
	trusted := newSuite(t, behindEnvoy()).dialEnvoy(t, nil)
	for range 30 {
		silent(t.Context(), t, trusted, methods[0])
	}
	if _, err := healthv1.NewHealthClient(trusted).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Errorf("a gateway: %v", err)
	}
}

// TestNoDeadlineIsFarAway: whoever sends nothing has to go.
func TestNoDeadlineIsFarAway(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	conn := s.dialEnvoy(t, func(c *extauthz.Config) { c.Timeouts.Call = 50 * time.Millisecond })
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for _, ctx := range []context.Context{ctx, t.Context()} {
		for _, method := range []string{healthv1.Health_Check_FullMethodName, authv3.Authorization_Check_FullMethodName} {
			if code := ends(silent(ctx, t, conn, method)); code != codes.DeadlineExceeded {
				t.Errorf("%s ends with %v", method, code)
			}
		}
	}
}

// TestTooMuchByGRPC: what unpacks to much, and much metadata.
func TestTooMuchByGRPC(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	x := s.tenant(t)
	envoy := s.envoy(t, nil)
	packed := told(map[string]string{"x-api-key": x.secret, "cookie": strings.Repeat("a", 64<<20)}, nil)
	if _, err := envoy.Check(t.Context(), packed, grpc.UseCompressor(gzip.Name)); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("64 MiB in a small message: %v", err)
	}
	packed = told(map[string]string{"x-api-key": x.secret}, nil)
	if got, err := envoy.Check(t.Context(), packed, grpc.UseCompressor(gzip.Name)); err != nil || got.GetOkResponse() == nil {
		t.Errorf("a small one: %v, %v", got, err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "a", strings.Repeat("b", 1<<20))
	if got, err := envoy.Check(ctx, told(map[string]string{"x-api-key": x.secret}, nil)); err == nil {
		t.Errorf("1 MiB of metadata: %v", got)
	}
	if got, err := envoy.Check(t.Context(), told(map[string]string{"x-api-key": x.secret}, nil)); err != nil || got.GetOkResponse() == nil {
		t.Errorf("after that: %v, %v", got, err)
	}
}

// TestOnlyTwoServices: no reflection, no channelz.
func TestOnlyTwoServices(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	conn := s.dialEnvoy(t, nil)
	for _, method := range []string{
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.channelz.v1.Channelz/GetServers",
		"/envoy.service.auth.v2.Authorization/Check", "/envoy.service.auth.v3.Authorization/check", "/a", "",
	} {
		if code := ends(silent(t.Context(), t, conn, method)); code != codes.Unimplemented {
			t.Errorf("%s: %v", method, code)
		}
	}
}

// raw is a message that is sent as it is.
type raw []byte

type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)      { return v.(raw), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { return nil }
func (rawCodec) Name() string                       { return "proto" }

// TestMalformedMessages end with an error and nothing else.
func TestMalformedMessages(t *testing.T) {
	t.Parallel()
	s := newSuite(t, behindEnvoy())
	conn := s.dialEnvoy(t, nil)
	for name, message := range map[string]raw{
		"a field that ends early":    {0x0a, 0x7f},
		"a length of 2^63":           append(raw{0x0a}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"a number that never ends":   bytes.Repeat(raw{0xff}, 100),
		"field 0":                    {0x02, 0x00},
		"groups in groups":           bytes.Repeat(raw{0x0b}, 200<<10),
		"the end of a group":         {0x0c},
		"a broken field within":      {0x0a, 0x04, 0x22, 0x02, 0x12, 0x7f},
		"a broken header":            {0x0a, 0x08, 0x22, 0x06, 0x12, 0x04, 0x1a, 0x02, 0x0a, 0x7f},
		"an unknown kind of a field": {0x0f},
	} {
		err := conn.Invoke(t.Context(), authv3.Authorization_Check_FullMethodName, message, &authv3.CheckResponse{}, grpc.ForceCodec(rawCodec{}))
		if status.Code(err) != codes.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if strings.Contains(s.log.String(), "panic") {
		t.Error(s.log)
	}
}
