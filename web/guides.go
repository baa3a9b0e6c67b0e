package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/verify"
)

// guidePages explain how to use the service.
type guidePages struct{ *site }

func (p *guidePages) mount(g *gin.RouterGroup) {
	g.GET("/guides", p.member(p.listGuides))
	for _, name := range guides() {
		g.GET("/guides/"+name, p.member(func(c *gin.Context) error { return p.guide(c, name) }))
	}
}

// guides returns the names of the guides in reading order.
func guides() []string { return []string{"first-key", "gateway", "rotation", "errors"} }

func guideTemplates() []string {
	all := []string{"guides"}
	for _, name := range guides() {
		all = append(all, "guide-"+name)
	}
	return all
}

// guideLink is a link to a guide.
type guideLink struct{ Path, Title, About string }

func (p *guidePages) listGuides(c *gin.Context) error {
	var all []guideLink
	for _, name := range guides() {
		all = append(all, guideLink{"/guides/" + name, p.say(c, "guides."+name), p.say(c, "guides."+name+"_about")})
	}
	return p.show(c, http.StatusOK, "guides", view{Title: p.say(c, "guides.title"), Data: all})
}

// guidePage holds the values for a guide's examples.
type guidePage struct {
	Base  string
	Scope string // "" in the nginx example
	Codes []guideCode
}

// guideCode is one outcome of a verification.
type guideCode struct {
	Code   verify.Code
	Status int // of GET /verify
	Words  string
	Mend   string
}

func (p *guidePages) guide(c *gin.Context, name string) error {
	out := guidePage{Base: p.BaseURL}
	for _, code := range verify.Codes() {
		out.Codes = append(out.Codes, guideCode{code, httpx.StatusOf(code), p.say(c, "code."+string(code)), p.say(c, "mend."+string(code))})
	}
	return p.show(c, http.StatusOK, "guide-"+name, view{Title: p.say(c, "guides."+name), Data: out})
}
