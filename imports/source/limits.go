package source

import (
	"math"
	"strconv"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// wholeDay and the months are the lengths of periods that quotas have.
const (
	wholeDay   = 24 * time.Hour
	shortMonth = 28 * wholeDay
	longMonth  = 31 * wholeDay
)

func (r *Row) note(code string, args ...any) { r.Notes = append(r.Notes, errs.Say(code, args...)) }

// limit adds a limit of n requests in every per. Of several, the one that allows the
// fewest requests in the long run stays, and the others are noted. burst is n if it is 0. A
// key that may make no requests at all is disabled.
func (r *Row) limit(n float64, per time.Duration, burst int64) {
	if n == 0 {
		r.unusable()
		return
	}
	rule, ok := rule(n, per, burst)
	if !ok {
		r.note("import_limit_left", "requests", strconv.FormatFloat(n, 'f', -1, 64), "per", per.String())
		return
	}
	if r.RateLimit == nil {
		r.RateLimit = &rule
		return
	}
	left := rule
	if r.RateLimit.Faster(rule) {
		left, *r.RateLimit = *r.RateLimit, rule
	}
	r.note("import_limit_left", "requests", left.Requests, "per", left.Per.String())
}

// rule returns the rule that is as fast as n requests in every per. n may be a fraction:
// half a request per second is one in two.
func rule(n float64, per time.Duration, burst int64) (ratelimit.Rule, bool) {
	if n <= 0 || per <= 0 || n > ratelimit.MostRequests {
		return ratelimit.Rule{}, false
	}
	if burst <= 0 {
		burst = int64(math.Ceil(n))
	}
	for _, longer := range []time.Duration{1, 60, 3600} {
		if whole := n * float64(longer); whole == math.Trunc(whole) || longer == 3600 {
			n, per = math.Trunc(whole), per*longer
			break
		}
	}
	made := ratelimit.Rule{Requests: int64(n), Per: per, Burst: burst}
	return made, len(made.Faults()) == 0
}

// allowance adds a quota of n requests in every per. Of two, the one that allows fewer in
// a month stays. A period that is no calendar day or month is noted.
func (r *Row) allowance(n int64, per time.Duration) {
	if n == 0 {
		r.unusable()
		return
	}
	q := ratelimit.Quota{Requests: n}
	switch {
	case per == wholeDay:
		q.Per = ratelimit.Day
	case per >= shortMonth && per <= longMonth:
		q.Per = ratelimit.Month
	}
	if len(q.Faults()) > 0 {
		r.note("import_quota_left", "requests", n, "per", per.String())
		return
	}
	if r.Quota == nil {
		r.Quota = &q
		return
	}
	left := q
	if monthly(*r.Quota) > monthly(q) {
		left, *r.Quota = *r.Quota, q
	}
	r.note("import_quota_left", "requests", left.Requests, "per", string(left.Per))
}

// credits notes that so many requests are left for ever. Keys here have no such limit, but
// one that is used up stays so.
func (r *Row) credits(left int64) {
	if left <= 0 {
		r.unusable()
		return
	}
	r.note("import_credits_without_refill", "remaining", left)
}

// unusable disables a key that the source accepts for no request, although it is not
// disabled there.
func (r *Row) unusable() {
	r.Disabled = true
	r.note("import_used_up")
}

func monthly(q ratelimit.Quota) float64 {
	if q.Per == ratelimit.Day {
		return 30 * float64(q.Requests)
	}
	return float64(q.Requests)
}

// milliseconds returns the duration, or 0 if it is longer than any limit.
func milliseconds(n int64) time.Duration {
	if n <= 0 || n > int64(math.MaxInt64/time.Millisecond) {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// seconds returns the duration, or 0 if it is longer than any limit.
func seconds(n float64) time.Duration {
	if n <= 0 || n > float64(math.MaxInt64/time.Second) {
		return 0
	}
	return time.Duration(n * float64(time.Second))
}
