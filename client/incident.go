package client

import "time"

// IncidentSelection selects the live keys of an incident. All fields that are set
// must match.
type IncidentSelection struct {
	OrganizationID   string     `json:"organization_id,omitempty"`
	ServiceAccountID string     `json:"service_account_id,omitempty"`
	Tier             string     `json:"tier,omitempty"`
	Scope            string     `json:"scope,omitempty"` // that the key may use, including by a wildcard
	CreatedBy        string     `json:"created_by,omitempty"`
	CreatedBefore    *time.Time `json:"created_before,omitempty"`
	LastUsedBefore   *time.Time `json:"last_used_before,omitempty"` // or never used
	Neglect          string     `json:"neglect,omitempty"`          // no_owner, creator_left, never_used or no_expiry
}

// CreateIncident asks for a dry run. With DryRun false and the Confirm of a dry
// run, it asks to carry out what that dry run showed.
type CreateIncident struct {
	Action string   `json:"action"`           // disable or revoke
	Reason string   `json:"reason,omitempty"` // unspecified if ""
	Note   string   `json:"note"`
	Keys   []string `json:"keys,omitempty"` // whole keys and ids, which are never stored
	IncidentSelection
	DryRun  *bool  `json:"dry_run,omitempty"` // true if nil
	Confirm string `json:"confirm,omitempty"`
}

// IncidentCount counts keys by outcome.
type IncidentCount struct {
	Planned int `json:"planned"`
	Already int `json:"already"` // needed no change
	Unknown int `json:"unknown"` // entries of a list that are not keys
	Done    int `json:"done"`
	Skipped int `json:"skipped"`
	Failed  int `json:"failed"`
	Undone  int `json:"undone"`
	Kept    int `json:"kept"` // not undone because someone changed them
}

// IncidentGroup counts the planned keys of an organization on a tier.
type IncidentGroup struct {
	OrganizationID string `json:"organization_id"`
	Tier           string `json:"tier"`
	Keys           int    `json:"keys"`
}

// IncidentKey is one key of an incident and its outcome.
type IncidentKey struct {
	KeyID            string     `json:"key_id"`
	Name             string     `json:"name"`
	OrganizationID   string     `json:"organization_id"`
	ServiceAccountID string     `json:"service_account_id"`
	Start            string     `json:"start"`
	Last4            string     `json:"last4"`
	Outcome          *string    `json:"outcome"` // nil before anything was done
	At               *time.Time `json:"at"`
}

// Incident disables or revokes many keys, after a dry run that lists them.
type Incident struct {
	ID           string            `json:"id"`
	Action       string            `json:"action"`
	Reason       string            `json:"reason"`
	Note         string            `json:"note"`
	Selection    IncidentSelection `json:"selection"`
	Pasted       int               `json:"pasted"` // keys and ids in the pasted list
	State        string            `json:"state"`  // planning, planned, running, done, undoing or undone
	Interrupted  bool              `json:"interrupted"`
	Percent      int               `json:"percent"`
	PlannedBy    string            `json:"planned_by"`
	StartedBy    *string           `json:"started_by"`
	StartedAt    *time.Time        `json:"started_at"`
	FinishedAt   *time.Time        `json:"finished_at"`
	UndoneBy     *string           `json:"undone_by"`
	UndoneAt     *time.Time        `json:"undone_at"`
	UndoUntil    *time.Time        `json:"undo_until"` // nil: it cannot be undone
	Count        IncidentCount     `json:"count"`
	Groups       []IncidentGroup   `json:"groups"`
	UnknownLines []int             `json:"unknown_lines"` // the first ones, counted from 1
	Confirm      *string           `json:"confirm"`       // of a dry run
	Pages        int               `json:"pages"`         // of keys
	Keys         []IncidentKey     `json:"keys"`          // of the requested page; none in a list
	Stamps
}
