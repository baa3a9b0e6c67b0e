package auth

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// How the delays grow. One address waits up to longestDelay for one account. An
// account that is tried from many addresses waits up to accountDelay, which slows
// distributed guessing. That delay does not apply to addresses from which the
// user has signed in before, so attackers cannot lock the user out.
const (
	longestDelay   = 15 * time.Minute
	accountDelay   = 30 * time.Second
	addressFactor  = 10 // free tries of one address for all accounts, as a multiple
	accountFactor  = 5  // free tries for one account from all addresses, as a multiple
	delaysKept     = 100_000
	delayForgotten = time.Hour
	waitingTries   = 100  // of one address, while its other tries are being decided
	allWaiting     = 2000 // of all addresses
	turnWait       = 15 * time.Second
)

// Delays slows down password guessing: after some wrong tries, each further one
// doubles the time until the next. A try does not count as wrong while it is
// being decided, but no more tries are decided at once than may be wrong in a
// row; the others wait.
type Delays struct {
	rule    ratelimit.Rule
	now     func() time.Time
	mu      sync.Mutex
	seen    *lru.Cache[string, tries]
	waiting int
	decided chan struct{} // closed and replaced whenever a try is decided
	// known holds accounts with the addresses from which they have signed in.
	// Only someone with an account can add to it.
	known *lru.Cache[string, struct{}]
}

// tries is the state of one address, account or pair of both.
type tries struct {
	failed  int64
	last    time.Time // of those that failed
	flying  int64     // admitted but not decided
	waiting int       // for admission
}

// NewDelays returns Delays. The rule's burst is the number of free wrong tries,
// and its rate gives the first delay. The zero rule delays nobody.
func NewDelays(rule ratelimit.Rule, now func() time.Time) (*Delays, error) {
	seen, err := lru.New[string, tries](delaysKept)
	if err != nil {
		return nil, err
	}
	known, err := lru.New[string, struct{}](delaysKept)
	if err != nil {
		return nil, err
	}
	return &Delays{rule: rule, now: now, seen: seen, known: known, decided: make(chan struct{})}, nil
}

// trySource is one of the names under which a try is counted.
type trySource struct {
	name    string
	free    int64
	longest time.Duration
}

// sources returns the names for a try: account and address together, the address,
// and last the account.
func (d *Delays) sources(ctx context.Context, login string) [3]trySource {
	address, account := proxies.Neighbourhood(proxies.ClientOf(ctx).Address), keys.Fold(strings.TrimSpace(login))
	return [3]trySource{
		{sourceName(account + " " + address), d.rule.Burst, longestDelay},
		{sourceName(" " + address), d.rule.Burst * addressFactor, longestDelay},
		{sourceName(account), d.rule.Burst * accountFactor, accountDelay},
	}
}

// sourceName returns a name of bounded length: a login that a stranger types may
// be as long as a request.
func sourceName(text string) string {
	sum := sha256.Sum256([]byte(text))
	return string(sum[:])
}

// Try is an admitted try. One of its methods ends it; later calls have no effect.
type Try struct {
	delays  *Delays
	sources [3]trySource
	over    bool
}

// Begin admits a try to sign in to the account, waiting for its turn if needed.
// It fails with errs.Limited if it comes too soon after wrong tries, and with
// errs.Unavailable if too many wait.
func (d *Delays) Begin(ctx context.Context, account string) (*Try, error) {
	t := &Try{delays: d, over: d.rule.IsZero()}
	if t.over {
		return t, nil
	}
	t.sources = d.sources(ctx, account)
	timer := time.NewTimer(turnWait)
	defer timer.Stop()
	for {
		turn, err := d.hear(t)
		if turn == nil || err != nil {
			return t, err
		}
		select {
		case <-turn:
			d.leave(t)
		case <-ctx.Done():
			d.leave(t)
			return t, ctx.Err()
		case <-timer.C:
			d.leave(t)
			return t, errCrowded()
		}
	}
}

func errCrowded() error {
	e := errs.New(errs.Unavailable, "sign_ins_busy")
	e.RetryAfter = turnWait
	return e
}

// hear admits the try, or returns a channel that is closed when it can ask again.
func (d *Delays) hear(t *Try) (turn <-chan struct{}, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, wait := d.now(), false
	asked := t.sources[:]
	if _, known := d.known.Get(t.sources[0].name); known {
		asked = asked[:2]
	}
	for _, s := range asked {
		found := d.of(s, now)
		if next := d.next(&found, s); now.Before(next) {
			e := errs.New(errs.Limited, "too_many_sign_ins")
			e.RetryAfter = next.Sub(now)
			return nil, e
		}
		wait = wait || (found.flying > 0 && found.failed+found.flying >= s.free)
	}
	if !wait {
		d.each(t, now, func(x *tries) { x.flying++ })
		return nil, nil
	}
	address := d.of(t.sources[1], now)
	if d.waiting >= allWaiting || address.waiting >= waitingTries {
		return nil, errCrowded()
	}
	address.waiting++
	d.seen.Add(t.sources[1].name, address)
	d.waiting++
	return d.decided, nil
}

// leave removes the try from those that wait.
func (d *Delays) leave(t *Try) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
	x := d.of(t.sources[1], d.now())
	x.waiting = max(0, x.waiting-1)
	d.keep(t.sources[1], &x)
}

// of returns the state of the source, without wrong tries that are too old.
func (d *Delays) of(s trySource, now time.Time) tries {
	x, _ := d.seen.Get(s.name)
	if now.Sub(x.last) > delayForgotten {
		x.failed, x.last = 0, time.Time{}
	}
	return x
}

// keep stores the state of the source, or removes it if it is empty.
func (d *Delays) keep(s trySource, x *tries) {
	if *x == (tries{}) {
		d.seen.Remove(s.name)
		return
	}
	d.seen.Add(s.name, *x)
}

func (d *Delays) each(t *Try, now time.Time, change func(*tries)) {
	for _, s := range t.sources {
		x := d.of(s, now)
		change(&x)
		d.keep(s, &x)
	}
}

// next returns when the next try is admitted.
func (d *Delays) next(t *tries, s trySource) time.Time {
	return t.last.Add(d.delay(t.failed-s.free, s.longest))
}

func (d *Delays) delay(beyond int64, longest time.Duration) time.Duration {
	if beyond < 0 {
		return 0
	}
	first := d.rule.Per / time.Duration(d.rule.Requests)
	if beyond > 40 || first > longest>>beyond { // before first<<beyond can overflow
		return longest
	}
	return first << beyond
}

// Fail ends a try that was wrong.
func (t *Try) Fail() {
	t.end(func(now time.Time) {
		t.delays.each(t, now, func(x *tries) { x.failed, x.last = x.failed+1, now })
	})
}

// Excuse ends a try that was neither right nor wrong.
func (t *Try) Excuse() { t.end(func(time.Time) {}) }

// Succeed ends a try that was right, and forgets the address's wrong tries for
// this account. Those for other accounts stay, so attackers cannot clear their
// address by signing in to an account of their own.
func (t *Try) Succeed() {
	t.end(func(now time.Time) {
		d, both := t.delays, t.sources[0]
		d.known.Add(both.name, struct{}{})
		x := d.of(both, now)
		x.failed, x.last = 0, time.Time{}
		d.keep(both, &x)
	})
}

// end wakes the tries that wait for this one.
func (t *Try) end(outcome func(now time.Time)) {
	if t.over {
		return
	}
	t.over = true
	d := t.delays
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	d.each(t, now, func(x *tries) { x.flying = max(0, x.flying-1) })
	outcome(now)
	close(d.decided)
	d.decided = make(chan struct{})
}
