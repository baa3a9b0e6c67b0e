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
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/texts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// staffPages are the staff's overview and the state of the service.
type staffPages struct{ *site }

func (p *staffPages) mount(g *gin.RouterGroup) {
	g.GET("/provider", p.staff(p.staffHome))
	g.POST("/provider/find", p.staff(p.findKey))
	g.GET("/provider/system", p.staff(p.showSystem))
	g.POST("/provider/system/rotate", p.staff(p.rotateSigningKey))
}

// Staff is what the pages of the provider's staff need. All fields are
// required.
type Staff struct {
	Incidents *incidents.Service
	Creators  keys.Creators
	Owners    keys.Owners
	System    func(ctx context.Context) (System, error)
	// RotateSigningKey makes the next key that signs tokens.
	RotateSigningKey func(ctx context.Context) error
}

func (s *Staff) complete() bool {
	return s.Incidents != nil && s.Creators != nil && s.Owners != nil && s.System != nil && s.RotateSigningKey != nil
}

// staffPages are the templates of the provider's staff.
func staffTemplates() []string {
	return []string{
		"staff-home", "staff-found", "staff-incidents", "staff-incident-new", "staff-incident", "staff-tiers", "staff-tier", "staff-override",
		"staff-scopes", "staff-scope", "staff-organizations", "staff-organization", "staff-users", "staff-user", "staff-orphans", "staff-system",
	}
}

// staff handles pages for the provider's staff; for others there are none.
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

// InStaff reports whether the page is one of the provider's part.
func (v *view) InStaff() bool {
	return v.Here == "/provider" || strings.HasPrefix(v.Here, "/provider/")
}

type staffHomePage struct {
	Open []incidents.Incident // go on, or are interrupted
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

// foundPage is the keys that were found, never what was asked with.
type foundPage struct {
	Rows []keyRow
	Full bool // there may be more
}

// findKey looks for a key by what was posted, which is kept nowhere and not
// shown again.
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

// saidFields answers a form with what is wrong beside its fields, by show, or
// passes on an error that its reader cannot mend.
func (p *site) saidFields(c *gin.Context, err error, show func(faults) error, fields ...string) error {
	wrong, ok := p.asFaults(c, err, fields...)
	if !ok {
		return err
	}
	return show(wrong)
}

// ruleOf reads a rate as people type it, "100/10s" or "100/10s burst 200"; nil
// if the text is empty.
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

// quotaOf reads a quota as people type it, "100000/month"; nil where there is
// none.
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

// names keeps the names of organizations that a page shows.
type names map[string]string

// organization returns the name, or the id of one that is gone.
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

// pageNumber is the number of the requested page, 0 for none.
func pageNumber(c *gin.Context) int {
	n, err := strconv.Atoi(c.Query("page"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// staffSections are the parts of the provider's pages, by their addresses.
func staffSections() []string {
	return []string{"incidents", "tiers", "scopes", "organizations", "users", "orphans", "system"}
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

// shortDuration writes a duration without its zero parts, and days where it is
// whole ones.
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

// plus says that there are more than were counted.
func plus(more bool) string {
	if more {
		return "+"
	}
	return ""
}
