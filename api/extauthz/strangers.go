package extauthz

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/latchkey/latchkey/internal/proxies"
)

// Bounds of calls that are open at once and come from strangers, who may only ask for
// health. Without them, a few connections could hold a million.
const (
	mostOfStranger  = 20 // of one address
	mostOfStrangers = 1000
)

// strangers counts the open calls of peers that are not trusted.
type strangers struct {
	mu   sync.Mutex
	open map[string]int // by address
	all  int
}

var errTooMany = status.Error(codes.ResourceExhausted, "too many calls are open already")

// enter counts a call of the peer, unless there are too many.
func (s *strangers) enter(peer string) (leave func(), err error) {
	from := peer
	if at, err := netip.ParseAddrPort(peer); err == nil {
		from = proxies.Neighbourhood(at.Addr().Unmap())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= mostOfStrangers || s.open[from] >= mostOfStranger {
		return nil, errTooMany
	}
	s.all++
	s.open[from]++
	return func() { s.leave(from) }, nil
}

func (s *strangers) leave(from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.open[from]--; s.open[from] == 0 {
		delete(s.open, from)
	}
}

// enter is to be called before anything of a call is read.
func (s *Server) enter(ctx context.Context) (leave func(), err error) {
	from := peerOf(ctx)
	if s.Trusted.Trusts(from.address) {
		return func() {}, nil
	}
	return s.strangers.enter(from.address)
}

// entered returns the service with its unary calls bounded; recoveredStream bounds the
// others. An interceptor would come after the message has been read.
func (s *Server) entered(service grpc.ServiceDesc) *grpc.ServiceDesc {
	service.Methods = slices.Clone(service.Methods)
	for i := range service.Methods {
		handle := service.Methods[i].Handler
		service.Methods[i].Handler = func(
			server any, ctx context.Context, read func(any) error, around grpc.UnaryServerInterceptor,
		) (any, error) {
			leave, err := s.enter(ctx)
			if err != nil {
				return nil, err
			}
			defer leave()
			return handle(server, ctx, read, around)
		}
	}
	return &service
}
