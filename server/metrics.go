package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// reading holds the state of the parts at one scrape.
type reading struct {
	now       time.Time
	started   time.Time
	verifier  verify.Stats
	usage     usage.RecorderStats
	passwords auth.PasswordStats
	redis     ratelimit.FailoverState
	signing   error
	standing  time.Duration
	jumps     int64
}

// measure is one metric without labels of its own.
type measure struct {
	name, help string
	kind       prometheus.ValueType
	value      func(*reading) float64
}

const (
	counts = prometheus.CounterValue
	shows  = prometheus.GaugeValue
)

func measures() []measure {
	return []measure{
		{"latchkey_cache_entries", "Grants and unknown keys in memory.", shows, func(r *reading) float64 { return float64(r.verifier.Cached) }},
		{
			"latchkey_marks_bumped_total", "Marks bumped: what was cached of an object was dropped because the object changed.", counts,
			func(r *reading) float64 { return float64(r.verifier.Bumped) },
		},
		{"latchkey_changes_age_seconds", "How long ago this node last learnt what other nodes changed.", shows, func(r *reading) float64 {
			return r.since(r.verifier.LastPoll)
		}},
		{"latchkey_store_up", "Whether the latest poll of the store for changes succeeded.", shows, func(r *reading) float64 {
			return truthOf(r.verifier.PollErr == nil)
		}},
		{"latchkey_password_hashing_running", "Passwords being hashed or compared with argon2id.", shows, func(r *reading) float64 {
			return float64(r.passwords.Running)
		}},
		{"latchkey_password_hashing_places", "Most passwords that are hashed at once.", shows, func(r *reading) float64 {
			return float64(r.passwords.Places)
		}},
		{"latchkey_password_hashing_waiting", "Requests that wait to have a password hashed.", shows, func(r *reading) float64 {
			return float64(r.passwords.Waiting)
		}},
		{
			"latchkey_password_hashing_refused_total", "Requests sent away after waiting to have a password hashed.", counts,
			func(r *reading) float64 {
				return float64(r.passwords.Refused)
			},
		},
		{"latchkey_signing_possible", "Whether there is a key to sign tokens with.", shows, func(r *reading) float64 {
			return truthOf(r.signing == nil)
		}},
		{"latchkey_background_stalled_seconds", "For how long the work in the background that does worst has come to nothing: incidents, " +
			"transfers, clean-up.", shows, func(r *reading) float64 {
			return r.standing.Seconds()
		}},
		{
			"latchkey_clock_jumps_total", "How often the clock of this machine was set by more than two seconds while the process ran.", counts,
			func(r *reading) float64 { return float64(r.jumps) },
		},
		{"latchkey_usage_rows_waiting", "Rows of usage that wait to be saved.", shows, func(r *reading) float64 { return float64(r.usage.Rows) }},
		{"latchkey_usage_saved_age_seconds", "How long ago usage was last saved.", shows, func(r *reading) float64 {
			return r.since(r.usage.Saved)
		}},
		{
			"latchkey_usage_save_failures_total", "Rounds of usage that could not be saved, and were tried again.", counts,
			func(r *reading) float64 {
				return float64(r.usage.Failures)
			},
		},
		{
			"latchkey_usage_folded_total", "Verifications counted for their organization only, since too many keys waited.", counts,
			func(r *reading) float64 {
				return float64(r.usage.Folded)
			},
		},
	}
}

// redisMeasures are the metrics that exist only with Redis.
func redisMeasures() []measure {
	return []measure{
		{"latchkey_redis_up", "Whether limits are decided in Redis; else LATCHKEY_LIMIT_FALLBACK holds.", shows, func(r *reading) float64 {
			return truthOf(r.redis.Shared)
		}},
		{"latchkey_redis_changes_total", "How often Redis went away or came back.", counts, func(r *reading) float64 {
			return float64(r.redis.Changes)
		}},
		{"latchkey_limiter_fallbacks_total", "Requests whose limits were decided without Redis.", counts, func(r *reading) float64 {
			return float64(r.redis.Fallbacks)
		}},
	}
}

// since returns the age of t, or of the process if t is zero.
func (r *reading) since(t time.Time) float64 {
	if t.IsZero() {
		t = r.started
	}
	return max(0, r.now.Sub(t)).Seconds()
}

func truthOf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// collector reads the parts only when scraped, so that metrics cost them little.
type collector struct {
	app      *app
	measures []measure
	descs    []*prometheus.Desc
	verified *prometheus.Desc
	lookups  *prometheus.Desc
	mode     *prometheus.Desc
}

func newCollector(a *app) *collector {
	c := &collector{
		app: a, measures: measures(),
		verified: prometheus.NewDesc("latchkey_verifications_total", "Verifications that were decided, by code.", []string{"code"}, nil),
		lookups: prometheus.NewDesc("latchkey_cache_lookups_total", "Look-ups of keys in memory: hit, negative_hit (known not to exist) or miss.",
			[]string{"result"}, nil),
		mode: prometheus.NewDesc("latchkey_limiter_mode", "How limits are decided: local, exact or leased; always 1.", []string{"mode"}, nil),
	}
	if a.limiter.failover != nil {
		c.measures = append(c.measures, redisMeasures()...)
	}
	for _, m := range c.measures {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, nil, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range append(c.descs, c.verified, c.lookups, c.mode) {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	r := c.read()
	for i, m := range c.measures {
		to <- prometheus.MustNewConstMetric(c.descs[i], m.kind, m.value(&r))
	}
	for o, n := range r.usage.Totals {
		if code := verify.CodeOf(usage.Outcome(o)); code != "" {
			to <- prometheus.MustNewConstMetric(c.verified, counts, float64(n), string(code))
		}
	}
	for result, n := range map[string]uint64{
		"hit": r.verifier.Hits - r.verifier.NegativeHits, "negative_hit": r.verifier.NegativeHits, "miss": r.verifier.Misses,
	} {
		to <- prometheus.MustNewConstMetric(c.lookups, counts, float64(n), result)
	}
	to <- prometheus.MustNewConstMetric(c.mode, shows, 1, c.app.limiter.mode())
}

func (c *collector) read() reading {
	r := reading{
		now: time.Now(), started: c.app.started,
		verifier: c.app.Verifier.Stats(), usage: c.app.Recorder.Stats(), passwords: c.app.passwords.Stats(), signing: c.app.Ring.CanSign(),
	}
	r.jumps = c.app.clock.jumps.Load()
	_, r.standing = c.app.standing.longest(r.now)
	if c.app.limiter.failover != nil {
		r.redis = c.app.limiter.failover.State()
	}
	return r
}
