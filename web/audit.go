package web

import (
	"cmp"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// auditPages show the audit events of an organization.
type auditPages struct{ *site }

func (p *auditPages) mount(g *gin.RouterGroup) {
	g.GET("/organizations/:id/audit", p.member(p.showAudit))
	g.GET("/organizations/:id/audit.csv", p.member(p.exportAudit))
}

const (
	mostExported = 10_000 // events in one file
	exportBatch  = 500
)

// auditPage lists the audit events of an organization.
type auditPage struct {
	Organization keys.Organization
	Rows         []auditRow
	Query        auditSearch
	Actions      filter
	Subjects     filter
	Next         template.URL // query of the next page, "" on the last
	CSV          template.URL // query of the file
	Most         int64
	Asked        bool
}

// auditRow is one event with its changes.
type auditRow struct {
	audit.Event
	Changes []change
}

type change struct{ Field, Before, After string }

// auditSearch is the form above the table.
type auditSearch struct{ Object, Action, Subject, From, Until string }

func auditSearchOf(v url.Values) auditSearch {
	return auditSearch{strings.TrimSpace(v.Get("object")), v.Get("action"), v.Get("subject"), v.Get("from"), v.Get("to")}
}

func (s *auditSearch) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"object": s.Object, "action": s.Action, "subject": s.Subject, "from": s.From, "to": s.Until} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// filter parses the search. Days are in UTC; the last one is included.
func (s *auditSearch) filter(organizationID, bad string) (f audit.Filter, err error) {
	f = audit.Filter{OrganizationIDs: []string{organizationID}, ObjectID: s.Object, Action: s.Action, SubjectID: s.Subject}
	var wrong errs.Faults
	day := func(field, text string, into *time.Time, more int) {
		if text == "" {
			return
		}
		at, err := time.Parse(time.DateOnly, text)
		wrong.Check(err == nil, field, bad)
		*into = at.AddDate(0, 0, more)
	}
	day("from", s.From, &f.From, 0)
	day("to", s.Until, &f.Until, 1)
	return f, wrong.Err()
}

// auditOf returns the organization if the reader may see its audit events.
func (p *auditPages) auditOf(c *gin.Context) (keys.Organization, error) {
	who := principal(c)
	o, err := p.Keys.Organization(c.Request.Context(), who, c.Param("id"))
	if err == nil && !who.May(keys.ReadAudit, o.ID) {
		err = errs.New(errs.Forbidden, p.say(c, "audit.may_not"))
	}
	return o, err
}

func (p *auditPages) showAudit(c *gin.Context) error {
	ctx := c.Request.Context()
	o, err := p.auditOf(c)
	if err != nil {
		return err
	}
	out := auditPage{Organization: o, Query: auditSearchOf(c.Request.URL.Query()), Most: mostExported}
	out.Asked = len(out.Query.values()) > 0
	out.CSV = inLink(out.Query.values())
	if err := p.auditFilters(c, &out); err != nil {
		return err
	}
	f, err := out.Query.filter(o.ID, p.say(c, "audit.bad_day"))
	if wrong, ok := p.asFaults(c, err, "from", "to"); ok {
		return p.show(c, http.StatusUnprocessableEntity, "audit", view{Title: p.say(c, "audit.title"), Faults: wrong, Data: out})
	}
	found, err := p.Audit.Events(ctx, f, c.Query("after"), pageSize+1)
	if err != nil {
		return err
	}
	found, last := fullPage(found, func(e *audit.Event) string { return e.ID })
	if last != "" {
		next := out.Query.values()
		next.Set("after", last)
		out.Next = inLink(next)
	}
	for i := range found {
		out.Rows = append(out.Rows, auditRow{found[i], changesOf(found[i].Before, found[i].After)})
	}
	return p.show(c, http.StatusOK, "audit", view{Title: p.say(c, "audit.title"), Data: out})
}

// auditFilters fills the choices of the search: actions and members.
func (p *auditPages) auditFilters(c *gin.Context, out *auditPage) error {
	ctx, who, id := c.Request.Context(), principal(c), out.Organization.ID
	out.Actions = filter{Name: "action", Label: p.say(c, "audit.action"), Chosen: out.Query.Action, All: []option{{"", p.say(c, "audit.any")}}}
	for _, one := range auditActions() {
		out.Actions.All = append(out.Actions.All, option{one, one})
	}
	out.Subjects = filter{
		Name: "subject", Label: p.say(c, "audit.subject"), Chosen: out.Query.Subject, All: []option{{"", p.say(c, "audit.any")}},
	}
	if !who.May(keys.ReadMembers, id) {
		return nil
	}
	members, err := p.People.Members.List(ctx, who, id, keys.Page{Limit: 200})
	if err != nil {
		return err
	}
	for _, m := range members {
		u, err := p.People.Members.UserOf(ctx, who, m)
		if err != nil {
			return err
		}
		out.Subjects.All = append(out.Subjects.All, option{u.ID, cmp.Or(u.Name, u.Email, u.ID)})
	}
	return nil
}

// auditActions returns the actions that happen in an organization.
func auditActions() []string {
	return []string{
		"certificate.create", "certificate.delete", "invitation.create", "invitation.delete", "key.create", "key.delete", "key.revoke",
		"key.rotate", "key.update",
		"member.create", "member.delete", "member.update", "organization.create", "organization.update",
		"service_account.create", "service_account.delete", "service_account.update",
	}
}

// changesOf returns the fields that differ between the object before and after.
// It leaves out timestamps, which always differ.
func changesOf(before, after json.RawMessage) (all []change) {
	was, is := fieldsOf(before), fieldsOf(after)
	if was == nil || is == nil {
		return nil
	}
	names := map[string]bool{}
	for name := range was {
		names[name] = true
	}
	for name := range is {
		names[name] = true
	}
	for name := range names {
		if old, now := string(was[name]), string(is[name]); old != now && name != "revision" && name != "updated_at" {
			all = append(all, change{name, old, now})
		}
	}
	slices.SortFunc(all, func(a, b change) int { return cmp.Compare(a.Field, b.Field) })
	return all
}

func fieldsOf(object json.RawMessage) (fields map[string]json.RawMessage) {
	if json.Unmarshal(object, &fields) != nil {
		return nil
	}
	return fields
}

// exportAudit sends the results of the search as a file, newest first.
func (p *auditPages) exportAudit(c *gin.Context) error {
	o, err := p.auditOf(c)
	if err != nil {
		return err
	}
	search := auditSearchOf(c.Request.URL.Query())
	f, err := search.filter(o.ID, p.say(c, "audit.bad_day"))
	if err != nil {
		return err
	}
	after, written := "", 0
	head := []string{
		"id", "at", "action", "subject_kind", "subject_id", "subject_name", "object_type", "object_id", "address", "user_agent",
		"request_id", "before", "after",
	}
	return p.export(c, "audit-"+o.ID, head, func() (lines [][]string, more bool, err error) {
		found, err := p.Audit.Events(c.Request.Context(), f, after, min(exportBatch, mostExported-written))
		for i := range found {
			lines, after = append(lines, auditRecord(&found[i])), found[i].ID
		}
		written += len(found)
		return lines, len(found) == exportBatch && written < mostExported, err
	})
}

func auditRecord(e *audit.Event) []string {
	record := []string{
		e.ID, e.At.UTC().Format(time.RFC3339), e.Action, e.Subject.Kind, e.Subject.ID, e.Subject.Name, e.Object.Type, e.Object.ID,
		e.Origin.Address, e.Origin.UserAgent, e.Origin.RequestID, string(e.Before), string(e.After),
	}
	for i, cell := range record {
		record[i] = httpx.CSVCell(cell)
	}
	return record
}
