package ratelimittest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
)

// model is a limiter written for simplicity, not speed.
type model struct {
	tokens map[string]float64
	at     map[string]time.Time
	used   map[string]int64
}

func (m *model) fill(b ratelimit.Bucket, now time.Time) float64 {
	tokens, known := m.tokens[b.ID]
	if !known {
		return float64(b.Rule.Burst)
	}
	added := now.Sub(m.at[b.ID]).Seconds() * float64(b.Rule.Requests) / b.Rule.Per.Seconds()
	return min(float64(b.Rule.Burst), tokens+added)
}

// refuses names the part that refuses; it charges all parts or none. near says that
// floating point may decide either way.
func (m *model) refuses(r ratelimit.Request, now time.Time) (part ratelimit.Part, near bool) {
	cost := float64(r.Cost)
	key, account := m.fill(r.Key, now), m.fill(r.Account, now)
	label, _ := r.Quota.Quota.Window(now)
	left := r.Quota.Quota.Requests - m.used[label]
	near = math.Abs(key-cost) < 1e-3 || math.Abs(account-cost) < 1e-3
	switch {
	case key < cost:
		return ratelimit.PartKey, near
	case account < cost:
		return ratelimit.PartAccount, near
	case left < r.Cost:
		return ratelimit.PartQuota, near
	}
	if !r.DryRun {
		m.tokens[r.Key.ID], m.at[r.Key.ID] = key-cost, now
		m.tokens[r.Account.ID], m.at[r.Account.ID] = account-cost, now
		m.used[label] += r.Cost
	}
	return ratelimit.PartNone, near
}

// TestModel compares limiters that share counters between nodes with a model of one
// node, on random traces.
func TestModel(t *testing.T, fresh func(*testing.T, *Clock) ratelimit.Limiter) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // G404: the same traces each time
	for round := range 50 {
		c := NewClock()
		l := fresh(t, c)
		m := &model{tokens: map[string]float64{}, at: map[string]time.Time{}, used: map[string]int64{}}
		trace := NewTrace(random)
		for step := range 300 {
			c.Advance(trace.Pause())
			r := trace.Request()
			want, near := m.refuses(r, c.Now())
			d := Take(t, l, r)
			if d.Refused != want && near {
				break // a tie that only rounding decides: the two diverge from here
			}
			if d.Refused != want || d.Allowed != (want == ratelimit.PartNone) {
				t.Fatalf("round %d, step %d: refused by %q, the model says %q: %+v", round, step, d.Refused, want, d)
			}
			label, _ := r.Quota.Quota.Window(c.Now())
			if left := r.Quota.Quota.Requests - m.used[label]; d.Quota.Remaining != left {
				t.Fatalf("round %d, step %d: %d of the quota remain, the model says %d", round, step, d.Quota.Remaining, left)
			}
		}
	}
}

// Trace generates random requests of one account.
type Trace struct {
	random  *rand.Rand
	account ratelimit.Bucket
	keys    []ratelimit.Bucket
	quota   ratelimit.Quota
}

// NewTrace returns a Trace with rules of its own.
func NewTrace(random *rand.Rand) *Trace {
	t := &Trace{random: random, quota: ratelimit.Quota{Requests: 20 + random.Int64N(200), Per: ratelimit.Day}}
	t.account = ratelimit.Bucket{ID: "a", Rule: t.rule(40)}
	t.account.Rule.Burst++ // each key can be charged once
	t.keys = []ratelimit.Bucket{{ID: "k1", Rule: t.rule(20)}, {ID: "k2", Rule: t.rule(20)}}
	return t
}

func (t *Trace) rule(burst int64) ratelimit.Rule {
	return Rule(1+t.random.Int64N(20), time.Duration(1+t.random.Int64N(60))*time.Second, 1+t.random.Int64N(burst))
}

// Pause returns a random time without requests. It is whole microseconds, the finest
// resolution that all limiters share.
func (t *Trace) Pause() time.Duration {
	d := time.Duration(t.random.Int64N(int64(20*time.Second))) + time.Duration(t.random.Int64N(200)/199)*7*time.Hour
	return d.Truncate(time.Microsecond)
}

// Request returns the next request.
func (t *Trace) Request() ratelimit.Request {
	return ratelimit.Request{
		Group: "a", Key: t.keys[t.random.IntN(2)], Account: t.account, Quota: ratelimit.QuotaCharge{ID: "a", Quota: t.quota},
		Cost: 1 + t.random.Int64N(6), DryRun: t.random.IntN(4) == 0,
	}
}

// ChangeRules gives one of the buckets or the quota another rule. It returns requests
// that charge nothing and tell a limiter of the change. Without them the old rule may
// fill a bucket until its next use.
func (t *Trace) ChangeRules() (tell []ratelimit.Request) {
	switch t.random.IntN(4) {
	case 0:
		t.account.Rule = t.rule(40)
	case 1:
		t.quota.Requests = 20 + t.random.Int64N(200)
	default:
		t.keys[t.random.IntN(2)].Rule = t.rule(20)
	}
	return t.EachKey(0)
}

// EachKey returns a request of the cost for every key.
func (t *Trace) EachKey(cost int64) (all []ratelimit.Request) {
	for _, key := range t.keys {
		all = append(all, ratelimit.Request{
			Group: "a", Key: key, Account: t.account, Quota: ratelimit.QuotaCharge{ID: "a", Quota: t.quota}, Cost: cost,
		})
	}
	return all
}
