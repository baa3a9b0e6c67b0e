package ratelimit

import (
	"math"
	"time"
)

// Levels is what the parts of a request hold before it is charged.
type Levels struct {
	Key     float64 // tokens
	Account float64 // tokens
	Used    int64   // of the quota, in the window
}

// Decide decides the request by what its parts hold, and returns what they hold
// afterwards. It charges nothing: that is up to the owner of the counters, in this
// process or elsewhere.
func (r *Request) Decide(l Levels, now time.Time) Decision {
	var ends time.Time
	if !r.Quota.Quota.IsZero() {
		ends = windowOf(r.Quota.Quota.Per, now).end()
	}
	return r.decide(l, now, ends)
}

// decide is Decide with a known end of the quota's window.
func (r *Request) decide(l Levels, now, ends time.Time) Decision {
	d := Decision{Allowed: true, HasKey: !r.Key.Rule.IsZero(), HasAccount: !r.Account.Rule.IsZero(), HasQuota: !r.Quota.Quota.IsZero()}
	cost := float64(r.Cost)
	switch {
	case r.Cost <= 0:
	case d.HasKey && l.Key < cost:
		d.refuseBucket(PartKey, r.Key.Rule, l.Key, r.Cost)
	case d.HasAccount && l.Account < cost:
		d.refuseBucket(PartAccount, r.Account.Rule, l.Account, r.Cost)
	case d.HasQuota && r.Cost > r.Quota.Quota.Requests-l.Used:
		d.Allowed, d.Refused, d.Never = false, PartQuota, r.Cost > r.Quota.Quota.Requests
	}
	if d.Allowed && !r.DryRun && r.Cost > 0 {
		l.Key, l.Account, l.Used = l.Key-cost, l.Account-cost, l.Used+r.Cost
	}
	if d.HasKey {
		d.Key = r.Key.Rule.state(l.Key)
	}
	if d.HasAccount {
		d.Account = r.Account.Rule.state(l.Account)
	}
	if d.HasQuota {
		d.Quota = QuotaState{Limit: r.Quota.Quota.Requests, Remaining: max(0, r.Quota.Quota.Requests-l.Used), ResetsAt: ends}
		if d.Refused == PartQuota && !d.Never {
			d.RetryAfter = ends.Sub(now)
		}
	}
	return d
}

func (d *Decision) refuseBucket(part Part, r Rule, tokens float64, cost int64) {
	d.Allowed, d.Refused, d.Never = false, part, cost > r.Burst
	if !d.Never {
		d.RetryAfter = r.wait(float64(cost) - tokens)
	}
}

// state returns the state of a bucket of the rule that holds that many tokens.
func (r Rule) state(tokens float64) BucketState {
	return BucketState{
		Limit:      r.Burst,
		Remaining:  int64(math.Floor(max(0, tokens))),
		ResetAfter: r.wait(float64(r.Burst) - tokens),
	}
}

// wait returns how long it takes to add the tokens.
func (r Rule) wait(tokens float64) time.Duration {
	if tokens <= 0 {
		return 0
	}
	nanoseconds := tokens * float64(r.Per) / float64(r.Requests)
	if nanoseconds >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Ceil(nanoseconds))
}

// Counters names the group that the request's counters belong to, which in a cluster
// is on one machine. A quota's counter is grouped with all counters of its account.
func (r *Request) Counters() string {
	switch {
	case !r.Quota.Quota.IsZero():
		return r.Quota.ID
	case r.Group != "":
		return r.Group
	default:
		return r.Key.ID
	}
}
