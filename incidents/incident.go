package incidents

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
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// Bounds of incidents.
const (
	MaxPasted  = 10_000         // lines of a pasted list
	UndoTime   = 24 * time.Hour // after the end of a disabling
	PlanLife   = time.Hour      // how long a dry run may be confirmed
	AliveFor   = 30 * time.Second
	pageSize   = 100  // keys of one page, and so of one step
	mostGroups = 1000 // one for each organization and tier
)

// Action is what an incident does to keys.
type Action string

// The actions.
const (
	Disable Action = "disable"
	Revoke  Action = "revoke"
)

// State is how far an incident is.
type State string

// The states, in their order.
const (
	Planning State = "planning" // the dry run looks for keys
	Planned  State = "planned"  // the dry run is over; nothing has been done
	Running  State = "running"
	Done     State = "done"
	Undoing  State = "undoing"
	Undone   State = "undone"
)

// Selection says which keys an incident is about: those that are alive and for
// which all holds that is set. Nothing set selects nothing.
type Selection struct {
	OrganizationID   string       `json:"organization_id,omitempty"`
	ServiceAccountID string       `json:"service_account_id,omitempty"`
	Tier             string       `json:"tier,omitempty"`
	Scope            string       `json:"scope,omitempty"` // that the key may use, by a wildcard as well
	CreatedBy        string       `json:"created_by,omitempty"`
	CreatedBefore    time.Time    `json:"created_before,omitzero"`
	LastUsedBefore   time.Time    `json:"last_used_before,omitzero"` // or never
	Neglect          keys.Neglect `json:"neglect,omitempty"`
	Pasted           int          `json:"pasted,omitempty"` // keys and ids that were handed over as a list
}

// Count counts keys by what became of them.
type Count struct {
	Planned int `json:"planned"` // selected, and to be changed
	Already int `json:"already"` // selected, and as they should be before anything was done
	Unknown int `json:"unknown"` // lines of a pasted list that are no key
	Done    int `json:"done"`
	Skipped int `json:"skipped"` // planned, and gone or ended by the time
	Failed  int `json:"failed"`
	Undone  int `json:"undone"`
	Kept    int `json:"kept"` // not undone, since somebody changed them
}

// Group counts the planned keys of an organization on a tier; both are
// "" for those of groups beyond the bound.
type Group struct {
	OrganizationID string `json:"organization_id"`
	Tier           string `json:"tier"`
	Keys           int    `json:"keys"`
}

// Incident disables or revokes many keys, after a dry run that names them.
type Incident struct {
	keys.Stamp
	ID           string            `json:"id"`
	Action       Action            `json:"action"`
	Reason       keys.RevokeReason `json:"reason"`
	Note         string            `json:"note,omitempty"`
	Selection    Selection         `json:"selection"`
	State        State             `json:"state"`
	PlannedBy    audit.Subject     `json:"planned_by"`
	StartedBy    audit.Subject     `json:"started_by,omitzero"`
	UndoneBy     audit.Subject     `json:"undone_by,omitzero"`
	StartedAt    time.Time         `json:"started_at,omitzero"`
	FinishedAt   time.Time         `json:"finished_at,omitzero"`
	UndoneAt     time.Time         `json:"undone_at,omitzero"`
	Pages        int               `json:"pages"`
	Next         int               `json:"next"` // page that comes next
	Count        Count             `json:"count"`
	Groups       []Group           `json:"groups"`
	UnknownLines []int             `json:"unknown_lines,omitempty"` // the first of them, from 1
	MovedAt      time.Time         `json:"moved_at,omitzero"`       // when Next last changed
	Released     bool              `json:"released,omitempty"`      // by who worked on it and ended; anybody may go on at once
}

// Outcome is what became of one key.
type Outcome string

// The outcomes. A key has none before anything was done to it.
const (
	OutcomeDone    Outcome = "done"
	OutcomeGone    Outcome = "gone"  // deleted
	OutcomeEnded   Outcome = "ended" // revoked or expired meanwhile
	OutcomeAlready Outcome = "already"
	OutcomeFailed  Outcome = "failed"
	OutcomeUndone  Outcome = "undone"
	OutcomeKept    Outcome = "kept" // not undone: somebody changed it since
)

// Key is one key of an incident.
type Key struct {
	ID               string    `json:"id"`
	Name             string    `json:"name"`
	OrganizationID   string    `json:"organization_id"`
	ServiceAccountID string    `json:"service_account_id"`
	Start            string    `json:"start"`
	Last4            string    `json:"last4"`
	Revision         int64     `json:"revision"`        // when it was planned
	After            int64     `json:"after,omitempty"` // that the incident wrote
	Outcome          Outcome   `json:"outcome,omitempty"`
	At               time.Time `json:"at,omitzero"`
}

// Page is the keys of one step.
type Page struct {
	keys.Stamp
	ID     string `json:"id"`
	Keys   []Key  `json:"keys"`
	Done   bool   `json:"done,omitempty"`
	Undone bool   `json:"undone,omitempty"`
}

// pageID is the id of the incident's page with the number.
func pageID(incident string, number int) string { return fmt.Sprintf("%s.%06d", incident, number) }

// Interrupted reports whether the incident should go on and nobody seems to
// see to it at the time now. One that was last seen to in the future was by a
// clock that has been set right since.
func (n *Incident) Interrupted(now time.Time) bool {
	return n.working() && (n.Released || now.Sub(n.UpdatedAt).Abs() > AliveFor)
}

func (n *Incident) working() bool {
	return n.State == Planning || n.State == Running || n.State == Undoing
}

// Working reports whether somebody sees to the incident at the time now.
func (n *Incident) Working(now time.Time) bool { return n.working() && !n.Interrupted(now) }

// UndoUntil is when a disabling can no longer be undone, zero where it never
// could be.
func (n *Incident) UndoUntil() time.Time {
	if n.Action != Disable || n.State != Done || n.FinishedAt.IsZero() {
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
		Action    Action
		Reason    keys.RevokeReason
		Note      string
		Selection Selection
		Count     Count
		Pages     int
	}{
		n.ID, n.Action, n.Reason, n.Note, n.Selection,
		Count{Planned: n.Count.Planned, Already: n.Count.Already, Unknown: n.Count.Unknown},
		n.Pages,
	})
	if err != nil {
		panic(fmt.Errorf("encode an incident: %w", err)) // texts, numbers and times always encode
	}
	digest := sha256.Sum256(text)
	return n.ID + "." + hex.EncodeToString(digest[:16])
}

// Percent is how much of the incident's work is done.
func (n *Incident) Percent() int { return n.Next * 100 / max(1, n.Pages) }

// Object names the incident in audit events.
func (n *Incident) Object() audit.Object { return audit.Object{Type: "incident", ID: n.ID} }

// summary is what the audit log keeps of the incident.
func (n *Incident) summary() any {
	return struct {
		Revision  int64             `json:"revision"`
		Action    Action            `json:"action"`
		Reason    keys.RevokeReason `json:"reason"`
		Note      string            `json:"note,omitempty"`
		Selection Selection         `json:"selection"`
		State     State             `json:"state"`
		Count     Count             `json:"count"`
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
	n.Groups = append(n.Groups, Group{organization, tier, 1})
}

// countOutcomes counts what became of the page's keys.
func (n *Incident) countOutcomes(p *Page) {
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

// Request asks for a dry run. List is what was pasted: whole keys and
// ids, one a line. It is hashed at once, and kept nowhere.
type Request struct {
	Action    Action
	Reason    keys.RevokeReason // ReasonUnspecified if ""
	Note      string
	Selection Selection
	List      []string
}

func (r *Request) check(now time.Time) error {
	var f errs.Faults
	f.Check(r.Action == Disable || r.Action == Revoke, "action", "incident_action")
	f.Check(r.Reason.Valid(), "reason", "reason_invalid")
	s := &r.Selection
	for name, text := range map[string]string{
		"organization_id": s.OrganizationID, "service_account_id": s.ServiceAccountID, "tier": s.Tier,
		"created_by": s.CreatedBy,
	} {
		keys.CheckText(&f, name, text)
	}
	f.Check(s.Scope == "" || keys.ValidScope(s.Scope), "scope", "scope_shape_short")
	f.Check(slices.Contains([]keys.Neglect{"", keys.NoOwner, keys.CreatorLeft, keys.NeverUsed, keys.NoExpiry}, s.Neglect), "neglect",
		"neglect_invalid")
	keys.CheckTime(&f, "created_before", s.CreatedBefore)
	keys.CheckTime(&f, "last_used_before", s.LastUsedBefore)
	f.Check(!s.CreatedBefore.After(now), "created_before", "in_future")
	f.Check(!s.LastUsedBefore.After(now), "last_used_before", "in_future")
	f.Check(len(r.List) <= MaxPasted, "keys", "too_many_lines", "most", MaxPasted)
	for i := range r.List {
		if strings.ContainsFunc(r.List[i], unicode.IsControl) {
			f.Add(fmt.Sprintf("keys[%d]", i), "not_one_line")
			break
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	if (*s == Selection{}) {
		return errs.New(errs.Invalid, "nothing_selected")
	}
	return nil
}

// tidied returns the request as it is stored: with text trimmed, and with the
// number of pasted lines instead of the lines.
func (r *Request) tidied() Request {
	out := *r
	if out.Reason == "" {
		out.Reason = keys.ReasonUnspecified
	}
	out.Note = keys.Legible(out.Note)
	s := &out.Selection
	s.CreatedBefore, s.LastUsedBefore = keys.Moment(s.CreatedBefore), keys.Moment(s.LastUsedBefore)
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
