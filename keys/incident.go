package keys

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/internal/errs"
)

// Bounds of incidents.
const (
	MaxPasted     = 10_000         // lines of a pasted list
	UndoTime      = 24 * time.Hour // after the end of a disabling
	PlanLife      = time.Hour      // how long a dry run may be confirmed
	IncidentAlive = 30 * time.Second
	incidentStep  = 100  // keys of one page, and so of one step
	mostGroups    = 1000 // told apart by organization and tier
)

// IncidentAction is what an incident does to keys.
type IncidentAction string

// The actions.
const (
	IncidentDisable IncidentAction = "disable"
	IncidentRevoke  IncidentAction = "revoke"
)

// IncidentState is how far an incident is.
type IncidentState string

// The states, in their order.
const (
	IncidentPlanning IncidentState = "planning" // the dry run looks for keys
	IncidentPlanned  IncidentState = "planned"  // the dry run is over; nothing has been done
	IncidentRunning  IncidentState = "running"
	IncidentDone     IncidentState = "done"
	IncidentUndoing  IncidentState = "undoing"
	IncidentUndone   IncidentState = "undone"
)

// Neglect is why nobody seems to look after a key.
type Neglect string

// The kinds of neglect.
const (
	NoOwner     Neglect = "no_owner"     // nobody owns its service account, or somebody who has left
	CreatorLeft Neglect = "creator_left" // its creator is no member of the organization any more
	NeverUsed   Neglect = "never_used"   // though made NeverUsedFor ago
	NoExpiry    Neglect = "no_expiry"
)

// NeverUsedFor is how long after its making a key counts as never used.
const NeverUsedFor = 30 * 24 * time.Hour

// Selection says which keys an incident is about: those that are alive and for
// which all holds that is set. Nothing set selects nothing.
type Selection struct {
	OrganizationID   string    `json:"organization_id,omitempty"`
	ServiceAccountID string    `json:"service_account_id,omitempty"`
	Tier             string    `json:"tier,omitempty"`
	Scope            string    `json:"scope,omitempty"` // that the key may use, by a wildcard as well
	CreatedBy        string    `json:"created_by,omitempty"`
	CreatedBefore    time.Time `json:"created_before,omitzero"`
	LastUsedBefore   time.Time `json:"last_used_before,omitzero"` // or never
	Neglect          Neglect   `json:"neglect,omitempty"`
	Pasted           int       `json:"pasted,omitempty"` // keys and ids that were handed over as a list
}

// IncidentCount counts keys by what became of them.
type IncidentCount struct {
	Planned int `json:"planned"` // selected, and to be changed
	Already int `json:"already"` // selected, and as they should be before anything was done
	Unknown int `json:"unknown"` // lines of a pasted list that are no key
	Done    int `json:"done"`
	Skipped int `json:"skipped"` // planned, and gone or ended by the time
	Failed  int `json:"failed"`
	Undone  int `json:"undone"`
	Kept    int `json:"kept"` // not undone, since somebody changed them
}

// IncidentGroup counts the planned keys of an organization on a tier; both are
// "" for those of groups beyond the bound.
type IncidentGroup struct {
	OrganizationID string `json:"organization_id"`
	Tier           string `json:"tier"`
	Keys           int    `json:"keys"`
}

// Incident disables or revokes many keys, after a dry run that names them.
type Incident struct {
	Stamp
	ID           string          `json:"id"`
	Action       IncidentAction  `json:"action"`
	Reason       RevokeReason    `json:"reason"`
	Note         string          `json:"note,omitempty"`
	Selection    Selection       `json:"selection"`
	State        IncidentState   `json:"state"`
	PlannedBy    audit.Subject   `json:"planned_by"`
	StartedBy    audit.Subject   `json:"started_by,omitzero"`
	UndoneBy     audit.Subject   `json:"undone_by,omitzero"`
	StartedAt    time.Time       `json:"started_at,omitzero"`
	FinishedAt   time.Time       `json:"finished_at,omitzero"`
	UndoneAt     time.Time       `json:"undone_at,omitzero"`
	Pages        int             `json:"pages"`
	Next         int             `json:"next"` // page that comes next
	Count        IncidentCount   `json:"count"`
	Groups       []IncidentGroup `json:"groups"`
	UnknownLines []int           `json:"unknown_lines,omitempty"` // the first of them, from 1
	MovedAt      time.Time       `json:"moved_at,omitzero"`       // when Next last changed
	Released     bool            `json:"released,omitempty"`      // by who worked on it and ended; anybody may go on at once
}

// IncidentOutcome is what became of one key.
type IncidentOutcome string

// The outcomes. Before anything was done there is none.
const (
	OutcomeDone    IncidentOutcome = "done"
	OutcomeGone    IncidentOutcome = "gone"  // deleted
	OutcomeEnded   IncidentOutcome = "ended" // revoked or expired meanwhile
	OutcomeAlready IncidentOutcome = "already"
	OutcomeFailed  IncidentOutcome = "failed"
	OutcomeUndone  IncidentOutcome = "undone"
	OutcomeKept    IncidentOutcome = "kept" // not undone: somebody changed it since
)

// IncidentKey is one key of an incident.
type IncidentKey struct {
	ID               string          `json:"id"`
	Name             string          `json:"name"`
	OrganizationID   string          `json:"organization_id"`
	ServiceAccountID string          `json:"service_account_id"`
	Start            string          `json:"start"`
	Last4            string          `json:"last4"`
	Revision         int64           `json:"revision"`        // when it was planned
	After            int64           `json:"after,omitempty"` // that the incident wrote
	Outcome          IncidentOutcome `json:"outcome,omitempty"`
	At               time.Time       `json:"at,omitzero"`
}

// IncidentPage is the keys of one step.
type IncidentPage struct {
	Stamp
	ID     string        `json:"id"`
	Keys   []IncidentKey `json:"keys"`
	Done   bool          `json:"done,omitempty"`
	Undone bool          `json:"undone,omitempty"`
}

// pageID is the id of the incident's page with the number.
func pageID(incident string, number int) string { return fmt.Sprintf("%s.%06d", incident, number) }

// Interrupted reports whether the incident should go on and nobody seems to
// see to it at the time now. One that was last seen to in the future was by a
// clock that has been set right since.
func (n *Incident) Interrupted(now time.Time) bool {
	return n.working() && (n.Released || now.Sub(n.UpdatedAt).Abs() > IncidentAlive)
}

func (n *Incident) working() bool {
	return n.State == IncidentPlanning || n.State == IncidentRunning || n.State == IncidentUndoing
}

// Working reports whether somebody sees to the incident at the time now.
func (n *Incident) Working(now time.Time) bool { return n.working() && !n.Interrupted(now) }

// UndoUntil is when a disabling can no longer be undone, zero where it never
// could be.
func (n *Incident) UndoUntil() time.Time {
	if n.Action != IncidentDisable || n.State != IncidentDone || n.FinishedAt.IsZero() {
		return time.Time{}
	}
	return n.FinishedAt.Add(UndoTime)
}

// Undoable reports whether the incident can be undone at the time now.
func (n *Incident) Undoable(now time.Time) bool { return now.Before(n.UndoUntil()) }

// Confirm is what says that somebody saw this very dry run: it is bound to the
// action, the selection and the keys that were found.
func (n *Incident) Confirm() string {
	text, err := json.Marshal(struct {
		ID        string
		Action    IncidentAction
		Reason    RevokeReason
		Note      string
		Selection Selection
		Count     IncidentCount
		Pages     int
	}{n.ID, n.Action, n.Reason, n.Note, n.Selection, IncidentCount{Planned: n.Count.Planned, Already: n.Count.Already, Unknown: n.Count.Unknown}, n.Pages})
	if err != nil {
		panic(fmt.Errorf("encode an incident: %w", err)) // texts, numbers and times always encode
	}
	digest := sha256.Sum256(text)
	return n.ID + "." + hex.EncodeToString(digest[:16])
}

// Percent is how much of the incident's work is done.
func (n *Incident) Percent() int { return n.Next * 100 / max(1, n.Pages) }

func (n *Incident) object() audit.Object { return audit.Object{Type: "incident", ID: n.ID} }

// summary is what the audit log keeps of the incident.
func (n *Incident) summary() any {
	return struct {
		Revision  int64          `json:"revision"`
		Action    IncidentAction `json:"action"`
		Reason    RevokeReason   `json:"reason"`
		Note      string         `json:"note,omitempty"`
		Selection Selection      `json:"selection"`
		State     IncidentState  `json:"state"`
		Count     IncidentCount  `json:"count"`
	}{n.Revision, n.Action, n.Reason, n.Note, n.Selection, n.State, n.Count}
}

func (n *Incident) count(organization, tier string) {
	n.Count.Planned++
	for i := range n.Groups {
		if g := &n.Groups[i]; g.OrganizationID == organization && g.Tier == tier {
			g.Keys++
			return
		}
	}
	if len(n.Groups) >= mostGroups {
		organization, tier = "", ""
		if last := &n.Groups[len(n.Groups)-1]; last.OrganizationID == "" {
			last.Keys++
			return
		}
	}
	n.Groups = append(n.Groups, IncidentGroup{organization, tier, 1})
}

// tally counts what became of the page's keys.
func (n *Incident) tally(p *IncidentPage) {
	for i := range p.Keys {
		switch p.Keys[i].Outcome {
		case OutcomeDone:
			n.Count.Done++
		case OutcomeFailed:
			n.Count.Failed++
		case OutcomeUndone:
			n.Count.Undone++
		case OutcomeKept:
			n.Count.Kept++
		case "":
		default:
			n.Count.Skipped++
		}
	}
}

// IncidentRequest asks for a dry run. List is what was pasted: whole keys and
// ids, one a line. It is hashed at once, and kept nowhere.
type IncidentRequest struct {
	Action    IncidentAction
	Reason    RevokeReason // ReasonUnspecified if ""
	Note      string
	Selection Selection
	List      []string
}

func (r *IncidentRequest) check(now time.Time) error {
	var f errs.Faults
	f.Check(r.Action == IncidentDisable || r.Action == IncidentRevoke, "action", "must be disable or revoke")
	f.Check(r.Reason.valid(), "reason", "must be unspecified, leaked, superseded, unused or abuse")
	s := &r.Selection
	for name, text := range map[string]string{"organization_id": s.OrganizationID, "service_account_id": s.ServiceAccountID, "tier": s.Tier, "created_by": s.CreatedBy} {
		checkText(&f, name, text, MaxNameLength, false)
	}
	f.Check(s.Scope == "" || ValidScope(s.Scope), "scope", "must be resource:action in lower case")
	f.Check(slices.Contains([]Neglect{"", NoOwner, CreatorLeft, NeverUsed, NoExpiry}, s.Neglect), "neglect", "must be no_owner, creator_left, never_used or no_expiry")
	checkTime(&f, "created_before", s.CreatedBefore)
	checkTime(&f, "last_used_before", s.LastUsedBefore)
	f.Check(!s.CreatedBefore.After(now), "created_before", "must not be in the future")
	f.Check(!s.LastUsedBefore.After(now), "last_used_before", "must not be in the future")
	f.Check(len(r.List) <= MaxPasted, "keys", fmt.Sprintf("must have at most %d lines", MaxPasted))
	for i := range r.List {
		if strings.ContainsFunc(r.List[i], unicode.IsControl) {
			f.Add(fmt.Sprintf("keys[%d]", i), "must be one line of text")
			break
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	if (*s == Selection{}) {
		return errs.New(errs.Invalid, "say which keys: nothing is selected")
	}
	return nil
}

// tidied returns the request as it is kept: without spaces around what was
// typed, and with how many lines there are in place of them.
func (r *IncidentRequest) tidied() IncidentRequest {
	out := *r
	if out.Reason == "" {
		out.Reason = ReasonUnspecified
	}
	out.Note = legible(out.Note)
	s := &out.Selection
	s.CreatedBefore, s.LastUsedBefore = moment(s.CreatedBefore), moment(s.LastUsedBefore)
	out.List = slices.Clone(r.List)
	for i := range out.List {
		out.List[i] = strings.TrimSpace(out.List[i])
	}
	for n := len(out.List); n > 0 && out.List[n-1] == ""; n-- {
		out.List = out.List[:n-1]
	}
	s.Pasted = len(out.List)
	return out
}
