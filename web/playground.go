package web

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// playgroundPages verify a key by hand.
type playgroundPages struct{ *site }

func (p *playgroundPages) mount(g *gin.RouterGroup) {
	g.GET("/playground", p.member(p.playgroundPage))
	g.POST("/playground", p.member(p.play))
}

// playgroundPage is a dry run. It does not hold the pasted key, which is never
// stored and never in a URL.
type playgroundPage struct {
	Scopes  string
	Cost    string
	Address string
	Ran     bool
	Verdict verify.Verdict
	Words   string
	Steps   []stepRow
	Request string
	Base    string
}

type stepRow struct {
	verify.Step
	Name, Detail, Change string
}

func (p *playgroundPages) playgroundPage(c *gin.Context) error {
	return p.show(c, http.StatusOK, "playground", view{Title: p.say(c, "play.title"), Data: playgroundPage{Cost: "1", Base: p.BaseURL}})
}

// play shows the result of the dry run.
func (p *playgroundPages) play(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	out := playgroundPage{Scopes: values.Get("scopes"), Cost: values.Get("cost"), Address: values.Get("address"), Base: p.BaseURL}
	q, err := question(&out, strings.TrimSpace(values.Get("key")))
	if wrong, ok := p.asFaults(c, err, "key", "scopes", "cost", "address"); ok {
		return p.show(c, http.StatusUnprocessableEntity, "playground", view{Title: p.say(c, "play.title"), Faults: wrong, Data: out})
	}
	q.Asker, q.DryRun = principal(c), true
	q.Charged, q.DryCharged = q.Asker.Subject().ID, true
	if out.Verdict, err = p.Verifier.Verify(c.Request.Context(), q); err != nil {
		return err
	}
	out.Ran, out.Words = true, p.say(c, "code."+string(out.Verdict.Code))
	say := p.onPage(c)
	for _, s := range out.Verdict.Steps {
		out.Steps = append(out.Steps, stepRow{s, p.say(c, "check."+s.Check), s.Detail.In(say), s.Change.In(say)})
	}
	out.Request = request(&out, q)
	return p.show(c, http.StatusOK, "playground", view{Title: p.say(c, "play.title"), Data: out})
}

// question parses the form.
func question(out *playgroundPage, key string) (*verify.Question, error) {
	var f errs.Faults
	q := &verify.Question{
		Key: key, Scopes: strings.FieldsFunc(out.Scopes, func(r rune) bool {
			return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t'
		}),
	}
	f.Check(key != "" && len(key) < 4096, "key", "paste_key")
	f.Check(len(q.Scopes) <= keys.MaxScopes, "scopes", "too_many")
	for _, scope := range q.Scopes {
		f.Check(keys.ValidScope(scope) || f.Has("scopes"), "scopes", "scopes_invalid")
	}
	var err error
	if q.Cost, err = strconv.ParseInt(strings.TrimSpace(out.Cost), 10, 64); err != nil || q.Cost < 0 || q.Cost > verify.MaxCost {
		f.Add("cost", "cost_invalid")
	}
	if text := strings.TrimSpace(out.Address); text != "" {
		if q.Address, err = netip.ParseAddr(text); err != nil {
			f.Add("address", "address_shape")
		}
	}
	return q, f.Err()
}

// request returns the verification request to copy, without the key.
func request(out *playgroundPage, q *verify.Question) string {
	var b strings.Builder
	b.WriteString(`curl -i -H "X-API-Key: $LATCHKEY_API_KEY" '` + out.Base + "/verify")
	next := "?"
	for _, scope := range q.Scopes {
		b.WriteString(next + "scope=" + scope)
		next = "&"
	}
	if q.Cost != 1 {
		b.WriteString(next + "cost=" + strconv.FormatInt(q.Cost, 10))
	}
	b.WriteString("'")
	return b.String()
}
