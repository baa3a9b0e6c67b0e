package client

import "time"

// VerifyRequest asks whether a key may do something now.
type VerifyRequest struct {
	Key       string   `json:"key"`
	Scopes    []string `json:"scopes,omitempty"`     // all required
	Cost      *int64   `json:"cost,omitempty"`       // 1 if nil
	IP        string   `json:"ip,omitempty"`         // of the key's user
	UserAgent string   `json:"user_agent,omitempty"` // of the key's user
	DryRun    bool     `json:"dry_run,omitempty"`
}

// VerifyResponse is the decision. Fields that are not known of the key are empty.
type VerifyResponse struct {
	Valid          bool             `json:"valid"`
	Code           string           `json:"code"`
	Detail         string           `json:"detail"`
	KeyID          string           `json:"key_id"`
	Name           string           `json:"name"`
	Environment    string           `json:"environment"`
	ServiceAccount *VerifiedAccount `json:"service_account"`
	OrganizationID string           `json:"organization_id"`
	Tier           string           `json:"tier"`
	Scopes         []string         `json:"scopes"`
	ExpiresAt      time.Time        `json:"expires_at"` // zero: never
	Metadata       Metadata         `json:"metadata"`
	MissingScopes  []string         `json:"missing_scopes"`
	RateLimit      *LimitState      `json:"rate_limit"`
	Quota          *QuotaState      `json:"quota"`
	Steps          []VerifyStep     `json:"steps"`
}

// VerifiedAccount is the service account of a verified key.
type VerifiedAccount struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	ExternalID string   `json:"external_id"`
	Metadata   Metadata `json:"metadata"`
}

// LimitState is the token bucket that is closest to refusing.
type LimitState struct {
	Limit      int64    `json:"limit"`
	Remaining  int64    `json:"remaining"`
	ResetAfter Duration `json:"reset_after"` // until it is full
	Scope      string   `json:"scope"`       // ScopeCluster or ScopeNode
}

// Scopes of a limit: which requests count together.
const (
	ScopeCluster = "cluster" // those to all nodes of the service
	ScopeNode    = "node"    // those to the node that answered
)

// QuotaState is the quota of the service account.
type QuotaState struct {
	Limit     int64     `json:"limit"`
	Remaining int64     `json:"remaining"`
	ResetsAt  time.Time `json:"resets_at"`
}

// VerifyStep is one check of a dry run.
type VerifyStep struct {
	Check   string `json:"check"`
	Outcome string `json:"outcome"` // passed, failed or skipped
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Change  string `json:"change"`
}
