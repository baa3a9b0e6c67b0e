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
	UndoTime   = 24 * time.Hour // time to undo a disabling, from its end
	PlanLife   = time.Hour      // how long a dry run can be confirmed
	AliveFor   = 30 * time.Second
	pageSize   = 100  // keys of one page, which is one step
	mostGroups = 1000 // one per organization and tier
)

// Action is what an incident does to keys.
type Action string

// The actions.
const (
	Disable Action = "disable"
	Revoke  Action = "revoke"
)

// State is the progress of an incident.
type State string

// The states, in order.
const (
	Planning State = "planning" // the dry run is looking for keys
	Planned  State = "planned"  // the dry run is complete; nothing has been done
	Running  State = "running"
	Done     State = "done"
	Undoing  State = "undoing"
	Undone   State = "undone"
)

// Selection says which keys an incident is about: those that are alive and match every
// field that is set. If no field is set it selects nothing.
type Selection struct {
	OrganizationID   string       `json:"organization_id,omitempty"`
	ServiceAccountID string       `json:"service_account_id,omitempty"`
	Tier             string       `json:"tier,omitempty"`
	Scope            string       `json:"scope,omitempty"` // that the key may use, also through a wildcard
	CreatedBy        string       `json:"created_by,omitempty"`
	CreatedBefore    time.Time    `json:"created_before,omitzero"`
	LastUsedBefore   time.Time    `json:"last_used_before,omitzero"` // or never
	Neglect          keys.Neglect `json:"neglect,omitempty"`
	Pasted           int          `json:"pasted,omitempty"` // keys and ids in the pasted list
}

// Count counts keys by outcome.
type Count struct {
	Planned int `json:"planned"` // selected, and to be changed
	Already int `json:"already"` // selected, but already in the wanted state
	Unknown int `json:"unknown"` // lines of a pasted list that are not keys
	Done    int `json:"done"`
	Skipped int `json:"skipped"` // planned, but deleted or ended in the meantime
	Failed  int `json:"failed"`
	Undone  int `json:"undone"`
	Kept    int `json:"kept"` // not undone, because somebody changed them
}

// Group counts the planned keys of an organization on a tier. Both are "" for keys of
// groups beyond the bound.
type Group struct {
	OrganizationID string `json:"organization_id"`
	Tier           string `json:"tier"`
	Keys           int    `json:"keys"`
}

// Incident disables or revokes many keys after a dry run that lists them.
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
	Next         int               `json:"next"` // the next page
	Count        Count             `json:"count"`
	Groups       []Group           `json:"groups"`
	UnknownLines []int             `json:"unknown_lines,omitempty"` // the first of them, counted from 1
	MovedAt      time.Time         `json:"moved_at,omitzero"`       // when Next last changed
	Released     bool              `json:"released,omitempty"`      // its worker stopped; anybody may continue at once
}

// Outcome is the result for one key.
type Outcome string

// The outcomes. A key has none until something was done to it.
const (
	OutcomeDone    Outcome = "done"
	OutcomeGone    Outcome = "gone"  // deleted
	OutcomeEnded   Outcome = "ended" // revoked or expired in the meantime
	OutcomeAlready Outcome = "already"
	OutcomeFailed  Outcome = "failed"
	OutcomeUndone  Outcome = "undone"
	OutcomeKept    Outcome = "kept" // not undone, because somebody changed it
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
	After            int64     `json:"after,omitempty"` // written by the incident
	Outcome          Outcome   `json:"outcome,omitempty"`
	At               time.Time `json:"at,omitzero"`
}

// Page holds the keys of one step.
type Page struct {
	keys.Stamp
	ID     string `json:"id"`
	Keys   []Key  `json:"keys"`
	Done   bool   `json:"done,omitempty"`
	Undone bool   `json:"undone,omitempty"`
}

// pageID returns the id of the incident's page with the number.
func pageID(incident string, number int) string { return fmt.Sprintf("%s.%06d", incident, number) }

// Interrupted reports whether the incident should continue but seems to have no worker at
// the time now. If its last progress is in the future, a clock wrote it that has since
// been set right.
func (n *Incident) Interrupted(now time.Time) bool {
	return n.working() && (n.Released || now.Sub(n.UpdatedAt).Abs() > AliveFor)
}

func (n *Incident) working() bool {
	return n.State == Planning || n.State == Running || n.State == Undoing
}

// Working reports whether somebody works on the incident at the time now.
func (n *Incident) Working(now time.Time) bool { return n.working() && !n.Interrupted(now) }

// UndoUntil returns when a disabling can no longer be undone, zero if it never could be.
func (n *Incident) UndoUntil() time.Time {
	if n.Action != Disable || n.State != Done || n.FinishedAt.IsZero() {
		return time.Time{}
	}
	return n.FinishedAt.Add(UndoTime)
}

// Undoable reports whether the incident can be undone at the time now.
func (n *Incident) Undoable(now time.Time) bool { return now.Before(n.UndoUntil()) }

// Confirm returns a value that proves that somebody saw this very dry run: it depends on
// the action, the selection and the keys found.
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

// summary returns what the audit log stores of the incident.
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

// countOutcomes counts the page's keys by outcome.
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

// Request asks for a dry run. List is a pasted list: whole keys and ids, one per line. It
// is hashed at once and not stored.
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

// tidied returns the request as it is stored: with trimmed text, and with the number of
// pasted lines instead of the lines.
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
