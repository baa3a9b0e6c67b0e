// Package redislimit keeps the counters of rate limits and quotas in Redis or Valkey,
// shared by all nodes: on one server, behind Sentinel, or in a cluster. Each decision
// is one script, and so one round trip, which charges all parts of a request or none.
// ratelimit.Failover decides what happens without Redis.
package redislimit

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/ratelimit"
)

// Config is what a Limiter needs.
type Config struct {
	URL     string        // see CheckURL
	Timeout time.Duration // bounds each step of a call; calls have deadlines of their own
	Prefix  string        // prefix of names in Redis, "latchkey:" if empty

	// Used returns the use of a quota before its counter was in Redis. Its error wraps
	// ratelimit.ErrQuotaUnknown. If nil, there was no use.
	Used func(ctx context.Context, id, window string) (int64, error)

	// Now is the clock of the nodes, which determines the windows of quotas. time.Now
	// if nil.
	Now func() time.Time

	// OwnTime fills buckets by Now instead of the time of the Redis server, which is the
	// same for all nodes. Only for tests that set the time.
	OwnTime bool

	// Watch, if not nil, is called for every command.
	Watch calls.Watch
}

// Limiter is a ratelimit.Limiter whose counters are in Redis. A ratelimit.Leased takes
// its shares from it.
type Limiter struct {
	client  redis.UniversalClient
	prefix  string
	used    func(ctx context.Context, id, window string) (int64, error)
	now     func() time.Time
	ownTime bool

	take, lease, reserve, settle *redis.Script
}

//go:embed bucket.lua
var bucketScript string

//go:embed take.lua
var takeScript string

//go:embed lease.lua
var leaseScript string

//go:embed reserve.lua
var reserveScript string

//go:embed settle.lua
var settleScript string

// silence keeps the client library from writing to standard error. Every problem that
// it would report there is also returned as an error.
var silence = sync.OnceFunc(func() { redis.SetLogger(nowhere{}) })

type nowhere struct{}

func (nowhere) Printf(context.Context, string, ...any) {}

// New returns a Limiter. It connects at its first use, so an unavailable Redis is no
// error here. Close ends it.
func New(c Config) (*Limiter, error) {
	if c.Timeout <= 0 {
		return nil, errors.New("redislimit: Timeout is required")
	}
	silence()
	client, err := Open(c.URL, c.Timeout)
	if err != nil {
		return nil, err
	}
	if c.Watch != nil {
		client.AddHook(hook{c.Watch})
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Prefix == "" {
		c.Prefix = "latchkey:"
	}
	if c.Used == nil {
		c.Used = func(context.Context, string, string) (int64, error) { return 0, nil }
	}
	return &Limiter{
		client: client, prefix: c.Prefix, used: c.Used, now: c.Now, ownTime: c.OwnTime,
		take: redis.NewScript(bucketScript + takeScript), lease: redis.NewScript(bucketScript + leaseScript),
		reserve: redis.NewScript(bucketScript + reserveScript), settle: redis.NewScript(bucketScript + settleScript),
	}, nil
}

// Close closes the connections.
func (l *Limiter) Close() error { return l.client.Close() }

// Probe reports whether a decision could be made and charged now.
func (l *Limiter) Probe(ctx context.Context) error {
	_, err := l.Take(ctx, ratelimit.Request{
		Key:  ratelimit.Bucket{ID: "probe", Rule: ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}},
		Cost: 1,
	})
	return err
}

// Take decides the request in one round trip, or two at the first use of a quota in a
// window.
func (l *Limiter) Take(ctx context.Context, r ratelimit.Request) (ratelimit.Decision, error) {
	now := l.now()
	call := l.call(&r, now)
	reply, err := l.run(ctx, l.take, call.keys[:], call.args[:])
	if errors.Is(err, errUnknown) {
		if call.args[argUsed], err = l.used(ctx, r.Quota.ID, call.window); err == nil {
			reply, err = l.run(ctx, l.take, call.keys[:], call.args[:])
		}
	}
	if err != nil {
		return ratelimit.Decision{}, fmt.Errorf("take from Redis: %w", err)
	}
	if len(reply) != 5 {
		return ratelimit.Decision{}, fmt.Errorf("take from Redis: %d values came back", len(reply))
	}
	d := r.Decide(ratelimit.Levels{Key: reply[1], Account: reply[2], Used: int64(reply[3])}, now)
	d.Quota.Began, d.Cluster = int64(reply[4]), true
	return d, nil
}

// call is the input of the take script.
type call struct {
	keys   [3]string
	args   [12]any
	window string
}

// argUsed is the argument with the use before the counter.
const argUsed = 11

func (l *Limiter) call(r *ratelimit.Request, now time.Time) call {
	group := r.Counters()
	c := call{keys: [3]string{l.bucketName(group, "key", r.Key.ID), l.bucketName(group, "account", r.Account.ID)}}
	c.keys[2] = c.keys[1] // not read without a quota
	c.args = [12]any{
		l.time(now), r.Cost, r.DryRun,
		r.Key.Rule.Requests, int64(r.Key.Rule.Per), r.Key.Rule.Burst,
		r.Account.Rule.Requests, int64(r.Account.Rule.Per), r.Account.Rule.Burst,
		r.Quota.Quota.Requests, 0, -1,
	}
	if !r.Quota.Quota.IsZero() {
		var end time.Time
		c.window, end = r.Quota.Quota.Window(now)
		c.keys[2] = l.quotaName(r.Quota.ID, c.window)
		c.args[argUsed-1] = life(now, end)
	}
	return c
}

func (l *Limiter) bucketName(group, kind, id string) string {
	return l.prefix + "{" + group + "}" + kind + ":" + id
}

func (l *Limiter) quotaName(id, window string) string {
	return l.prefix + "{" + id + "}quota:" + window
}

// life returns how long a counter is kept, in milliseconds: somewhat longer than its
// window, because the nodes' clocks differ.
func life(now, end time.Time) int64 { return (end.Sub(now) + time.Hour).Milliseconds() }

// time returns the time that the scripts use as now: 0 means the server's time.
func (l *Limiter) time(now time.Time) int64 {
	if l.ownTime {
		return now.UnixMicro()
	}
	return 0
}

// errUnknown means that a quota has no counter yet.
var errUnknown = errors.New("the quota has no counter yet")

// run runs the script by its hash, and sends it if the server does not know it. All
// numbers come back as text, the only form that keeps a double.
func (l *Limiter) run(ctx context.Context, s *redis.Script, keys []string, args []any) ([]float64, error) {
	texts, err := s.Run(ctx, l.client, keys, args...).StringSlice()
	if redis.HasErrorPrefix(err, "Protocol error: unauthenticated") { // it refuses long commands before it reads them
		return nil, fmt.Errorf("it asks for a password: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if len(texts) == 1 && texts[0] == "unknown" {
		return nil, errUnknown
	}
	numbers := make([]float64, len(texts))
	for i, t := range texts {
		if numbers[i], err = strconv.ParseFloat(t, 64); err != nil {
			return nil, fmt.Errorf("an answer of Redis: %w", err)
		}
	}
	return numbers, nil
}

// Settle reports to Redis what this node allowed without it. A missing counter is not
// an error: Config.Used says what a new one starts with.
func (l *Limiter) Settle(ctx context.Context, s ratelimit.Settlement) error {
	err := l.settle.Run(ctx, l.client, []string{l.quotaName(s.ID, s.Window)}, s.Add, s.Began, s.Used, s.Known, s.Before).Err()
	if err != nil {
		return fmt.Errorf("settle a quota in Redis: %w", err)
	}
	return nil
}
