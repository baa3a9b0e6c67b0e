package extauthz

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/auth"
)

// registry is looked up by a test, which takes a second.
type registry struct {
	mu    sync.Mutex
	asked int
	by    *auth.Principal // nil: nobody
}

func (r *registry) look(context.Context, gateway) (*auth.Principal, error) {
	r.mu.Lock()
	r.asked++
	by := r.by
	r.mu.Unlock()
	time.Sleep(time.Second)
	if by == nil {
		return nil, errPeer
	}
	return by, nil
}

func (r *registry) set(by *auth.Principal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.by = by
}

func certified(address string) gateway {
	return gateway{address, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}}
}

// TestCallsOfAConnectionShareLookUps: a flood of calls is no flood of reads.
func TestCallsOfAConnectionShareLookUps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &registry{by: &auth.Principal{AccountID: "sa_1"}}
		a, err := newAskers(r.look)
		if err != nil {
			t.Fatal(err)
		}
		one, other := certified("192.0.2.1:1"), certified("192.0.2.1:2")
		var calls sync.WaitGroup
		for _, from := range []gateway{one, other} {
			for range 100 {
				calls.Go(func() {
					if p, err := a.of(t.Context(), from); err != nil || p.AccountID != "sa_1" {
						t.Errorf("%v, %v", p, err)
					}
				})
			}
		}
		calls.Wait()
		if r.asked != 4 || len(a.open) != 0 { // of each connection one that began at once, and one for all others
			t.Errorf("%d look-ups, %d still open", r.asked, len(a.open))
		}
	})
}

// TestARemovedCertificateIsRefusedAtOnce, although an older look-up is under way.
func TestARemovedCertificateIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &registry{by: &auth.Principal{AccountID: "sa_1"}}
		a, err := newAskers(r.look)
		if err != nil {
			t.Fatal(err)
		}
		from := certified("192.0.2.1:1")
		var before sync.WaitGroup
		before.Go(func() {
			if _, err := a.of(t.Context(), from); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		r.set(nil)
		if p, err := a.of(t.Context(), from); !errors.Is(err, errPeer) {
			t.Errorf("after the removal: %v, %v", p, err)
		}
		before.Wait()
	})
}

// TestARefusalIsRememberedForAMoment: strangers with any certificate cost no look-ups.
func TestARefusalIsRememberedForAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &registry{}
		a, err := newAskers(r.look)
		if err != nil {
			t.Fatal(err)
		}
		from := certified("192.0.2.1:1")
		for range 100 {
			if _, err := a.of(t.Context(), from); !errors.Is(err, errPeer) {
				t.Fatal(err)
			}
		}
		if r.asked != 1 {
			t.Errorf("%d look-ups", r.asked)
		}
		r.set(&auth.Principal{})
		time.Sleep(refusedKept)
		if _, err := a.of(t.Context(), from); err != nil {
			t.Errorf("registered a second ago: %v", err)
		}
	})
}

// TestACallThatGivesUpWaitsForNoLookUp of others.
func TestACallThatGivesUpWaitsForNoLookUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &registry{by: &auth.Principal{}}
		a, err := newAskers(r.look)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := a.of(ctx, certified("192.0.2.1:1")); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(a.open) != 0 {
			t.Error("a look-up stays open")
		}
	})
}
