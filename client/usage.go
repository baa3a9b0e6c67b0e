package client

import "time"

// UsageReport is how often verification had which outcome. Intervals in which
// nothing was counted have no point.
type UsageReport struct {
	From     time.Time    `json:"from"`
	To       time.Time    `json:"to"`
	Interval string       `json:"interval"` // minute, hour or day
	GroupBy  *string      `json:"group_by"`
	Items    []UsagePoint `json:"items"`
}

// UsagePoint is what was counted of one group in one interval.
type UsagePoint struct {
	Start time.Time         `json:"start"`
	Group *string           `json:"group"` // id, code or scope; nil where nothing groups
	Total uint64            `json:"total"`
	Codes map[string]uint64 `json:"codes"` // those that came about
}

// KeyUsage is the usage of one key.
type KeyUsage struct {
	UsageReport
	Predecessor *Predecessor `json:"predecessor"` // nil unless the key came of a rotation
	Scopes      []ScopeUse   `json:"scopes"`
}

// Predecessor is the key that was rotated, and how much it is used still.
type Predecessor struct {
	KeyID           string     `json:"key_id"`
	UsesLastHour    uint64     `json:"uses_last_hour"`
	UsesLast24Hours uint64     `json:"uses_last_24_hours"`
	LastUsedAt      *time.Time `json:"last_used_at"`
	LastUsedIP      *string    `json:"last_used_ip"`
}

// ScopeUse is when a granted scope was last requested, in the last 90 days.
type ScopeUse struct {
	Scope       string  `json:"scope"`
	LastAskedOn *string `json:"last_asked_on"` // a date, nil: not in that time
}

// Refusal is one verification of a key that did not end well.
type Refusal struct {
	At     time.Time `json:"at"`
	Code   string    `json:"code"`
	IP     *string   `json:"ip"`
	Detail string    `json:"detail"`
}
