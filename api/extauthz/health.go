package extauthz

import (
	"context"
	"log/slog"
	"sync"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/latchkey/latchkey/internal/health"
)

// Bounds of health: anybody may ask. How many may ask at once, strangers bounds.
const (
	reportTimeout = 2 * time.Second
	reportKept    = time.Second
	watchEvery    = 2 * time.Second
)

// healthServer says whether this node can take requests, as /readyz does.
type healthServer struct {
	healthv1.UnimplementedHealthServer
	checks health.Checks
	logger *slog.Logger
	// leaving is closed when the server stops: a stream of Watch would hold that up.
	leaving chan struct{}

	mu      sync.Mutex
	asked   time.Time
	serving healthv1.HealthCheckResponse_ServingStatus
}

// Check implements healthv1.HealthServer.
func (h *healthServer) Check(ctx context.Context, in *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	if !serves(in.GetService()) {
		return nil, status.Error(codes.NotFound, "there is no such service here")
	}
	return &healthv1.HealthCheckResponse{Status: h.state(ctx)}, nil
}

// Watch implements healthv1.HealthServer.
func (h *healthServer) Watch(in *healthv1.HealthCheckRequest, to grpc.ServerStreamingServer[healthv1.HealthCheckResponse]) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	last := healthv1.HealthCheckResponse_UNKNOWN
	for {
		now := healthv1.HealthCheckResponse_SERVICE_UNKNOWN
		if serves(in.GetService()) {
			now = h.state(to.Context())
		}
		if now != last {
			if err := to.Send(&healthv1.HealthCheckResponse{Status: now}); err != nil {
				return err
			}
			last = now
		}
		select {
		case <-to.Context().Done():
			return status.FromContextError(to.Context().Err()).Err()
		case <-h.leaving:
			return status.Error(codes.Unavailable, "the server is stopping")
		case <-ticker.C:
		}
	}
}

func serves(service string) bool {
	return service == "" || service == authv3.Authorization_ServiceDesc.ServiceName || service == healthv1.Health_ServiceDesc.ServiceName
}

// state remembers its result for a moment: some checks cost a write.
func (h *healthServer) state(ctx context.Context) healthv1.HealthCheckResponse_ServingStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.asked) < reportKept {
		return h.serving
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportTimeout)
	defer cancel()
	r := h.checks.Report(ctx)
	r.Log(ctx, h.logger)
	h.serving, h.asked = healthv1.HealthCheckResponse_SERVING, time.Now()
	if r.Status == health.Down {
		h.serving = healthv1.HealthCheckResponse_NOT_SERVING
	}
	return h.serving
}
