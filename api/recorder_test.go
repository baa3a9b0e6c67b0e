package api_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// recorder holds every exchange of the suite against openapi.yaml and notes
// which statuses of which operations were seen.
type recorder struct {
	*document
	mu   sync.Mutex
	seen map[string]bool // "GET /verify 200"
}

func newRecorder(d *document) *recorder { return &recorder{document: d, seen: map[string]bool{}} }

// wrap returns next with every exchange checked; it calls fault with what
// breaks the contract.
func (rec *recorder) wrap(next http.Handler, fault func(text string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body []byte
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body) // a body that ends too early is cut there
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		sent := r.Clone(r.Context())
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		for _, text := range rec.exchange(sent, body, kept) {
			fault(fmt.Sprintf("%s %s answered %d: %s\nsent %.300s\ngot %.500s", sent.Method, sent.URL, kept.Code, text, body, kept.Body))
		}
		for name, values := range kept.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes()) // into another recorder
	})
}

// exchange returns how one request and its answer break the contract. A
// request that was refused may break it; that is then why.
func (rec *recorder) exchange(r *http.Request, body []byte, got *httptest.ResponseRecorder) []string {
	o, path := rec.find(r.Method, r.URL.Path)
	if o == nil {
		return rec.undocumented(got)
	}
	rec.note(o, got.Code)
	faults := rec.response(o, got)
	if got.Code < 300 {
		for _, text := range rec.request(o, path, r, body) {
			faults = append(faults, "accepted a request that breaks the contract: "+text)
		}
	}
	return faults
}

func (rec *recorder) note(o *operation, status int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.seen[fmt.Sprintf("%s %d", o, status)] = true
}

// unseen lists the documented statuses that no exchange had.
func (rec *recorder) unseen() []string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	var missing []string
	for _, o := range rec.operations {
		for status := range o.Responses.Map() {
			if name := o.String() + " " + status; !rec.seen[name] {
				missing = append(missing, name)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// undocumented checks the answer at a path or of a method that is not in the
// document: files of the reference page, or a problem.
func (rec *recorder) undocumented(got *httptest.ResponseRecorder) []string {
	if got.Code == http.StatusOK {
		return nil
	}
	if got.Code != http.StatusNotFound && got.Code != http.StatusMethodNotAllowed {
		return []string{"what is not documented is 404 or 405"}
	}
	if kind := got.Header().Get("Content-Type"); kind != problemType {
		return []string{"the answer is " + kind}
	}
	return rec.valid("#/components/schemas/Problem", got.Body.Bytes())
}

// ours are the headers that an answer has only where the document says so.
func ours(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "x-latchkey-") || strings.HasPrefix(name, "ratelimit") || strings.HasPrefix(name, "x-ratelimit-") ||
		slices.Contains([]string{"etag", "location", "retry-after", "www-authenticate", "idempotent-replayed"}, name)
}

func (rec *recorder) response(o *operation, got *httptest.ResponseRecorder) []string {
	ref := o.Responses.Status(got.Code)
	if ref == nil {
		return []string{"the status is not documented"}
	}
	at := pointerOf(ref.Ref, o.at+fmt.Sprintf("/responses/%d", got.Code))
	faults := rec.headers(ref.Value, at, got.Header())
	body, kind := got.Body.Bytes(), got.Header().Get("Content-Type")
	if len(ref.Value.Content) == 0 {
		if len(body) > 0 {
			faults = append(faults, "the answer has a body")
		}
		return faults
	}
	media, _, _ := strings.Cut(kind, ";")
	content := ref.Value.Content[media]
	switch {
	case content == nil:
		return append(faults, "the media type is "+kind)
	case strings.HasSuffix(media, "json"):
		return append(faults, rec.valid(at+"/content/"+escape(media)+"/schema", body)...)
	default:
		return faults
	}
}

func (rec *recorder) headers(documented *openapi3.Response, at string, got http.Header) []string {
	var faults []string
	known := map[string]bool{}
	for name, ref := range documented.Headers {
		known[strings.ToLower(name)] = true
		values := valuesOf(got, name)
		if len(values) == 0 && ref.Value.Required {
			faults = append(faults, "there is no header "+name)
		}
		pointer := pointerOf(ref.Ref, at+"/headers/"+escape(name)) + "/schema"
		for _, v := range values {
			faults = append(faults, rec.text("header "+name, pointer, ref.Value.Schema.Value, v)...)
		}
	}
	for name := range got {
		if ours(name) && !known[strings.ToLower(name)] {
			faults = append(faults, "the header "+name+" is not documented")
		}
	}
	return faults
}

// valuesOf is http.Header.Values for names in any case: some are written as
// documented, not in Go's canonical form.
func valuesOf(h http.Header, name string) []string {
	for n, values := range h {
		if strings.EqualFold(n, name) {
			return values
		}
	}
	return nil
}

func (rec *recorder) request(o *operation, path map[string]string, r *http.Request, body []byte) []string {
	faults := o.lacksCredential(rec.doc, r)
	asked := r.URL.Query()
	for _, p := range o.parameters {
		var values []string
		switch p.In {
		case "path":
			values = []string{path[p.Name]}
		case "query":
			values = asked[p.Name]
			delete(asked, p.Name)
		case "header":
			values = r.Header.Values(p.Name)
		}
		if p.Required && len(values) == 0 {
			faults = append(faults, "there is no parameter "+p.Name)
		}
		if p.Schema.Value.Type.Is("array") {
			faults = append(faults, rec.texts(p, values)...)
			continue
		}
		for _, v := range values {
			faults = append(faults, rec.text("parameter "+p.Name, p.at, p.Schema.Value, v)...)
		}
	}
	for name := range asked {
		faults = append(faults, "the parameter "+name+" is not documented")
	}
	return append(faults, rec.requestBody(o, r, body)...)
}

func (rec *recorder) requestBody(o *operation, r *http.Request, body []byte) []string {
	switch {
	case o.RequestBody == nil && len(body) > 0:
		return []string{"no body is documented"}
	case o.RequestBody == nil || (len(body) == 0 && !o.RequestBody.Value.Required):
		return nil
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if o.RequestBody.Value.Content[kind] == nil {
		return []string{"the body's media type is " + kind}
	}
	at := o.at + "/requestBody/content/" + escape(kind) + "/schema"
	if isAPIForm := strings.HasPrefix(o.path, "/api/") && (kind == formType || kind == multipartForm); isAPIForm {
		return nil // forms_test.go holds it to the JSON that it stands for
	}
	if slices.Contains([]string{"application/jsonl", "application/x-ndjson", "text/csv"}, kind) {
		return nil // text, of which each line may be anything
	}
	if kind != formType {
		return rec.valid(at, body)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return []string{"the form cannot be read"}
	}
	fields := map[string]any{}
	for name := range values {
		fields[name] = values.Get(name)
	}
	return rec.value(at, fields)
}

const (
	formType      = "application/x-www-form-urlencoded"
	multipartForm = "multipart/form-data"
)
