package web

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/texts"
	"github.com/latchkey/latchkey/internal/verdicts"
)

//go:embed templates
var templates embed.FS

// pages holds the pages by language and name. Each is parsed when first shown:
// all of them are a quarter of a million objects, which a service that only
// verifies does not need.
type pages map[pageKey]func() (*template.Template, error)

type pageKey struct{ language, name string }

func pageNames() []string {
	return append([]string{
		"login", "accounts", "account-new", "account", "key-new", "key-issued", "key", "key-rotate", "key-revoke", "error",
		"home", "keys", "keys-bulk", "key-edit", "usage", "playground", "calendar", "code", "signup", "told", "confirm",
		"invitation", "forgotten",
		"password-new", "me", "otp", "organizations", "organization", "unsubscribe", "leaked",
		"form-kept", "account-edit", "account-disable", "account-delete", "account-transfer", "audit", "member-remove", "invitation-withdraw",
		"webhooks", "webhook", "webhook-issued", "webhook-delivery",
	}, append(guideTemplates(), staffTemplates()...)...)
}

func newPages() pages {
	all := pages{}
	for _, language := range texts.Languages() {
		for _, name := range pageNames() {
			all[pageKey{language, name}] = sync.OnceValues(func() (*template.Template, error) {
				return parsePage(name, texts.In(language))
			})
		}
	}
	return all
}

// parsePage parses a page together with its frame.
func parsePage(name string, say *texts.Catalogue) (*template.Template, error) {
	t, err := template.New("base.html").Funcs(functions(say)).ParseFS(templates, "templates/base.html", "templates/parts.html",
		"templates/staff-parts.html", "templates/"+name+".html")
	if err != nil {
		return nil, fmt.Errorf("parse page %s: %w", name, err)
	}
	return t, nil
}

func functions(say *texts.Catalogue) template.FuncMap {
	return template.FuncMap{
		"when":       func(t time.Time) template.HTML { return when(say, t) },
		"date":       say.Time,
		"words":      func(s string) string { return cmp.Or(say.Text("word."+s), strings.ReplaceAll(s, "_", " ")) },
		"dict":       dict,
		"list":       func(all ...any) []any { return all },
		"t":          say.Say,
		"told":       func(t errs.Text) string { return t.In(say) },
		"said":       forScript(say),
		"links":      func() []option { return links(say) },
		"thousands":  say.Number,
		"count":      func(n reflect.Value) string { return say.Number(uint64(max(0, n.Int()))) },
		"staffLinks": func() []option { return staffLinks(say) },
		"staffTiles": staffTiles,
		"duration":   shortDuration,
		"plus":       plus,
	}
}

// links returns the entries of the navigation bar.
func links(say *texts.Catalogue) []option {
	return []option{
		{"/", say.Text("nav.home")},
		{"/keys", say.Text("nav.keys")},
		{"/service-accounts", say.Text("nav.accounts")},
		{"/usage", say.Text("nav.usage")},
		{"/calendar", say.Text("nav.calendar")},
		{"/playground", say.Text("nav.playground")},
		{"/organizations", say.Text("nav.organizations")},
		{"/guides", say.Text("nav.guides")},
		{"/docs", say.Text("nav.reference")},
	}
}

// when formats a moment in UTC; a script converts it to the reader's time zone.
func when(say *texts.Catalogue, t time.Time) template.HTML {
	if t.IsZero() {
		return "—"
	}
	//nolint:gosec // G203: made of digits and names of months only
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + say.Time("moment", t) + `</time>`)
}

// dict builds a partial template's arguments from names and values.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict needs names and values")
	}
	d := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is not a name", pairs[i])
		}
		d[name] = pairs[i+1]
	}
	return d, nil
}

// view holds what every page needs.
type view struct {
	Title    string
	User     *auth.User // nil before sign-in
	Language string     // tag of the texts' language
	CSRF     string
	Theme    string // light, dark, or "" to follow the system
	Here     string // path of the page
	Faults   faults
	Notice   string
	Data     any
}

// faults holds the errors of a form by field, with "" for those without one.
type faults map[string]string

// asFaults splits an error by the form's fields. ok is false if the reader cannot
// fix it.
func (p *site) asFaults(c *gin.Context, err error, fields ...string) (f faults, ok bool) {
	e, is := errors.AsType[*errs.Error](err)
	if !is || (e.Kind != errs.Invalid && e.Kind != errs.Conflict && e.Kind != errs.Forbidden && e.Kind != errs.Limited &&
		e.Kind != errs.Unauthenticated) {
		return nil, false
	}
	f, say := faults{}, p.onPage(c)
	for _, x := range e.Fields {
		name, _, _ := strings.Cut(x.Name, "[")
		name, _, _ = strings.Cut(name, ".")
		if !slices.Contains(fields, name) {
			f[""] = strings.TrimPrefix(f[""]+"; "+x.Name+" "+x.In(say), "; ")
			continue
		}
		f[name] = strings.TrimPrefix(f[name]+"; "+x.In(say), "; ")
	}
	if len(e.Fields) == 0 {
		f[""] = e.Text.In(say)
	}
	return f, true
}

// show renders a page.
func (p *site) show(c *gin.Context, status int, name string, v view) error {
	v.CSRF = p.CSRF.Token(c.Writer, c.Request)
	v.User = principal(c).User
	say := p.language(c)
	spoken(c, say)
	v.Language = say.Language()
	v.Theme, v.Here = theme(c.Request), c.Request.URL.Path
	page, err := p.pages[pageKey{v.Language, name}]()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, &v); err != nil {
		return fmt.Errorf("render page %s: %w", name, err)
	}
	c.Data(status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// problemPage is what the error page shows.
type problemPage struct {
	Status    int
	RequestID string
}

// retryAfter sets Retry-After, in whole seconds.
func retryAfter(c *gin.Context, e *errs.Error) {
	if e.RetryAfter > 0 {
		c.Header("Retry-After", strconv.FormatInt(verdicts.WholeSeconds(e.RetryAfter), 10))
	}
}

// fail renders an error as a page.
func (p *site) fail(c *gin.Context, err error) {
	status, public := httpx.Public(err)
	id := c.Writer.Header().Get(httpx.RequestIDHeader)
	p.Edge.Log(c, status, err, id)
	retryAfter(c, public)
	v := view{Title: p.statusText(c, status), Notice: public.Text.In(p.onPage(c)), Data: problemPage{Status: status, RequestID: id}}
	if err := p.show(c, status, "error", v); err != nil {
		c.Status(http.StatusInternalServerError)
	}
}

// statusText returns the title of an error page.
func (p *site) statusText(c *gin.Context, status int) string {
	return cmp.Or(p.say(c, "status."+strconv.Itoa(status)), http.StatusText(status))
}

// inLink encodes a query for use in a template.
func inLink(v url.Values) template.URL {
	return template.URL(v.Encode()) //nolint:gosec // G203: encoded, and behind a question mark
}

// queryOf encodes pairs of names and values as a query.
func queryOf(pairs ...string) template.URL {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return inLink(v)
}
