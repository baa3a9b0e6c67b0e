package api

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/api/browse"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
)

// Fields of the forms on the pages. A browser's form can only POST, so a field
// names the real method.
const (
	methodField  = "_method"
	contentField = "_content"
	etagField    = "_etag"
)

// browses reports whether the request comes from a person with a browser, who
// gets a page.
func browses(c *gin.Context) bool {
	accept := c.GetHeader("Accept")
	return strings.Contains(accept, "text/html") && !strings.Contains(accept, "application/json") && isAPI(c.Request.URL.Path)
}

func isAPI(path string) bool {
	return path == "/api" || strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/api-token-auth") ||
		strings.HasPrefix(path, "/api-auth/")
}

// mountForms lets the forms of pages POST to paths that have no POST of their
// own.
func (a *API) mountForms(g *gin.RouterGroup) {
	seen := map[string]bool{}
	for _, r := range a.table {
		if seen[r.path] || !isAPI(r.path) || strings.Contains(a.methods[r.path], http.MethodPost) {
			continue
		}
		seen[r.path] = true
		both(g, http.MethodPost, r.path, func(c *gin.Context) {
			if isForm(c) && browses(c) {
				a.submit(c)
				return
			}
			a.MethodNotAllowed(c)
		})
	}
}

func isForm(c *gin.Context) bool {
	kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	return err == nil && kind == formType
}

// submit handles a page's form as the request that it represents. The form must
// come from one of our pages, whatever the credential: a browser sends Basic
// passwords by itself, too.
func (a *API) submit(c *gin.Context) {
	path := strings.TrimSuffix(c.FullPath(), "/")
	r, err := a.readSubmission(c, path)
	if err != nil {
		a.draw(c, route{method: c.Request.Method, path: path, permission: auth.AllowAny()}, func() { a.render(c, err) })
		return
	}
	a.draw(c, r, func() { a.answer(c, r) })
}

func (a *API) readSubmission(c *gin.Context, path string) (route, error) {
	if err := a.CSRF.Check(c.Request); err != nil {
		return route{}, err
	}
	if c.Request.ParseForm() != nil {
		return route{}, errs.New(errs.Invalid, "form_unreadable")
	}
	form := c.Request.PostForm
	method := form.Get(methodField)
	i := slices.IndexFunc(a.table, func(r route) bool { return r.path == path && r.method == method && r.access == guarded })
	if i < 0 {
		return route{}, errs.New(errs.Unsupported, "content_type", "types", jsonType)
	}
	r := c.Request
	r.Method = method
	r.Header.Set(auth.CSRFHeader, form.Get(auth.CSRFField))
	r.Header.Set("Content-Type", jsonType)
	if tag := form.Get(etagField); tag != "" {
		r.Header.Set("If-Match", tag)
	}
	content := form.Get(contentField)
	c.Set(submitted, content)
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(content)), int64(len(content))
	return a.table[i], nil
}

// submitted is the context key of a form's text, shown again if it is refused.
const submitted = "submitted"

// captured records an answer so that it can be drawn.
type captured struct {
	gin.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *captured) WriteHeader(status int) { w.status = status }
func (w *captured) WriteHeaderNow()        {}
func (w *captured) Status() int            { return w.status }
func (w *captured) Size() int              { return w.body.Len() }
func (w *captured) Written() bool          { return w.body.Len() > 0 }

func (w *captured) Write(b []byte) (int, error)       { return w.body.Write(b) }
func (w *captured) WriteString(s string) (int, error) { return w.body.WriteString(s) }

// draw answers the request as a page.
func (a *API) draw(c *gin.Context, r route, do func()) {
	direct := c.Writer
	w := &captured{ResponseWriter: direct, status: http.StatusOK}
	c.Writer = w
	do()
	c.Writer = direct
	p, h := principal(c), direct.Header()
	answer := browse.Answer{
		Method: r.method, URL: c.Request.URL, Status: w.status, Header: h.Clone(), Body: w.body.Bytes(), Permission: r.permission.String(),
		Say: language(c),
	}
	if p.Session != nil {
		answer.User, answer.CSRF = p.User.Email, a.CSRF.Token(direct, c.Request)
		answer.Forms = a.forms(c, r, p, w)
	}
	for _, name := range []string{"Content-Type", "ETag", "Location", "WWW-Authenticate"} {
		h.Del(name)
	}
	h.Set("Content-Language", answer.Say.Language())
	h.Set("Content-Security-Policy", browse.Policy)
	h.Set("Referrer-Policy", "same-origin")
	var page bytes.Buffer
	if err := browse.Write(&page, &answer); err != nil {
		a.render(c, err)
		return
	}
	status := w.status
	if status == http.StatusNoContent {
		status = http.StatusOK // a browser shows nothing for an answer without content
	}
	c.Data(status, "text/html; charset=utf-8", page.Bytes())
}

// forms returns what the reader may do at this path and one step below it.
func (a *API) forms(c *gin.Context, shown route, p *auth.Principal, w *captured) []browse.Form {
	if w.status >= http.StatusBadRequest && shown.method == http.MethodGet {
		return nil
	}
	here := strings.TrimSuffix(c.Request.URL.Path, "/")
	var all []browse.Form
	for _, r := range a.table {
		rest, below := strings.CutPrefix(r.path, shown.path)
		action := r.method == http.MethodPost && strings.HasPrefix(rest, "/") && !strings.ContainsAny(rest[1:], "/:")
		twice := r.method == http.MethodPut && strings.Contains(a.methods[r.path], http.MethodPatch) // offer one way to change, not two
		if twice || r.access != guarded || r.method == http.MethodGet || !below ||
			(rest != "" && (!action || !strings.Contains(shown.path, ":"))) || !r.permission.Permits(p, r.method) {
			continue
		}
		all = append(all, browse.Form{
			Method: r.method, Path: here + rest, Body: typed(c, &r, &shown, w),
			ETag: etagFor(&r, w.Header()), Danger: r.method == http.MethodDelete,
		})
	}
	return all
}

// typed returns the initial text of a form: what the reader typed if it was
// refused, else prefilled JSON.
func typed(c *gin.Context, r, shown *route, w *captured) string {
	if r.method == shown.method && r.path == shown.path && w.status >= http.StatusBadRequest {
		return c.GetString(submitted)
	}
	return prefilled(r, shown.method, w.body.Bytes())
}

func etagFor(r *route, h http.Header) string {
	if r.method == http.MethodPost {
		return ""
	}
	return h.Get("ETag")
}

// prefilled returns the JSON that a form starts with: the current settings for a
// change, else an example.
func prefilled(r *route, shown string, body []byte) string {
	if r.body == nil {
		return ""
	}
	in := reflect.New(reflect.TypeOf(r.body))
	in.Elem().Set(reflect.ValueOf(r.body))
	if r.method == http.MethodPatch && (shown == http.MethodGet || shown == http.MethodPatch) {
		_ = json.Unmarshal(body, in.Interface()) // if the body is a problem, the example stays
	}
	text, err := json.MarshalIndent(in.Interface(), "", "  ")
	if err != nil {
		return "{}"
	}
	return string(text)
}

// root lists the collections, as a starting point for readers.
func (a *API) root(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	found := map[string]string{}
	for _, r := range a.table {
		if name, is := strings.CutPrefix(r.path, "/api/"); is && r.method == http.MethodGet && !strings.ContainsAny(name, ":/") {
			found[strings.ReplaceAll(name, "-", "_")] = r.path
		}
	}
	return answer(c, http.StatusOK, found)
}

// style serves the style sheet of the pages.
func (a *API) style(c *gin.Context) {
	text, err := browse.Style()
	if err != nil {
		a.render(c, err)
		return
	}
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "public, max-age="+strconv.Itoa(300))
	c.Data(http.StatusOK, "text/css; charset=utf-8", text)
}
