package client

import "time"

// Override is other limits of a service account for a time. What is nil stays
// as it is without it.
type Override struct {
	KeyRateLimit *Rule      `json:"key_rate_limit"` // of each key that has none of its own
	RateLimit    *Rule      `json:"rate_limit"`     // shared by the account's keys
	Quota        *Quota     `json:"quota"`
	Until        *time.Time `json:"until"`
	Note         string     `json:"note"`
}

// TransferServiceAccount hands a service account to another organization.
type TransferServiceAccount struct {
	OrganizationID string  `json:"organization_id"`
	OwnerID        *string `json:"owner_id"` // a member there who looks after it, nil for nobody
	DryRun         bool    `json:"dry_run"`  // change nothing and tell what would be
}

// Transfer is what a transfer did, or would do.
type Transfer struct {
	DryRun                bool          `json:"dry_run"`
	ServiceAccountID      string        `json:"service_account_id"`
	FromOrganizationID    string        `json:"from_organization_id"`
	OrganizationID        string        `json:"organization_id"`
	OwnerID               *string       `json:"owner_id"` // who looks after it there
	Tier                  string        `json:"tier"`
	Keys                  int           `json:"keys"` // neither revoked nor ended
	MoreKeys              bool          `json:"more_keys"`
	Certificates          int           `json:"certificates"`
	ManagementScopes      []string      `json:"management_scopes"`       // mean the new organization afterwards
	LackingScopes         []string      `json:"lacking_scopes"`          // that the caller may not grant there
	Complete              bool          `json:"complete"`                // nothing follows behind the answer
	EffectiveEverywhereBy *time.Time    `json:"effective_everywhere_by"` // nil in a dry run
	WaitingFor            []WaitingNode `json:"waiting_for"`
	ETag                  string        `json:"-"` // of the service account, for IfMatch
}

func (t *Transfer) setETag(tag string) { t.ETag = tag }

// FindKeys asks for keys by what somebody has of them: a whole key, an id, its
// start, its last four characters.
type FindKeys struct {
	Find string `json:"find"`
}

// TierImpact is what a change of a tier does to the keys on it.
type TierImpact struct {
	Accounts   int  `json:"accounts"`
	Keys       int  `json:"keys"`
	Lower      int  `json:"lower"`
	Higher     int  `json:"higher"`
	OwnLimit   int  `json:"own_limit"`
	Exempt     int  `json:"exempt"`
	OverFull   int  `json:"over_full"`
	TooOld     int  `json:"too_old"`
	Incomplete bool `json:"incomplete"`
}

// RenameScope gives a scope another name. The old one works for Keep.
type RenameScope struct {
	Name string   `json:"name"`
	Keep Duration `json:"keep"`
}

// ScopeHolders counts who holds a scope.
type ScopeHolders struct {
	Accounts   int  `json:"accounts"`
	Keys       int  `json:"keys"`      // with scopes of their own
	Wildcards  int  `json:"wildcards"` // accounts that have it by a wildcard
	Incomplete bool `json:"incomplete"`
}

// SignedIn is the session of a request and whose it is.
type SignedIn struct {
	Session Session `json:"session"`
	User    Me      `json:"user"`
}
