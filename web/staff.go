package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/texts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// staffPages show the staff's overview and the state of the service.
type staffPages struct{ *site }

func (p *staffPages) mount(g *gin.RouterGroup) {
	g.GET("/provider", p.staff(p.staffHome))
	g.POST("/provider/find", p.staff(p.findKey))
	g.GET("/provider/system", p.staff(p.showSystem))
	g.POST("/provider/system/rotate", p.staff(p.rotateSigningKey))
}

// Staff is what the pages of the provider's staff need. All fields are required.
type Staff struct {
	Incidents *incidents.Service
	Imports   *imports.Service
	Creators  keys.Creators
	Owners    keys.Owners
	System    func(ctx context.Context) (System, error)
	// RotateSigningKey makes the next key that signs tokens.
	RotateSigningKey func(ctx context.Context) error
}

func (s *Staff) complete() bool {
	return s.Incidents != nil && s.Imports != nil && s.Creators != nil && s.Owners != nil && s.System != nil && s.RotateSigningKey != nil
}

// staffTemplates returns the templates of the staff's pages.
func staffTemplates() []string {
	return []string{
		"staff-home", "staff-found", "staff-incidents", "staff-incident-new", "staff-incident", "staff-imports", "staff-import",
		"staff-imports-in-use", "staff-tiers", "staff-tier", "staff-override",
		"staff-scopes", "staff-scope", "staff-organizations", "staff-organization", "staff-users", "staff-user", "staff-orphans", "staff-system",
		"staff-leaks",
	}
}

// staff handles pages for the provider's staff. For others they do not exist.
func (p *site) staff(handle func(*gin.Context) error) gin.HandlerFunc {
	return p.member(func(c *gin.Context) error {
		if !principal(c).IsAdmin() {
			return errs.New(errs.NotFound, "no_page")
		}
		return handle(c)
	})
}

// ForStaff reports whether the reader sees the provider's part of the portal.
func (v *view) ForStaff() bool { return v.User != nil && v.User.IsAdmin }

// InStaff reports whether the page belongs to the provider's part.
func (v *view) InStaff() bool {
	return v.Here == "/provider" || strings.HasPrefix(v.Here, "/provider/")
}

type staffHomePage struct {
	Open []incidents.Incident // running or interrupted
	Now  time.Time
}

const incidentsLooked = 20

func (p *staffPages) staffHome(c *gin.Context) error { return p.staffHomeWith(c, http.StatusOK, nil) }

func (p *staffPages) staffHomeWith(c *gin.Context, status int, wrong faults) error {
	out := staffHomePage{Now: time.Now()}
	some, err := p.Staff.Incidents.List(c.Request.Context(), principal(c), keys.Page{Limit: incidentsLooked})
	if err != nil {
		return err
	}
	for i := range some {
		if n := &some[i]; n.State != incidents.Planning && (n.Working(out.Now) || n.Interrupted(out.Now)) {
			out.Open = append(out.Open, *n)
		}
	}
	return p.show(c, status, "staff-home", view{Title: p.say(c, "staff.title"), Faults: wrong, Data: out})
}

// foundPage lists the keys that were found, but not the search text.
type foundPage struct {
	Rows []keyRow
	Full bool // there may be more
}

// findKey looks for keys by the posted text, which is neither stored nor shown
// again.
func (p *staffPages) findKey(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	found, err := p.Keys.FindAny(c.Request.Context(), principal(c), values.Get("find"))
	if wrong, ok := p.asFaults(c, err, "find"); ok {
		return p.staffHomeWith(c, http.StatusUnprocessableEntity, wrong)
	}
	if err != nil {
		return err
	}
	if len(found) == 1 {
		c.Redirect(http.StatusSeeOther, "/keys/"+found[0].ID)
		return nil
	}
	out := foundPage{Full: len(found) == keys.MostFound}
	for i := range found {
		out.Rows = append(out.Rows, rowOf(found[i]))
	}
	return p.show(c, http.StatusOK, "staff-found", view{Title: p.say(c, "staff.found"), Data: out})
}

// saidFields shows a form with its faults beside the fields. It returns an error
// that the reader cannot fix.
func (p *site) saidFields(c *gin.Context, err error, show func(faults) error, fields ...string) error {
	wrong, ok := p.asFaults(c, err, fields...)
	if !ok {
		return err
	}
	return show(wrong)
}

// ruleOf parses a rate such as "100/10s" or "100/10s burst 200"; nil for empty
// text.
func ruleOf(values url.Values, field string) (*ratelimit.Rule, error) {
	text := strings.TrimSpace(values.Get(field))
	if text == "" {
		return nil, nil
	}
	rule, err := ratelimit.ParseRule(text)
	if err != nil {
		return nil, errs.BadField(field, "rate_shape")
	}
	return &rule, nil
}

// quotaOf parses a quota such as "100000/month"; nil if there is none.
func quotaOf(values url.Values, field string) (*ratelimit.Quota, error) {
	text := strings.TrimSpace(values.Get(field))
	if text == "" {
		return nil, nil
	}
	requests, per, ok := strings.Cut(text, "/")
	n, err := strconv.ParseInt(strings.TrimSpace(requests), 10, 64)
	period := ratelimit.Period(strings.TrimSpace(per))
	if !ok || err != nil || !slices.Contains([]ratelimit.Period{ratelimit.Day, ratelimit.Month}, period) {
		return nil, errs.BadField(field, "quota_shape")
	}
	return &ratelimit.Quota{Requests: n, Per: period}, nil
}

func ruleText(r *ratelimit.Rule) string {
	if r == nil {
		return ""
	}
	if text, same := strings.CutSuffix(r.String(), " burst "+strconv.FormatInt(r.Requests, 10)); same {
		return text
	}
	return r.String()
}

func quotaText(q *ratelimit.Quota) string {
	if q == nil {
		return ""
	}
	return strconv.FormatInt(q.Requests, 10) + "/" + string(q.Per)
}

// names caches organization names while a page is built.
type names map[string]string

// organizationName returns the name, or the id of a deleted organization.
func (p *site) organizationName(ctx context.Context, who keys.Actor, known names, id string) string {
	if name, ok := known[id]; ok {
		return name
	}
	known[id] = id
	if o, err := p.Keys.Organization(ctx, who, id); err == nil {
		known[id] = o.Name
	}
	return known[id]
}

// pageNumber returns the requested page, 0 for none.
func pageNumber(c *gin.Context) int {
	n, err := strconv.Atoi(c.Query("page"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// staffSections returns the paths of the staff's sections.
func staffSections() []string {
	return []string{"incidents", "webhooks", "imports", "tiers", "scopes", "organizations", "users", "orphans", "system"}
}

func staffLinks(say *texts.Catalogue) []option {
	all := []option{{"/provider", say.Text("staff.home")}}
	for _, section := range staffSections() {
		all = append(all, option{"/provider/" + section, say.Text("staff." + section)})
	}
	return all
}

func staffTiles() (all []option) {
	for _, section := range staffSections() {
		all = append(all, option{"/provider/" + section, section})
	}
	return all
}

// shortDuration formats a duration without zero parts, and as days if it is whole
// days.
func shortDuration(d time.Duration) string {
	const day = hoursOfDay * time.Hour
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + " d"
	}
	text := strings.TrimSuffix(d.String(), "m0s")
	if text != d.String() {
		text += "m"
	}
	if hours, whole := strings.CutSuffix(text, "h0m"); whole {
		text = hours + "h"
	}
	return text
}

// plus returns a sign if there are more than were counted.
func plus(more bool) string {
	if more {
		return "+"
	}
	return ""
}
