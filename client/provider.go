package client

import "time"

// Override sets other limits for a service account for a time. A nil field leaves
// that limit unchanged.
type Override struct {
	KeyRateLimit *Rule      `json:"key_rate_limit"` // for each key without a limit of its own
	RateLimit    *Rule      `json:"rate_limit"`     // shared by the account's keys
	Quota        *Quota     `json:"quota"`
	Until        *time.Time `json:"until"`
	Note         string     `json:"note"`
}

// TransferServiceAccount transfers a service account to another organization.
type TransferServiceAccount struct {
	OrganizationID string  `json:"organization_id"`
	OwnerID        *string `json:"owner_id"` // a member there who will look after it, nil for nobody
	DryRun         bool    `json:"dry_run"`  // change nothing, only return the effects
}

// Transfer is what a transfer did, or would do.
type Transfer struct {
	DryRun                bool          `json:"dry_run"`
	ServiceAccountID      string        `json:"service_account_id"`
	FromOrganizationID    string        `json:"from_organization_id"`
	OrganizationID        string        `json:"organization_id"`
	OwnerID               *string       `json:"owner_id"` // the member there who looks after it
	Tier                  string        `json:"tier"`
	Keys                  int           `json:"keys"` // neither revoked nor expired
	MoreKeys              bool          `json:"more_keys"`
	Certificates          int           `json:"certificates"`
	ManagementScopes      []string      `json:"management_scopes"`       // will apply to the new organization
	LackingScopes         []string      `json:"lacking_scopes"`          // that the caller may not grant there
	Complete              bool          `json:"complete"`                // nothing is left to do in the background
	EffectiveEverywhereBy *time.Time    `json:"effective_everywhere_by"` // nil in a dry run
	WaitingFor            []WaitingNode `json:"waiting_for"`
	ETag                  string        `json:"-"` // of the service account, for IfMatch
}

func (t *Transfer) setETag(tag string) { t.ETag = tag }

// FindKeys searches for keys by what is known of them: a whole key, an id, its
// start or its last four characters.
type FindKeys struct {
	Find string `json:"find"`
}

// TierImpact is the effect of a change of a tier on its keys.
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

// RenameScope renames a scope. The old name works for Keep.
type RenameScope struct {
	Name string   `json:"name"`
	Keep Duration `json:"keep"`
}

// ScopeHolders counts the holders of a scope.
type ScopeHolders struct {
	Accounts   int  `json:"accounts"`
	Keys       int  `json:"keys"`      // with scopes of their own
	Wildcards  int  `json:"wildcards"` // accounts that have it through a wildcard
	Incomplete bool `json:"incomplete"`
}

// SignedIn is the session of the request and its user.
type SignedIn struct {
	Session Session `json:"session"`
	User    Me      `json:"user"`
}
