package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
)

// leakPages take reports from people who found keys, and show them to the staff.
type leakPages struct{ *site }

func (p *leakPages) mount(g *gin.RouterGroup) {
	g.GET("/leaked", p.open(p.leakedPage))
	g.POST("/leaked", p.open(p.reportLeak))
	g.GET("/provider/leaks", p.staff(p.listLeaks))
}

// leakForm is the form of a report. Pasted keys are not shown again.
type leakForm struct {
	URL, Note string
	Most      int
}

func leakTyped(v url.Values) leakForm {
	return leakForm{URL: v.Get("url"), Note: v.Get("note"), Most: leaks.MaxKeys}
}

func (p *leakPages) leakedPage(c *gin.Context) error {
	return p.show(c, http.StatusOK, "leaked", view{Title: p.say(c, "leaked.title"), Data: leakTyped(nil)})
}

// reportLeak answers before anything is looked up, the same for every report.
func (p *leakPages) reportLeak(c *gin.Context) error {
	values, err := p.openForm(c)
	if err != nil {
		return err
	}
	s := leaks.Sighting{
		Source: leaks.Anonymous, Address: proxies.ClientOf(c.Request.Context()).Address, Note: values.Get("note"),
	}
	for line := range strings.Lines(values.Get("keys")) {
		if line = strings.TrimSpace(line); line != "" {
			s.Finds = append(s.Finds, leaks.Find{Text: line, URL: values.Get("url")})
		}
	}
	begin, err := p.Leaks.Accept(c.Request.Context(), s)
	if err != nil {
		return p.saidFields(c, err, func(wrong faults) error {
			return p.show(c, http.StatusUnprocessableEntity, "leaked", view{Title: p.say(c, "leaked.title"), Faults: wrong, Data: leakTyped(values)})
		}, "keys", "url", "note")
	}
	defer begin()
	if err := p.told(c, p.say(c, "leaked.thanks"), p.say(c, "leaked.thanks_text"), way{"/login", p.say(c, "told.to_sign_in")}); err != nil {
		return err
	}
	c.Writer.Flush()
	return nil
}

type leaksPage struct {
	Rows []leaks.Leak
	Next string
}

func (p *site) leaksPage(c *gin.Context, after string, most int) (out leaksPage, err error) {
	found, err := p.Leaks.List(c.Request.Context(), principal(c), keys.Page{After: after, Limit: most + 1})
	if err != nil {
		return out, err
	}
	if len(found) > most {
		found, out.Next = found[:most], found[most-1].ID
	}
	out.Rows = found
	return out, nil
}

func (p *leakPages) listLeaks(c *gin.Context) error {
	out, err := p.leaksPage(c, c.Query("after"), pageSize)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "staff-leaks", view{Title: p.say(c, "incident.leaks"), Data: out})
}
