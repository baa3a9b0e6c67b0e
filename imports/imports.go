// Package imports moves keys in from other systems. An import reads its rows twice: once
// to see which accounts, scopes and shapes of keys they need, and once to store them. The
// ids of what it stores follow from the rows, so that a second run of the same import, or
// one that was interrupted, stores nothing twice.
package imports

import (
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// State is the progress of an import.
type State string

// The states, in order.
const (
	Receiving State = "receiving" // its rows are uploaded
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed" // see Fault; whatever was stored stays, and a second run continues
)

// Bounds of an import.
const (
	MostMapped   = 200  // renamed scopes that the record lists
	PageSize     = 200  // rows or problems on a page
	MostProblems = 5000 // pages of problems that are kept
)

// DefaultTier is the tier of imported accounts that none was chosen for. It has no limits,
// and is made by the first import.
const DefaultTier = "imported"

// Import is one run of an import.
type Import struct {
	keys.Stamp
	ID         string        `json:"id"`
	State      State         `json:"state"`
	By         audit.Subject `json:"by"`
	Options    Options       `json:"options"`
	Files      []string      `json:"files"`
	Total      int           `json:"total"` // rows, once they are counted
	Count      Count         `json:"count"`
	Renamed    []Renamed     `json:"renamed,omitempty"`
	Noted      []Noted       `json:"noted,omitempty"`
	Fault      errs.Text     `json:"fault,omitzero"` // with Failed
	FinishedAt time.Time     `json:"finished_at,omitzero"`
	Pages      int           `json:"pages"`          // of problems
	Rows       int           `json:"rows,omitempty"` // pages of uploaded rows
	Finding    int           `json:"finding"`        // problems of the upload itself, on the first pages
	Node       string        `json:"node,omitempty"` // that works on it
}

// Options are what whoever imports decides.
type Options struct {
	Format       string   `json:"format"`
	Organization string   `json:"organization,omitempty"` // id or name of that of all keys, "" for a new one
	Tier         string   `json:"tier,omitempty"`         // of new accounts, DefaultTier if ""
	Scopes       []string `json:"scopes,omitempty"`       // of keys whose source has none
	Map          Map      `json:"map,omitzero"`
	AcceptWeak   bool     `json:"accept_weak,omitempty"`
	DryRun       bool     `json:"dry_run,omitempty"`
}

// Map says what owners, scopes and tiers of the source become.
type Map struct {
	Owners map[string]Target `json:"owners,omitempty"` // by the owner's id or name
	Scopes map[string]string `json:"scopes,omitempty"` // "" drops one
	Tiers  map[string]string `json:"tiers,omitempty"`
}

// Target is where the keys of an owner go.
type Target struct {
	Organization   string `json:"organization,omitempty"`    // id or name
	ServiceAccount string `json:"service_account,omitempty"` // name
}

// Count counts rows by what became of them, and what they needed.
type Count struct {
	Imported      int `json:"imported"`
	Unchanged     int `json:"unchanged"` // they were here
	Refused       int `json:"refused"`
	Weak          int `json:"weak,omitempty"` // imported, and stay slow
	Slow          int `json:"slow,omitempty"` // imported with a digest that is replaced at their first use
	Organizations int `json:"organizations"`
	Accounts      int `json:"accounts"`
	Scopes        int `json:"scopes"` // new in the catalogue
}

// Renamed is a scope that has another name here, "" for one that was dropped.
type Renamed struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Noted counts what of rows could not be moved, by kind.
type Noted struct {
	Note  errs.Text `json:"note"` // of the first row
	Place string    `json:"place"`
	Rows  int       `json:"rows"`
}

// Problem is a row that was not taken, and why.
type Problem struct {
	Place source.Place `json:"place"`
	ID    string       `json:"id,omitempty"`    // at the source
	Field string       `json:"field,omitempty"` // that is at fault, "" for the whole row
	Fault errs.Text    `json:"fault"`
}

// Object names the import in audit events.
func (n *Import) Object() audit.Object { return audit.Object{Type: "import", ID: n.ID} }

// MostUpload is how many bytes the file of an import may have that is sent to the service.
const MostUpload = 1 << 30

// Percent is how much of the import is done.
func (n *Import) Percent() int {
	if n.State == Done {
		return 100
	}
	return min(99, n.Count.Done()*100/max(1, n.Total))
}

// Done is how many rows have been dealt with.
func (c *Count) Done() int { return c.Imported + c.Unchanged + c.Refused }

// NewID returns the id of a new import.
func NewID() string { return ids.New(ids.Import) }
