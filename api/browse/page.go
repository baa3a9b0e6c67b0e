package browse

import (
	"embed"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/internal/texts"
)

//go:embed page.html browse.css
var files embed.FS

var page = template.Must(template.ParseFS(files, "page.html"))

// Style returns the style sheet of the pages, which they load from StylePath.
func Style() ([]byte, error) { return files.ReadFile("browse.css") }

// StylePath is the path of the style sheet.
const StylePath = "/docs/browse.css"

// Policy is the Content-Security-Policy of the pages: no script at all.
const Policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Form lets the reader send one more request.
type Form struct {
	Method  string
	Path    string
	Summary string
	Body    string // initial JSON, "" for a request without a body
	ETag    string // the state that the reader saw, "" for none
	Danger  bool
}

// Bounds of the body field, in lines.
const (
	leastRows = 4
	mostRows  = 24
)

// Rows returns the height of the body field in lines: the whole body, unless it
// is long.
func (f Form) Rows() int {
	return min(max(strings.Count(f.Body, "\n")+2, leastRows), mostRows)
}

// Answer is an answer of the API to draw.
type Answer struct {
	Method     string
	URL        *url.URL
	Status     int
	Header     http.Header
	Body       []byte
	Permission string // required by the route
	User       string // the signed-in user, "" for nobody
	CSRF       string
	Forms      []Form
	Say        *texts.Catalogue // texts of the page itself
}

type line struct{ Name, Value string }

type crumb struct{ Name, Path string }

// view is an Answer prepared for the template.
type view struct {
	Answer
	Path, Reason, Kind, Next string
	More                     string // link to the next page of a list, "" on the last
	Headers                  []line
	Crumbs                   []crumb
	Spans                    []span
}

// T returns the named text in the reader's language.
func (v view) T(name string) string { return v.Say.Text(name) }

// shown are the headers worth showing to a reader, in this order.
var shown = []string{
	"Allow", "Content-Type", "Location", "ETag", "WWW-Authenticate", "Retry-After", "Idempotent-Replayed",
	"RateLimit", "RateLimit-Policy", "Cache-Control", "X-Request-Id",
}

// Write draws the answer.
func Write(w io.Writer, a *Answer) error {
	v := view{Answer: *a, Path: a.URL.RequestURI(), Reason: http.StatusText(a.Status), Kind: "good", Crumbs: crumbs(a.URL.Path)}
	if a.Status >= http.StatusBadRequest {
		v.Kind = "bad"
	}
	v.Next = "/login?next=" + url.QueryEscape(a.URL.Path)
	for _, name := range shown {
		if values := a.Header.Values(name); len(values) > 0 {
			v.Headers = append(v.Headers, line{name, strings.Join(values, ", ")})
		}
	}
	if len(a.Body) > 0 {
		v.Spans = colour(a.Body, a.URL)
		v.More = more(a)
	}
	return page.Execute(w, v)
}

// more returns the link to the next page of the list.
func more(a *Answer) string {
	var list struct {
		Items json.RawMessage `json:"items"`
		Next  string          `json:"next_cursor"`
	}
	if json.Unmarshal(a.Body, &list) != nil || list.Items == nil || list.Next == "" {
		return ""
	}
	return link(cursorName, list.Next, a.URL)
}

// crumbs returns the steps from the root of the API to the path.
func crumbs(path string) []crumb {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var way []crumb
	for i := range parts {
		way = append(way, crumb{parts[i], "/" + strings.Join(parts[:i+1], "/")})
	}
	return slices.Clip(way)
}
