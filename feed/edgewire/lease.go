package edgewire

import "github.com/latchkey/latchkey/ratelimit"

// LeasePath takes an AskLease and answers Leases.
const LeasePath = "/edge/v1/lease"

// MostLeases is the most shares that one message asks for.
const MostLeases = 64

// AskLease asks for shares of limits that the edge may spend by itself, and returns
// what it did not spend.
type AskLease struct {
	EdgeID string       `json:"edge_id"` // see Edge
	Shares []AskedShare `json:"shares"`  // at most MostLeases
}

// AskedShare asks for a share of one limit of a key. The node knows which limit that is,
// and its rule.
type AskedShare struct {
	Digest string         `json:"digest"` // of the key, as in AskGrant
	Part   ratelimit.Part `json:"part"`   // key, account or quota
	Window string         `json:"window"` // of a quota: 2026-11-29 or 2026-11
	Began  int64          `json:"began"`  // of the latest answer about this share, 0 at first
	Back   int64          `json:"back"`   // returned unspent
	Holds  int64          `json:"holds"`  // still held, to be spent
	Want   int64          `json:"want"`
	Need   int64          `json:"need"` // a request waits for this many; fewer are useless
}

// Leases answers an AskLease.
type Leases struct {
	Shares []Share `json:"shares"` // one for each that was asked for, in the same order
}

// Share is what was granted of one limit.
type Share struct {
	// Code says why nothing was done, as in a problem document: not_found, rate_limited or
	// unavailable.
	Code   string  `json:"code,omitempty"`
	Amount int64   `json:"amount"`
	Left   float64 `json:"left"` // in the bucket
	Used   int64   `json:"used"` // of the quota, including all shares
	// Began is the mark of the counter. With another one than before, what was granted
	// earlier is void.
	Began int64 `json:"began"`
	// Exact is for how many milliseconds the edge has to ask for each decision, because
	// shares would be too small.
	Exact int64 `json:"exact_ms"`
}

// Valid reports whether the message makes sense. How much an edge may return or take is
// for the node to decide.
func (a *AskLease) Valid() bool {
	if len(a.Shares) > MostLeases {
		return false
	}
	for i := range a.Shares {
		s := &a.Shares[i]
		if s.Back < 0 || s.Holds < 0 || s.Want < 0 || s.Need < 0 {
			return false
		}
	}
	return true
}
