package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const problemType = "application/problem+json"

// document is openapi.yaml with its schemas as JSON Schema 2020-12, which is
// what OpenAPI 3.1 writes. kin-openapi reads the document and knows what is
// where; its own validation falls back to the rules of 3.0 for every schema
// that refers to another, so values are held against the schemas themselves.
type document struct {
	doc        *openapi3.T
	operations []*operation
	mu         sync.Mutex
	compiler   *jsonschema.Compiler
	compiled   map[string]*jsonschema.Schema
}

// operation is one method of one path.
type operation struct {
	*openapi3.Operation
	method, path string
	at           string // JSON pointer
	parameters   []parameter
}

type parameter struct {
	*openapi3.Parameter
	at string // of its schema
}

func (o *operation) String() string { return o.method + " " + o.path }

// permission is the rule of the route, such as "HasScope(latchkey:keys:read)".
func (o *operation) permission() string {
	text, _ := o.Extensions["x-permission"].(string)
	return text
}

// scope is what HasScope asks for, "" for other rules.
func (o *operation) scope() string {
	scope, ok := strings.CutPrefix(o.permission(), "HasScope(")
	if !ok {
		return ""
	}
	return strings.TrimSuffix(scope, ")")
}

// open reports whether the operation looks at no credential but a key that
// speaks for itself, or one in its body.
func (o *operation) open() bool { return o.permission() == "AllowAny" && !o.optional() }

// optional reports whether a credential may be there and need not.
func (o *operation) optional() bool {
	return o.Security != nil && len(*o.Security) > 1 && slices.ContainsFunc(*o.Security, func(r openapi3.SecurityRequirement) bool {
		return len(r) == 0
	})
}

// signsIn reports whether the body holds the credential.
func (o *operation) signsIn() bool { return o.open() && o.RequestBody != nil }

// answersFirst reports whether the work is done behind the answer.
func (o *operation) answersFirst() bool { return o.Responses.Status(http.StatusAccepted) != nil }

// reportsLeaks reports whether the operation acts after its answer, for a caller without
// a credential.
func (o *operation) reportsLeaks() bool { return strings.HasPrefix(o.path, "/leaks") }

// speaksOAuth reports whether refusals are those of RFC 6749.
func (o *operation) speaksOAuth() bool { return strings.HasPrefix(o.path, "/oauth/") }

// takesFile reports whether the body is a file instead of an object.
func (o *operation) takesFile() bool {
	return o.RequestBody != nil && o.RequestBody.Value.Content["application/jsonl"] != nil
}

func (o *operation) modifies() bool { return o.method != http.MethodGet && o.path != "/verify" }

func (o *operation) takes(in, name string) bool {
	return slices.ContainsFunc(o.parameters, func(p parameter) bool { return p.In == in && p.Name == name })
}

func loadDocument(text []byte) (*document, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(loader.Context); err != nil {
		return nil, err
	}
	asJSON, err := doc.MarshalJSON()
	if err != nil {
		return nil, err
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return nil, err
	}
	d := &document{doc: doc, compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(base, tree); err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			d.operations = append(d.operations, newOperation(path, method, item))
		}
	}
	return d, nil
}

func newOperation(path, method string, item *openapi3.PathItem) *operation {
	shared := "#/paths/" + escape(path)
	o := &operation{Operation: item.Operations()[method], method: method, path: path, at: shared + "/" + strings.ToLower(method)}
	for i, ref := range item.Parameters {
		o.parameters = append(o.parameters, parameter{ref.Value, pointerOf(ref.Ref, shared+"/parameters/"+strconv.Itoa(i)) + "/schema"})
	}
	for i, ref := range o.Parameters {
		o.parameters = append(o.parameters, parameter{ref.Value, pointerOf(ref.Ref, o.at+"/parameters/"+strconv.Itoa(i)) + "/schema"})
	}
	return o
}

// pointerOf is where an object is: at its reference, if it is one.
func pointerOf(reference, here string) string {
	if reference != "" {
		return reference
	}
	return here
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// serves reports whether the path takes the method.
func (d *document) serves(method, path string) bool {
	return slices.ContainsFunc(d.operations, func(o *operation) bool { return o.method == method && o.path == path })
}

// find returns the operation that serves the path, with or without a slash at
// its end, and what its parameters stand for. Fixed parts win over parameters.
func (d *document) find(method, path string) (*operation, map[string]string) {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	var best *operation
	var found map[string]string
	for _, o := range d.operations {
		if o.method != method {
			continue
		}
		if values, ok := match(strings.Split(o.path, "/"), parts); ok && (best == nil || len(values) < len(found)) {
			best, found = o, values
		}
	}
	return best, found
}

func match(template, parts []string) (map[string]string, bool) {
	if len(template) != len(parts) {
		return nil, false
	}
	values := map[string]string{}
	for i, t := range template {
		switch {
		case strings.HasPrefix(t, "{") && parts[i] != "":
			values[strings.Trim(t, "{}")] = parts[i]
		case t != parts[i]:
			return nil, false
		}
	}
	return values, true
}

const base = "https://latchkey.test/openapi.json"

// valid returns how the JSON text breaks the schema at the pointer.
func (d *document) valid(pointer string, text []byte) []string {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return []string{"not JSON: " + err.Error()}
	}
	return d.value(pointer, value)
}

func (d *document) value(pointer string, value any) []string {
	schema, err := d.schema(pointer)
	if err != nil {
		return []string{err.Error()}
	}
	if err := schema.Validate(value); err != nil {
		return []string{err.Error()}
	}
	return nil
}

func (d *document) schema(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.compiled[pointer]; s != nil {
		return s, nil
	}
	fragment := url.URL{Fragment: strings.TrimPrefix(pointer, "#")}
	s, err := d.compiler.Compile(base + fragment.String())
	if err != nil {
		return nil, err
	}
	d.compiled[pointer] = s
	return s, nil
}

// text holds a header or parameter against its schema, as the type that the
// schema asks for.
func (d *document) text(what, pointer string, schema *openapi3.Schema, text string) []string {
	var value any = text
	switch {
	case schema.Type.Is("integer"):
		value = json.Number(text)
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return []string{what + " is no whole number: " + text}
		}
	case schema.Type.Is("boolean"):
		b, err := strconv.ParseBool(text)
		if err != nil {
			return []string{what + " is neither true nor false: " + text}
		}
		value = b
	}
	return prefixed(what, d.value(pointer, value))
}

func (d *document) texts(p parameter, values []string) []string {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return prefixed("parameter "+p.Name, d.value(p.at, all))
}

func prefixed(what string, faults []string) []string {
	for i := range faults {
		faults[i] = what + ": " + faults[i]
	}
	return faults
}

// lacksCredential says so where the request carries none of the credentials
// that the operation documents.
func (o *operation) lacksCredential(doc *openapi3.T, r *http.Request) []string {
	alternatives := doc.Security
	if o.Security != nil {
		alternatives = *o.Security
	}
	for _, alternative := range alternatives {
		all := true
		for name := range alternative {
			all = all && carries(doc.Components.SecuritySchemes[name].Value, name, r)
		}
		if all {
			return nil
		}
	}
	return []string{fmt.Sprintf("it carries no credential of %v", alternatives)}
}

func carries(s *openapi3.SecurityScheme, name string, r *http.Request) bool {
	scheme := s.Scheme
	switch name { // OpenAPI knows no such schemes of HTTP
	case "tokenAuth":
		scheme = "Token"
	case "apiKeyAuth":
		scheme = "Api-Key"
	}
	switch {
	case name == "csrfHeader" && r.Method == http.MethodGet:
		return true // only modifying requests need it
	case scheme != "":
		said, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		return strings.EqualFold(said, scheme)
	case s.In == "cookie":
		_, err := r.Cookie(s.Name)
		return err == nil
	default:
		return r.Header.Get(s.Name) != ""
	}
}
