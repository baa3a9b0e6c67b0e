// Package ratelimit decides whether a request is within its limits: token buckets for a
// key and its account, and a calendar quota, charged together or not at all. It knows
// nothing about keys or HTTP. Local keeps its counters in this process. Failover uses
// counters that nodes share, and a Local while they are unavailable. Leased takes
// shares of shared counters ahead of need.
package ratelimit

import (
	"context"
	"time"
)

// Bucket names a token bucket and its current rule.
type Bucket struct {
	ID   string
	Rule Rule // zero: no bucket
}

// QuotaCharge names a quota counter and its quota.
type QuotaCharge struct {
	ID    string
	Quota Quota // zero: no quota
}

// Request asks to take Cost from each bucket and quota that is set.
type Request struct {
	// Group is the account that the limits belong to, "" if there is none. A shared
	// limiter keeps the counters of a group on one machine, and likewise those of one
	// bucket without a group.
	Group   string
	Key     Bucket
	Account Bucket
	Quota   QuotaCharge
	Cost    int64 // 0 charges nothing and passes
	DryRun  bool  // decide, charge nothing
	// Digest is the digest of the credential that the limits belong to, by which a
	// remote Limiter finds them; nil if there is none.
	Digest *[32]byte
}

// Part is what refused a request.
type Part string

// The parts, in the order they are checked.
const (
	PartNone    Part = ""
	PartKey     Part = "key"
	PartAccount Part = "account"
	PartQuota   Part = "quota"

	// PartUnreachable refuses while shared counters cannot be reached, if the Failover
	// is configured to.
	PartUnreachable Part = "unreachable"
)

// BucketState is a bucket after the decision.
type BucketState struct {
	Limit      int64         `json:"limit"` // the burst
	Remaining  int64         `json:"remaining"`
	ResetAfter time.Duration `json:"reset_after"` // until it is full
}

// QuotaState is a quota after the decision.
type QuotaState struct {
	Limit     int64     `json:"limit"`
	Remaining int64     `json:"remaining"`
	ResetsAt  time.Time `json:"resets_at"`
	Began     int64     `json:"began"`  // mark of a shared counter; a different one means that the counter was lost and restarted
	Leased    bool      `json:"leased"` // Remaining excludes what other nodes hold and may return
}

// Decision is the answer to a Request. The states of parts that the request does not
// have are zero.
type Decision struct {
	Allowed    bool          `json:"allowed"`
	Refused    Part          `json:"refused"`
	Never      bool          `json:"never"`       // the cost exceeds the whole burst or quota, so it can never pass
	RetryAfter time.Duration `json:"retry_after"` // until the same request could pass; 0 if allowed or never
	HasKey     bool          `json:"has_key"`
	HasAccount bool          `json:"has_account"`
	HasQuota   bool          `json:"has_quota"`
	Key        BucketState   `json:"key"`
	Account    BucketState   `json:"account"`
	Quota      QuotaState    `json:"quota"`
	Cluster    bool          `json:"cluster"` // decided by counters that all nodes share, otherwise by this node's own
}

// Limiter decides requests. A refused request is charged nowhere. An error means that
// no decision could be made.
type Limiter interface {
	Take(ctx context.Context, r Request) (Decision, error)
}

// QuotaUse is how much of a quota was used in a window.
type QuotaUse struct {
	ID     string
	Window string // see Quota.Window
	Used   int64
}

// QuotaStore keeps quota use across restarts.
type QuotaStore interface {
	// QuotaUse returns the use in the window, 0 if there was none.
	QuotaUse(ctx context.Context, id, window string) (int64, error)
	// AddQuotaUse adds each Used to the stored use, all of them or none.
	AddQuotaUse(ctx context.Context, uses []QuotaUse) error
}

// QuotaCleaner deletes old use of quotas.
type QuotaCleaner interface {
	// DeleteQuotaUse deletes at most limit uses of windows whose label sorts before
	// the first label and is not the second. See PastWindows.
	DeleteQuotaUse(ctx context.Context, before, except string, limit int) (int, error)
}
