package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/ratelimit"
)

// guesser tries passwords at Delays whose clock stands still but for wait.
type guesser struct {
	*auth.Delays
	t  *testing.T
	at time.Time
}

// newGuesser lets three wrong tries be free; the first delay is a minute.
func newGuesser(t *testing.T) *guesser {
	t.Helper()
	g := &guesser{t: t, at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	var err error
	g.Delays, err = auth.NewDelays(ratelimit.Rule{Requests: 1, Per: time.Minute, Burst: 3}, func() time.Time { return g.at })
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *guesser) wait(d time.Duration) { g.at = g.at.Add(d) }

func from(t *testing.T, address string) context.Context {
	t.Helper()
	return proxies.With(t.Context(), proxies.Client{Address: netip.MustParseAddr(address)})
}

// wrong makes a wrong try and returns how long to wait, 0 where it was heard.
func (g *guesser) wrong(login, address string) time.Duration {
	g.t.Helper()
	try, wait := g.begin(login, address)
	if wait == 0 {
		try.Fail()
	}
	return wait
}

// begin returns a try, or how long to wait.
func (g *guesser) begin(login, address string) (*auth.Try, time.Duration) {
	g.t.Helper()
	try, err := g.Begin(from(g.t, address), login)
	if err == nil {
		return try, 0
	}
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind != errs.Limited || e.RetryAfter <= 0 {
		g.t.Fatalf("%v, want the kind %s and how long to wait", err, errs.Limited)
	}
	return nil, e.RetryAfter
}

// right signs in, or returns how long to wait.
func (g *guesser) right(login, address string) time.Duration {
	g.t.Helper()
	try, wait := g.begin(login, address)
	if wait == 0 {
		try.Succeed()
	}
	return wait
}

func (g *guesser) heard(what string, d time.Duration) {
	g.t.Helper()
	if d != 0 {
		g.t.Errorf("%s has to wait %s", what, d)
	}
}

const home, cafe = "192.0.2.1", "198.51.100.7"

func TestDelaysGrow(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	for i := range 3 {
		g.heard(fmt.Sprintf("free try %d", i), g.wrong("ada", home))
	}
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		if got := g.wrong("ada", home); got != want {
			t.Errorf("told to wait %s, want %s", got, want)
		}
		g.wait(want - time.Nanosecond)
		if got := g.wrong("ada", home); got != time.Nanosecond {
			t.Errorf("just before it is over: %s", got)
		}
		g.wait(time.Nanosecond)
		g.heard("who has waited", g.wrong("ada", home))
	}
	g.wait(time.Hour + time.Second)
	for range 3 {
		g.heard("who was away for an hour", g.wrong("ada", home))
	}
}

func TestDelaysAreOfTheAccountAndTheAddress(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	for range 3 {
		g.wrong("ada", home)
	}
	g.heard("another account", g.wrong("bob", home))
	g.heard("another address", g.wrong("ada", cafe))
	for _, login := range []string{"ADA", " ada", "ada\t"} {
		if g.wrong(login, home) == 0 {
			t.Errorf("the account is another one when it is written %q", login)
		}
	}
	for range 2 {
		g.wrong("eve", "2001:db8:1:2::1")
	}
	g.heard("the third try of a network", g.wrong("eve", "2001:db8:1:2::2"))
	if g.wrong("eve", "2001:db8:1:2:ffff::3") == 0 {
		t.Error("a host makes itself many by its IPv6 addresses")
	}
	g.heard("the next network", g.wrong("eve", "2001:db8:1:3::1"))
}

func TestAnAddressThatGuessesManyAccountsWaits(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	for i := range 30 {
		g.heard("an account of its own", g.wrong(fmt.Sprint("user", i), home))
	}
	if g.wrong("somebody", home) == 0 {
		t.Error("an address guesses as many accounts as it likes")
	}
	g.heard("another address", g.wrong("somebody", cafe))
}

func TestAnOwnAccountWashesNoAddressClean(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	for i := range 29 {
		g.wrong(fmt.Sprint("user", i), home)
		g.heard("the guesser's own account", g.right("mallory", home))
	}
	g.wrong("user29", home)
	if g.wrong("user30", home) == 0 {
		t.Error("signing in to an own account lets an address guess on")
	}
}

func TestRightTriesAddNoDelay(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	for range 31 { // the address is at its bound, the account beyond its own
		g.wrong("ada", home)
		g.wait(15 * time.Minute)
	}
	g.heard("the user, once the wait is over", g.right("ada", home))
	for range 10 { // as each request by Basic is
		g.heard("the user again", g.right("ada", home))
		g.heard("a neighbour", g.right("bob", home))
	}
	g.wait(time.Hour)
	for range 3 {
		g.heard("after an hour", g.wrong("carol", home))
	}
}

func TestRightTriesDoNotKeepOldWrongOnes(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	for i := range 29 {
		g.wrong(fmt.Sprint("user", i), home)
	}
	for range 3 {
		g.wait(30 * time.Minute)
		g.heard("a neighbour", g.right("bob", home))
	}
	g.wrong("user29", home)
	g.heard("after an hour without a wrong try", g.wrong("user30", home))
}

// Tries from everywhere slow an account down, but not at an address from which
// its user has signed in before.
func TestNoStrangerLocksAUserOut(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	g.heard("the user at home", g.right("ada", home))
	attacks := 0
	for i := range 500 {
		if g.wrong("ada", fmt.Sprintf("203.0.%d.%d", i/250, i%250+1)) == 0 {
			attacks++
		}
		g.wait(time.Second)
	}
	if attacks > 50 {
		t.Errorf("%d of 500 tries from everywhere were heard", attacks)
	}
	g.heard("the user at home, in the middle of it", g.right("ada", home))
	longest := g.wrong("ada", cafe)
	if longest > 30*time.Second {
		t.Errorf("elsewhere the user waits %s", longest)
	}
	g.wait(longest)
	g.heard("the user elsewhere", g.right("ada", cafe))
}

// Of many wrong tries at once no more are decided than one after the other.
func TestTriesAtOnceAreAllCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuesser(t)
		var heard atomic.Int64
		var trying sync.WaitGroup
		for range 50 {
			trying.Go(func() {
				if try, err := g.Begin(from(t, home), "ada"); err == nil {
					heard.Add(1)
					time.Sleep(time.Millisecond) // as long as it takes to decide it
					try.Fail()
				}
			})
		}
		trying.Wait()
		if n := heard.Load(); n != 3 {
			t.Errorf("%d of 50 tries at once were heard, want 3", n)
		}
	})
}

// Right tries in flight are no wrong ones: they wait for their turn.
func TestRightTriesAtOnceWaitTheirTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuesser(t)
		var at, most, right atomic.Int64
		var trying sync.WaitGroup
		for range 80 {
			trying.Go(func() {
				try, err := g.Begin(from(t, home), "ada")
				if err != nil {
					t.Error(err)
					return
				}
				now := at.Add(1)
				for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
				}
				time.Sleep(time.Millisecond)
				at.Add(-1)
				try.Succeed()
				right.Add(1)
			})
		}
		trying.Wait()
		if right.Load() != 80 || most.Load() > 3 {
			t.Errorf("%d of 80 were right, %d of them at once", right.Load(), most.Load())
		}
		if n := g.Remembered(); n != 0 {
			t.Errorf("%d names are remembered for nothing", n)
		}
	})
}

// Who waits for tries that are never decided is sent away, and so is whoever
// comes when many of an address wait; other addresses are heard.
func TestTheTurnIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuesser(t)
		for range 3 {
			if _, wait := g.begin("ada", home); wait != 0 {
				t.Fatal("a free try waits")
			}
		}
		answers := make(chan error, 1000)
		for range 150 {
			go func() { _, err := g.Begin(from(t, home), "ada"); answers <- err }()
		}
		synctest.Wait()
		if n := len(answers); n != 50 {
			t.Errorf("%d of 150 were sent away at once, want 50", n)
		}
		g.heard("another address", g.right("ada", cafe))
		g.heard("another account", g.right("bob", home))
		began := time.Now()
		for range 150 {
			if err := <-answers; !errors.Is(err, errs.Unavailable) {
				t.Fatalf("a try that waits in vain gets %v", err)
			}
		}
		if waited := time.Since(began); waited != 15*time.Second {
			t.Errorf("they waited %s", waited)
		}
		ctx, cancel := context.WithCancel(from(t, home))
		go func() { _, err := g.Begin(ctx, "ada"); answers <- err }()
		synctest.Wait()
		cancel()
		if err := <-answers; !errors.Is(err, context.Canceled) {
			t.Errorf("a try that gives up gets %v", err)
		}
	})
}

func TestATryEndsOnce(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	for range 3 {
		try, _ := g.begin("ada", home)
		try.Fail()
		try.Succeed()
		try.Excuse()
	}
	if g.wrong("ada", home) == 0 {
		t.Error("a wrong try was taken back")
	}
}

func TestAnExcusedTryNeverWas(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	excused := func() {
		t.Helper()
		try, wait := g.begin("ada", home)
		g.heard("an excused try", wait)
		try.Excuse()
	}
	for range 20 {
		excused()
	}
	for range 2 {
		g.wrong("ada", home)
	}
	for range 5 {
		excused()
	}
	g.wrong("ada", home)
	if g.wrong("ada", home) == 0 {
		t.Error("what was excused washed the wrong tries away")
	}
}

func TestManyRightTriesAtOnceWashNothingAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuesser(t)
		for i := range 29 {
			g.wrong(fmt.Sprint("user", i), home)
		}
		g.wait(time.Minute)
		var trying sync.WaitGroup
		for range 50 {
			trying.Go(func() {
				if try, err := g.Begin(from(t, home), "mallory"); err == nil {
					time.Sleep(time.Millisecond)
					try.Succeed()
				}
			})
		}
		trying.Wait()
		g.wrong("user29", home)
		if g.wrong("user30", home) == 0 {
			t.Error("the address was washed clean")
		}
	})
}

func TestDelaysTakeBoundedMemory(t *testing.T) {
	t.Parallel()
	g := newGuesser(t)
	for i := range 40_000 { // of which each leaves three
		g.wrong(fmt.Sprint("user", i), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String())
	}
	if n := g.Remembered(); n > 100_000 {
		t.Errorf("%d names are remembered", n)
	}
}

func TestDelaysOfASlowRuleStayDelays(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0)
	d, err := auth.NewDelays(ratelimit.Rule{Requests: 1, Per: 24 * time.Hour, Burst: 1}, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		try, err := d.Begin(from(t, home), "ada")
		if err != nil {
			t.Fatal(err)
		}
		try.Fail()
		at = at.Add(15*time.Minute - time.Nanosecond)
		if _, err := d.Begin(from(t, home), "ada"); !errors.Is(err, errs.Limited) {
			t.Fatalf("the delay after %d tries is shorter than the longest: %v", i+1, err)
		}
		at = at.Add(time.Nanosecond)
	}
}

func TestNoRuleDelaysNobody(t *testing.T) {
	t.Parallel()
	d, err := auth.NewDelays(ratelimit.Rule{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		try, err := d.Begin(from(t, home), "ada")
		if err != nil {
			t.Fatal(err)
		}
		try.Fail()
		try.Succeed()
	}
}
