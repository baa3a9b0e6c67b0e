// Package extauthz answers Envoy's external authorization by gRPC
// (envoy.service.auth.v3.Authorization), and gRPC health. It decides nothing and
// words nothing: a key gets the answer that GET /verify would give it.
package extauthz

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/internal/proxies"
)

// Method is the method that calls of Check are counted under.
const Method = "grpc"

// Config is what a Server needs. All fields are required except TLS, Verified,
// Trace and Timeouts.
type Config struct {
	Self    *api.Self
	Trusted *proxies.Trusted
	Health  health.Checks
	Logger  *slog.Logger
	TLS     *tls.Config // nil: without TLS
	// Verified, if not nil, is called for each answer of Check, with Method and the
	// status that the gateway's client gets.
	Verified func(method string, status int, took time.Duration)
	// Trace, if not nil, is called for each call of Check with the header of the
	// gateway's client.
	Trace    func(ctx context.Context, header http.Header, name string) (traced context.Context, end func(status int))
	Timeouts Timeouts
}

// Timeouts bound what a client of the server may take. Zero is no bound.
type Timeouts struct {
	Handshake time.Duration // until a connection speaks HTTP/2
	Call      time.Duration // of a call that sets no deadline itself
	Idle      time.Duration // of a connection without calls
}

// Bounds of a client. Envoy sends the header of its client's request, at most 60 KiB
// unless it is told otherwise.
const (
	maxMessage  = 256 << 10
	maxHeader   = 16 << 10
	maxStreams  = 1000 // of one connection
	pingsAtMost = 10 * time.Second
	pingAfter   = time.Minute
	pingTimeout = 20 * time.Second
)

// workers answer calls, as long as one of them is free; else a call gets a goroutine of
// its own. Their stacks have grown already, which saves a fifth of a call.
const workers = 64

// Server is a gRPC server.
type Server struct {
	Config
	server    *grpc.Server
	health    *healthServer
	askers    *askers
	strangers strangers
	warned    sync.Once
}

// New returns a Server.
func New(c Config) (*Server, error) {
	if c.Self == nil || c.Trusted == nil || c.Logger == nil || len(c.Health) == 0 {
		return nil, errors.New("extauthz: Self, Trusted, Health and Logger are required")
	}
	s := &Server{
		Config: c, strangers: strangers{open: map[string]int{}},
		health: &healthServer{checks: c.Health, logger: c.Logger, leaving: make(chan struct{})},
	}
	var err error
	if s.askers, err = newAskers(s.lookUp); err != nil {
		return nil, err
	}
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage), grpc.MaxHeaderListSize(maxHeader),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.InTapHandle(s.bound), grpc.UnaryInterceptor(s.recovered),
		grpc.ForceServerCodecV2(newCodec()), grpc.NumStreamWorkers(workers),
		grpc.StreamInterceptor(s.recoveredStream),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingsAtMost, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: c.Timeouts.Idle, Time: pingAfter, Timeout: pingTimeout}),
	}
	if c.Timeouts.Handshake > 0 {
		options = append(options, grpc.ConnectionTimeout(c.Timeouts.Handshake))
	}
	if c.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(c.TLS)))
	}
	s.server = grpc.NewServer(options...)
	s.server.RegisterService(&authorization, s)
	s.server.RegisterService(s.entered(healthv1.Health_ServiceDesc), s.health)
	return s, nil
}

// authorization is the generated service with messages of our own.
var authorization = grpc.ServiceDesc{
	ServiceName: authv3.Authorization_ServiceDesc.ServiceName, HandlerType: (*any)(nil), Metadata: authv3.Authorization_ServiceDesc.Metadata,
	Methods: []grpc.MethodDesc{{MethodName: "Check", Handler: check}},
}

func check(server any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (out any, err error) {
	s := server.(*Server)
	defer func() { err = s.unpanicked(ctx, recover(), err) }()
	began, from := time.Now(), peerOf(ctx)
	asker, err := s.asker(ctx, from)
	if err != nil {
		return nil, err
	}
	q := &question{also: s.Self.KeyHeaders()}
	if err := read(q); err != nil {
		return nil, err
	}
	out, code, err := s.check(ctx, from, asker, q)
	if err == nil && s.Verified != nil {
		s.Verified(Method, code, time.Since(began))
	}
	return out, err
}

// Serve serves until Leave or Stop.
func (s *Server) Serve(l net.Listener) error { return s.server.Serve(l) }

// Leave accepts no more connections and calls, and waits for open calls. It may be
// called once.
func (s *Server) Leave() {
	close(s.health.leaving)
	s.server.GracefulStop()
}

// Stop cuts everybody off.
func (s *Server) Stop() { s.server.Stop() }

// recovered keeps a fault in one call from ending the process.
func (s *Server) recovered(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (out any, err error) {
	defer func() { err = s.unpanicked(ctx, recover(), err) }()
	return handle(ctx, in)
}

func (s *Server) recoveredStream(of any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	defer func() { err = s.unpanicked(stream.Context(), recover(), err) }()
	leave, err := s.enter(stream.Context())
	if err != nil {
		return err
	}
	defer leave()
	return handle(of, stream)
}

func (s *Server) unpanicked(ctx context.Context, panicked any, err error) error {
	if panicked == nil {
		return err
	}
	s.Logger.ErrorContext(ctx, "panic", "err", fmt.Sprint(panicked), "stack", string(debug.Stack()))
	return status.Error(codes.Internal, "internal error")
}

// errPeer is all that a stranger learns.
var errPeer = status.Error(codes.PermissionDenied,
	"this peer may not ask: add it to LATCHKEY_TRUSTED_PROXIES, or give it a client certificate of an account that may verify keys")

// bound bounds how long a call may take, whatever its client says, except for one that
// watches. It must not block. It turns nobody away, because grpc-go would keep the
// timer of that call until the client's deadline, which may be in a hundred years.
func (s *Server) bound(ctx context.Context, call *tap.Info) (context.Context, error) {
	if s.Timeouts.Call == 0 || call.FullMethodName == healthv1.Health_Watch_FullMethodName {
		return ctx, nil
	}
	if end, set := ctx.Deadline(); set && time.Until(end) <= s.Timeouts.Call {
		return ctx, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeouts.Call)
	context.AfterFunc(ctx, cancel)
	return ctx, nil
}

// gateway is the peer of a call.
type gateway struct {
	address string
	tls     *tls.ConnectionState // nil without TLS
}

func peerOf(ctx context.Context) (g gateway) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return g
	}
	g.address = p.Addr.String()
	if secured, is := p.AuthInfo.(credentials.TLSInfo); is {
		g.tls = &secured.State
	}
	return g
}

func (g *gateway) certified() bool { return g.tls != nil && len(g.tls.PeerCertificates) > 0 }

// asker returns who the gateway is: nil if its address is trusted, else the owner of its
// certificate. It is called before anything of the message is read.
func (s *Server) asker(ctx context.Context, from gateway) (*auth.Principal, error) {
	if s.Trusted.Trusts(from.address) {
		return nil, nil
	}
	var p *auth.Principal
	err := errPeer
	if from.certified() {
		p, err = s.askers.of(ctx, from)
	}
	if ctx.Err() != nil {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if errors.Is(err, errPeer) {
		s.warned.Do(func() { // Envoy tells nobody why it answers 503
			s.Logger.WarnContext(ctx, "a peer that may not ask by gRPC was refused: its address is not in LATCHKEY_TRUSTED_PROXIES, and it has "+
				"no client certificate of an account that may verify keys; this is said once", "address", from.address)
		})
	}
	return p, err
}

// lookUp returns the owner of the gateway's certificate.
func (s *Server) lookUp(ctx context.Context, from gateway) (p *auth.Principal, err error) {
	defer func() { err = s.unpanicked(ctx, recover(), err) }()
	r := (&http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: authv3.Authorization_Check_FullMethodName}, Header: http.Header{}, Body: http.NoBody,
		RemoteAddr: from.address, TLS: from.tls,
	}).WithContext(ctx)
	p, err = s.Self.Asker(r)
	switch kind := errs.KindOf(err); {
	case err == nil:
		return p, nil
	case kind == errs.Unauthenticated || kind == errs.Forbidden:
		return nil, errPeer
	default:
		s.Logger.ErrorContext(ctx, "a gateway's certificate cannot be looked up", "err", err)
		return nil, status.Error(codes.Unavailable, "the certificate cannot be checked now")
	}
}

// maxMethod bounds in bytes what a log line has of the method of the client's request.
const maxMethod = 32

// check answers Envoy, and returns the status of HTTP that its client gets. An error is for
// Envoy alone, which refuses the request.
func (s *Server) check(
	ctx context.Context, from gateway, by *auth.Principal, q *question,
) (answer any, code int, err error) {
	end := func(int) {}
	if s.Trace != nil {
		ctx, end = s.Trace(ctx, q.header, strings.TrimPrefix(authv3.Authorization_Check_FullMethodName, "/"))
	}
	// The same setting as for HTTP decides whose addresses are believed.
	method := q.method[:min(len(q.method), maxMethod)]
	r := (&http.Request{Method: method, Header: q.header, RemoteAddr: from.address, TLS: from.tls}).WithContext(ctx)
	a := s.Self.Verify(r, q, by, q.needs)
	end(a.Status)
	if err := ctx.Err(); err != nil {
		return nil, 0, status.FromContextError(err).Err()
	}
	if a.Status == http.StatusOK {
		return &pass{a.Verdict, s.Self.KeepsAuthorization(r), q.also}, a.Status, nil
	}
	return refused(&a), a.Status, nil
}
