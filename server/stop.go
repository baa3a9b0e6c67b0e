package server

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/latchkey/latchkey/internal/gate"
	"github.com/latchkey/latchkey/internal/health"
)

// stopping is the progress of a shutdown. First /readyz fails, for load
// balancers, while requests are still answered. Then every answer closes its
// connection, so that no connection is closed with a request on its way. Then the
// listener is closed.
type stopping struct {
	unready atomic.Bool
	closing atomic.Bool
}

var errStopping = errors.New("the service is stopping")

// check makes /readyz fail during a shutdown.
func (s *stopping) check(context.Context) health.Result {
	var err error
	if s.unready.Load() {
		err = errStopping
	}
	return health.Found(time.Now(), time.Time{}, err, health.Down)
}

// lastAnswers makes each answer of h close its connection late in a shutdown.
func (s *stopping) lastAnswers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.closing.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// leave gives load balancers and clients at most most to go elsewhere: half of it
// for /readyz to be noticed, half for connections to end. It does not wait if
// nobody is connected.
func (s *stopping) leave(ctx context.Context, most time.Duration, clients *gate.Listener) {
	s.unready.Store(true)
	if clients.Open() == 0 {
		return
	}
	half := time.NewTimer(most / 2)
	defer half.Stop()
	select {
	case <-half.C:
	case <-ctx.Done():
		return
	}
	s.closing.Store(true)
	rest := time.NewTimer(most - most/2)
	defer rest.Stop()
	for clients.Open() > 0 {
		select {
		case <-clients.Emptied():
		case <-rest.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// hurried returns a context that ends at the next stop signal.
func hurried(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.WithoutCancel(ctx), os.Interrupt, syscall.SIGTERM)
}
