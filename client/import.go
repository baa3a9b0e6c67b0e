package client

import "time"

// CreateImport says how to import an upload. Its zero value imports JSON Lines into a new
// organization.
type CreateImport struct {
	Format       string   // jsonl or csv; jsonl if ""
	Organization string   // id or name of that of all keys; a name that none has makes one
	Tier         string   // of new service accounts; imported if ""
	Scopes       []string // for keys without scopes of their own
	AcceptWeak   bool     // take keys in clear that could be guessed, and verify them slowly
	DryRun       bool     // import nothing, and report the same
}

// States of an import.
const (
	ImportReceiving = "receiving"
	ImportRunning   = "running"
	ImportDone      = "done"
	ImportFailed    = "failed"
)

// Import is one run of an import. Lists leave out its problems.
type Import struct {
	ID           string          `json:"id"`
	State        string          `json:"state"`
	Percent      int             `json:"percent"`
	By           string          `json:"by"`
	Format       string          `json:"format"`
	Files        []string        `json:"files"`
	Organization *string         `json:"organization"`
	Tier         *string         `json:"tier"`
	Scopes       []string        `json:"scopes"`
	AcceptWeak   bool            `json:"accept_weak"`
	DryRun       bool            `json:"dry_run"`
	Total        int             `json:"total"` // rows, once they are counted
	Count        ImportCount     `json:"count"`
	Renamed      []ImportRenamed `json:"renamed"`
	Noted        []ImportNoted   `json:"noted"`
	Fault        *ImportFault    `json:"fault"` // why it failed
	Pages        int             `json:"pages"` // of problems
	Problems     []ImportProblem `json:"problems"`
	FinishedAt   *time.Time      `json:"finished_at"`
	Stamps
}

// ImportCount counts rows by what became of them, and what they needed.
type ImportCount struct {
	Imported        int `json:"imported"`
	Unchanged       int `json:"unchanged"` // keys that were there
	Refused         int `json:"refused"`
	Weak            int `json:"weak"` // keys that stay slow
	Slow            int `json:"slow"` // keys that take longer to verify the first time
	Organizations   int `json:"organizations"`
	ServiceAccounts int `json:"service_accounts"`
	Scopes          int `json:"scopes"`
}

// ImportRenamed is a scope that has another name here, "" for one that was dropped.
type ImportRenamed struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// ImportNoted counts what of rows could not be moved, by kind.
type ImportNoted struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Place  string `json:"place"` // of the first such row
	Rows   int    `json:"rows"`
}

// ImportFault is why an import failed.
type ImportFault struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// ImportProblem is a row that was not taken, and why.
type ImportProblem struct {
	Place  string `json:"place"`
	ID     string `json:"id"`    // of the key at its source
	Field  string `json:"field"` // "" for the whole row
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// ImportsInUse counts the imported keys in use, by service account.
type ImportsInUse struct {
	Keys            int                   `json:"keys"`   // that are not revoked
	Used            int                   `json:"used"`   // in the last 30 days
	Unused          int                   `json:"unused"` // not since the import
	SourceDigests   int                   `json:"source_digests"`
	Complete        bool                  `json:"complete"` // false: there are more keys
	ServiceAccounts []ImportsInUseAccount `json:"service_accounts"`
}

// ImportsInUseAccount is a service account with imported keys.
type ImportsInUseAccount struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	OrganizationID string `json:"organization_id"`
	Keys           int    `json:"keys"`
	Used           int    `json:"used"` // in the last 30 days
}
