package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/keys"
)

// scopePages show and edit the scope catalogue.
type scopePages struct{ *site }

func (p *scopePages) mount(g *gin.RouterGroup) {
	g.GET("/provider/scopes", p.staff(p.listScopes))
	g.POST("/provider/scopes", p.staff(p.createScope))
	g.GET("/provider/scopes/:name", p.staff(p.showScope))
	g.POST("/provider/scopes/:name", p.staff(p.describeScope))
	g.POST("/provider/scopes/:name/rename", p.staff(p.renameScope))
	g.POST("/provider/scopes/:name/retire", p.staff(p.retireScope(true)))
	g.POST("/provider/scopes/:name/restore", p.staff(p.retireScope(false)))
}

type scopesPage struct {
	Rows        []scopeRow
	Next        string
	Incomplete  bool
	Name        string // as typed
	Description string
}

type scopeRow struct {
	keys.Scope
	Use keys.ScopeUse
}

func (p *scopePages) listScopes(c *gin.Context) error { return p.scopesView(c, http.StatusOK, nil) }

func (p *scopePages) scopesView(c *gin.Context, status int, wrong faults) error {
	ctx := c.Request.Context()
	found, err := p.Keys.Scopes(ctx, keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	var out scopesPage
	found, out.Next = fullPage(found, func(s *keys.Scope) string { return s.Name })
	all := make([]string, len(found))
	for i := range found {
		all[i] = found[i].Name
	}
	use, err := p.Keys.ScopesUse(ctx, principal(c), all)
	if err != nil {
		return err
	}
	for i := range found {
		row := scopeRow{found[i], *use[found[i].Name]}
		out.Incomplete = row.Use.Incomplete
		out.Rows = append(out.Rows, row)
	}
	if wrong != nil {
		out.Name, out.Description = c.PostForm("name"), c.PostForm("description")
	}
	return p.show(c, status, "staff-scopes", view{
		Title: p.say(c, "scopes.title"), Faults: wrong,
		Notice: p.say(c, "staff.done_"+c.Query("done")),
		Data:   out,
	})
}

func (p *scopePages) createScope(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	_, err = p.Keys.CreateScope(c.Request.Context(), principal(c), strings.TrimSpace(values.Get("name")),
		keys.ScopeFields{Description: strings.TrimSpace(values.Get("description"))})
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/provider/scopes?done=saved")
		return nil
	}
	return p.saidFields(c, err, func(wrong faults) error {
		return p.scopesView(c, http.StatusUnprocessableEntity, wrong)
	}, "name", "description")
}

// scopePage shows one scope. Its forms keep what was typed.
type scopePage struct {
	keys.Scope
	Use       keys.ScopeUse
	Ours      bool // a scope of the management API
	Described string
	To        string
	Days      string
	Preview   bool // the rename waits for confirmation
	KeptUntil time.Time
}

const standardKeepDays = "30"

func (p *scopePages) showScope(c *gin.Context) error {
	return p.scopeView(c, http.StatusOK, nil, func(*scopePage) {})
}

func (p *scopePages) scopeView(c *gin.Context, status int, wrong faults, change func(*scopePage)) error {
	ctx := c.Request.Context()
	one, err := p.Keys.Scope(ctx, c.Param("name"))
	if err != nil {
		return err
	}
	use, err := p.Keys.ScopesUse(ctx, principal(c), []string{one.Name})
	if err != nil {
		return err
	}
	out := scopePage{
		Scope: one, Use: *use[one.Name], Ours: strings.HasPrefix(one.Name, "latchkey:"), Described: one.Description,
		Days: standardKeepDays,
	}
	change(&out)
	return p.show(c, status, "staff-scope", view{Title: one.Name, Faults: wrong, Notice: p.say(c, "staff.done_"+c.Query("done")), Data: out})
}

func (p *scopePages) describeScope(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(values.Get("description"))
	_, err = p.Keys.ChangeScope(c.Request.Context(), principal(c), c.Param("name"), keys.AnyRevision,
		func(keys.ScopeFields) (keys.ScopeFields, error) {
			return keys.ScopeFields{Description: text}, nil
		})
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/provider/scopes/"+c.Param("name")+"?done=saved")
		return nil
	}
	return p.saidFields(c, err, func(wrong faults) error {
		return p.scopeView(c, http.StatusUnprocessableEntity, wrong, func(out *scopePage) { out.Described = values.Get("description") })
	}, "description")
}

// renameScope first shows who would get the new name. It starts the rename once
// the form confirms it.
func (p *scopePages) renameScope(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	to := strings.TrimSpace(values.Get("to"))
	typed := func(out *scopePage) { out.To, out.Days = values.Get("to"), values.Get("days") }
	refuse := func(wrong faults) error { return p.scopeView(c, http.StatusUnprocessableEntity, wrong, typed) }
	days, err := strconv.Atoi(strings.TrimSpace(values.Get("days")))
	keep := time.Duration(days) * hoursOfDay * time.Hour
	if err != nil || days < 0 || keep > keys.MaxRename {
		return refuse(faults{"days": p.say(c, "scopes.bad_days")})
	}
	if !keys.ValidScope(to) {
		return refuse(faults{"to": p.say(c, "scopes.bad_name")})
	}
	if values.Get("sure") != "yes" {
		return p.scopeView(c, http.StatusOK, nil, func(out *scopePage) {
			typed(out)
			out.Preview, out.KeptUntil = true, time.Now().Add(keep)
		})
	}
	ctx, who := c.Request.Context(), principal(c)
	_, err = p.Keys.RenameScope(ctx, who, c.Param("name"), keys.AnyRevision, to, keep)
	if wrong, ok := p.asFaults(c, err, "name"); ok {
		if wrong["name"] != "" {
			wrong["to"] = wrong["name"]
		}
		return refuse(wrong)
	}
	if err == nil {
		_, err = p.Keys.RenameStep(ctx, who) // one node does the rest in the background
	}
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/provider/scopes?done=renamed")
	return nil
}

func (p *scopePages) retireScope(retired bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		_, err := p.Keys.RetireScope(c.Request.Context(), principal(c), c.Param("name"), keys.AnyRevision, retired)
		if err == nil {
			c.Redirect(http.StatusSeeOther, "/provider/scopes/"+c.Param("name")+"?done=saved")
			return nil
		}
		return p.saidFields(c, err, func(wrong faults) error {
			return p.scopeView(c, http.StatusUnprocessableEntity, wrong, func(*scopePage) {})
		})
	}
}
