package auth

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// How the delays grow. One address waits up to longestDelay for one account.
// An account that is tried from many addresses waits up to accountDelay, which
// slows a crowd of guessers to a walk. It does not hold where the user has
// signed in from before, so that no crowd keeps him out for good.
const (
	longestDelay   = 15 * time.Minute
	accountDelay   = 30 * time.Second
	addressFactor  = 10 // how many times the tries one address has for all accounts
	accountFactor  = 5  // how many times the tries one account has from all addresses
	delaysKept     = 100_000
	delayForgotten = time.Hour
	timesKept      = 8
)

// Delays makes whoever guesses passwords wait: after some wrong tries each
// further one doubles the time until the next.
type Delays struct {
	rule ratelimit.Rule
	now  func() time.Time
	mu   sync.Mutex
	seen *lru.Cache[string, tries]
	// known holds the accounts with the addresses that they were signed in to
	// from. Only who has an account can add to it.
	known *lru.Cache[string, struct{}]
}

// tries is what is known of one address, account or both.
type tries struct {
	failed int64       // wrong or not decided yet
	times  []time.Time // of the latest of them, at most timesKept, ascending
}

// last is when the latest of the tries was.
func (t *tries) last() time.Time { return t.times[len(t.times)-1] }

func (t *tries) add(now time.Time) {
	if len(t.times) == timesKept {
		t.times = t.times[1:]
	}
	t.failed, t.times = t.failed+1, append(t.times, now)
}

// takeBack takes the latest try back, so that it delays nothing and keeps
// nothing from being forgotten. The last time of wrong tries stays.
func (t *tries) takeBack() {
	t.failed--
	if len(t.times) > 1 {
		t.times = t.times[:len(t.times)-1]
	}
}

// NewDelays returns Delays: the burst of the rule is how many wrong tries are
// free, its rate how long the first delay is. The zero rule delays nobody.
func NewDelays(rule ratelimit.Rule, now func() time.Time) (*Delays, error) {
	seen, err := lru.New[string, tries](delaysKept)
	if err != nil {
		return nil, err
	}
	known, err := lru.New[string, struct{}](delaysKept)
	if err != nil {
		return nil, err
	}
	return &Delays{rule: rule, now: now, seen: seen, known: known}, nil
}

// trySource is one of the names that a try is counted under.
type trySource struct {
	name    string
	free    int64
	longest time.Duration
}

// sources returns what a try is counted under: the account and address
// together, the address, and last the account.
func (d *Delays) sources(ctx context.Context, login string) [3]trySource {
	address, account := proxies.Neighbourhood(proxies.ClientOf(ctx).Address), keys.Fold(strings.TrimSpace(login))
	return [3]trySource{
		{sourceName(account + " " + address), d.rule.Burst, longestDelay},
		{sourceName(" " + address), d.rule.Burst * addressFactor, longestDelay},
		{sourceName(account), d.rule.Burst * accountFactor, accountDelay},
	}
}

// sourceName is a name of bounded length: what strangers type as their login
// may be as long as a request.
func sourceName(text string) string {
	sum := sha256.Sum256([]byte(text))
	return string(sum[:])
}

// Begin counts a try before it is decided, so that many at once are no more
// than one after the other. It fails with errs.Limited where it is too early.
func (d *Delays) Begin(ctx context.Context, login string) error {
	if d.rule.IsZero() {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	sources := d.sources(ctx, login)
	asked := sources[:]
	if _, known := d.known.Get(sources[0].name); known {
		asked = sources[:2]
	}
	for _, s := range asked {
		if t, ok := d.seen.Get(s.name); ok && now.Before(d.next(&t, s)) {
			e := errs.New(errs.Limited, "too many failed tries to sign in; wait before the next")
			e.RetryAfter = d.next(&t, s).Sub(now)
			return e
		}
	}
	for _, s := range sources {
		t, ok := d.seen.Get(s.name)
		if ok && now.Sub(t.last()) > delayForgotten {
			t = tries{}
		}
		t.add(now)
		d.seen.Add(s.name, t)
	}
	return nil
}

// next is when the next try is heard.
func (d *Delays) next(t *tries, s trySource) time.Time {
	return t.last().Add(d.delay(t.failed-s.free, s.longest))
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

// Excuse takes the try back: it was neither right nor wrong.
func (d *Delays) Excuse(ctx context.Context, login string) { d.takeBack(ctx, login, false) }

// Succeed takes the try back, and forgets what the address did wrong with this
// account. What it did with others stays: who has an account of his own cannot
// wash himself clean by signing in to it.
func (d *Delays) Succeed(ctx context.Context, login string) { d.takeBack(ctx, login, true) }

func (d *Delays) takeBack(ctx context.Context, login string, right bool) {
	if d.rule.IsZero() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	sources := d.sources(ctx, login)
	if right {
		d.known.Add(sources[0].name, struct{}{})
		d.seen.Remove(sources[0].name)
	}
	for _, s := range sources {
		t, ok := d.seen.Get(s.name)
		switch {
		case !ok:
		case t.failed <= 1:
			d.seen.Remove(s.name)
		default:
			t.takeBack()
			d.seen.Add(s.name, t)
		}
	}
}
