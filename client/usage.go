package client

import "time"

// UsageReport is the number of verifications by outcome. Intervals without
// verifications have no point.
type UsageReport struct {
	From     time.Time    `json:"from"`
	To       time.Time    `json:"to"`
	Interval string       `json:"interval"` // minute, hour or day
	GroupBy  *string      `json:"group_by"`
	Items    []UsagePoint `json:"items"`
}

// UsagePoint is the count of one group in one interval.
type UsagePoint struct {
	Start time.Time         `json:"start"`
	Group *string           `json:"group"` // id, code or scope; nil if not grouped
	Total uint64            `json:"total"`
	Codes map[string]uint64 `json:"codes"` // only those that occurred
}

// KeyUsage is the usage of one key.
type KeyUsage struct {
	UsageReport
	Predecessor *Predecessor `json:"predecessor"` // nil unless the key comes from a rotation
	Scopes      []ScopeUse   `json:"scopes"`
}

// Predecessor is the rotated key, and how much it is still used.
type Predecessor struct {
	KeyID           string     `json:"key_id"`
	UsesLastHour    uint64     `json:"uses_last_hour"`
	UsesLast24Hours uint64     `json:"uses_last_24_hours"`
	LastUsedAt      *time.Time `json:"last_used_at"`
	LastUsedIP      *string    `json:"last_used_ip"`
}

// ScopeUse is when a granted scope was last requested, within the last 90 days.
type ScopeUse struct {
	Scope       string  `json:"scope"`
	LastAskedOn *string `json:"last_asked_on"` // a date, nil: not in that time
}

// Refusal is one verification of a key that was refused.
type Refusal struct {
	At     time.Time `json:"at"`
	Code   string    `json:"code"`
	IP     *string   `json:"ip"`
	Detail string    `json:"detail"`
	Method *string   `json:"method"` // of the request that carried the key; nil if no gateway told
	Path   *string   `json:"path"`   // without a query, at most 200 bytes; nil as well
}
