package extauthz

import (
	"context"
	"crypto/x509"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/latchkey/latchkey/auth"
)

const (
	lookTimeout = 5 * time.Second
	refusedKept = time.Second // how long a connection stays refused
	mostRefused = 4096        // connections
)

// askers finds out who gateways with a certificate are. That reads the store, so each
// connection has at most one look-up at a time. Calls that arrive meanwhile share the
// next one. A call never gets a result older than itself, so a certificate is refused as
// soon as its registration is removed. Only refusals are remembered, for a moment.
type askers struct {
	// look must not panic. Its error is errPeer for a gateway that may not ask.
	look func(ctx context.Context, from gateway) (*auth.Principal, error)
	now  func() time.Time

	mu      sync.Mutex
	open    map[connection]*line
	refused *lru.Cache[connection, time.Time] // until when
}

// connection identifies one connection of a gateway.
type connection struct {
	address string
	leaf    *x509.Certificate
}

// line is the look-up of a connection that is under way, and the one after it, nil if
// nobody waits for it.
type line struct{ running, next *lookup }

type lookup struct {
	done chan struct{} // closed when the fields below are set
	by   *auth.Principal
	err  error
}

func newAskers(look func(context.Context, gateway) (*auth.Principal, error)) (*askers, error) {
	refused, err := lru.New[connection, time.Time](mostRefused)
	return &askers{look: look, now: time.Now, open: map[connection]*line{}, refused: refused}, err
}

// of returns the owner of the gateway's certificate. The error is errPeer for one that may
// not ask.
func (a *askers) of(ctx context.Context, from gateway) (*auth.Principal, error) {
	on := connection{from.address, from.tls.PeerCertificates[0]}
	if until, found := a.refused.Get(on); found && a.now().Before(until) {
		return nil, errPeer
	}
	l := a.join(context.WithoutCancel(ctx), on, from)
	select {
	case <-l.done:
		return l.by, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join returns a look-up that has not begun yet, or begins now.
func (a *askers) join(ctx context.Context, on connection, from gateway) *lookup {
	a.mu.Lock()
	defer a.mu.Unlock()
	waiting, found := a.open[on]
	if !found {
		l := &lookup{done: make(chan struct{})}
		a.open[on] = &line{running: l}
		go a.run(ctx, on, from)
		return l
	}
	if waiting.next == nil {
		waiting.next = &lookup{done: make(chan struct{})}
	}
	return waiting.next
}

// run does the look-ups of a connection until nobody waits for one.
func (a *askers) run(ctx context.Context, on connection, from gateway) {
	for more := true; more; {
		a.mu.Lock()
		l := a.open[on].running
		a.mu.Unlock()
		l.by, l.err = a.bounded(ctx, from)
		if errors.Is(l.err, errPeer) {
			a.refused.Add(on, a.now().Add(refusedKept))
		}
		a.mu.Lock()
		waiting := a.open[on]
		waiting.running, waiting.next = waiting.next, nil
		if more = waiting.running != nil; !more {
			delete(a.open, on)
		}
		a.mu.Unlock()
		close(l.done)
	}
}

func (a *askers) bounded(ctx context.Context, from gateway) (*auth.Principal, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	return a.look(ctx, from)
}
