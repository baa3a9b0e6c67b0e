package api_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// fault is one way in which a body is wrong.
type fault struct {
	name  string
	field string // what the problem must name
	value any    // at the field; absent removes it
}

type absent struct{}

// TestBadBodies sends to every operation with a body what its schema forbids,
// one fault at a time in an otherwise valid request. The answer names the
// field, and nothing is written.
func TestBadBodies(t *testing.T) {
	t.Parallel()
	for _, o := range contract.operations {
		if o.RequestBody == nil || o.RequestBody.Value.Content["application/json"] == nil {
			continue
		}
		t.Run(o.OperationID, func(t *testing.T) {
			t.Parallel()
			s := newSuite(t, settings{})
			x, admin := s.tenant(t), s.admin(t)
			c := s.good(t, o, x, admin)
			before := s.objects(t)
			if _, ok := c.body.(map[string]any); !ok {
				return // an array of matches, which has its own test
			}
			content := o.RequestBody.Value.Content["application/json"]
			for _, f := range faultsOf(content.Schema.Value, "") {
				if exempt(o, f) {
					continue
				}
				s.refusesBody(t, o, c, f)
			}
			for _, f := range brokenTexts() {
				if exempt(o, f) {
					continue
				}
				bad := c
				bad.body = f.value
				s.refusesAs(t, bad, f.name, f.field, 400)
			}
			s.refusesMedia(t, c)
			if after := s.objects(t); after != before {
				t.Errorf("what is there changed from\n%s\nto\n%s", before, after)
			}
		})
	}
}

const notUTF8, halfPair = "invalid UTF-8", "half a surrogate pair"

// exempt is what no text may hold and the service answers another way: text that
// is no key is a question that has an answer.
func exempt(o *operation, f fault) bool {
	if o.OperationID == "revokeKey" || o.OperationID == "createIncident" { // no revoke is lost to its note
		if f.name == notUTF8 || f.name == halfPair || (f.field == "note" && strings.HasPrefix(f.name, "NUL")) {
			return true
		}
	}
	credential := f.field == "key" || f.field == "token" || f.field == "refresh"
	return (o.OperationID == "verifyAsked" || o.signsIn()) && credential && strings.HasPrefix(f.name, "NUL")
}

// refusesBody sends the good request with the fault in it.
func (s *suite) refusesBody(t *testing.T, o *operation, c call, f fault) {
	t.Helper()
	bad := c
	bad.body = with(c.body.(map[string]any), strings.Split(f.field, "."), f.value)
	if o.method == "PATCH" && f.value == nil {
		return // null takes a member away
	}
	s.refusesAs(t, bad, f.name, f.field, 400)
}

// refusesAs sends the request, which must be refused with the status in words
// that name the field, and change nothing.
func (s *suite) refusesAs(t *testing.T, c call, name, field string, status int) {
	t.Helper()
	writes := s.store.writes.Load()
	got := s.send(t, c)
	p := problemOf(t, got)
	if got.status != status || !names(p, field) {
		t.Errorf("%s %s: %s %.80q: %d %.300s, want %d that names %s", c.method, c.path, name, field, got.status, got.body, status, field)
	}
	if s.store.writes.Load() != writes {
		t.Errorf("%s %s: %s: something was written", c.method, c.path, name)
	}
}

// with returns the body with the value at the path.
func with(body map[string]any, path []string, value any) map[string]any {
	changed := maps.Clone(body)
	if changed == nil {
		changed = map[string]any{}
	}
	name := path[0]
	if len(path) > 1 {
		inner, _ := changed[name].(map[string]any)
		changed[name] = with(inner, path[1:], value)
		return changed
	}
	if value == (absent{}) {
		delete(changed, name)
		return changed
	}
	changed[name] = value
	return changed
}

// faultsOf returns every fault that the schema of an object forbids.
func faultsOf(schema *openapi3.Schema, at string) []fault {
	all := []fault{{"unknown member", at + "surprise", 1}}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		field, property := at+name, nullless(schema.Properties[name].Value)
		if slices.Contains(schema.Required, name) {
			all = append(all, fault{"missing", field, absent{}})
		}
		all = append(all, wrongTypes(property, field)...)
		all = append(all, outOfBounds(property, field)...)
		if len(property.Properties) > 0 {
			all = append(all, faultsOf(property, field+".")...)
		}
	}
	return all
}

// nullless is the schema that is not null, of one that may be.
func nullless(schema *openapi3.Schema) *openapi3.Schema {
	for _, one := range schema.OneOf {
		if !one.Value.Type.Is("null") {
			return one.Value
		}
	}
	return schema
}

func wrongTypes(schema *openapi3.Schema, field string) []fault {
	values := map[string]any{"string": "text", "integer": 7, "boolean": true, "array": []int{1}, "object": map[string]any{"x": 1}}
	var all []fault
	for _, kind := range slices.Sorted(maps.Keys(values)) {
		fits := schema.Type.Includes(kind) || (kind == "string" && schema.Type == nil)
		if !fits {
			all = append(all, fault{"wrong type " + kind, field, values[kind]})
		}
	}
	if schema.Type.Includes("integer") {
		all = append(all, fault{"a fraction", field, 1.5}, fault{"a huge number", field, number("1e400")}, fault{
			"more than 64 bits", field,
			number("99999999999999999999"),
		})
	}
	return all
}

// number is written as it is.
type number string

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) { return []byte(n), nil }

func outOfBounds(schema *openapi3.Schema, field string) []fault {
	var all []fault
	if schema.MaxLength != nil {
		all = append(all, fault{"too long", field, strings.Repeat("x", int(*schema.MaxLength)+1)})
	}
	if schema.MinLength > 0 {
		all = append(all, fault{"too short", field, strings.Repeat("x", int(schema.MinLength)-1)})
	}
	if schema.Min != nil {
		all = append(all, fault{"too small", field, *schema.Min - 1})
	}
	if schema.Max != nil {
		all = append(all, fault{"too large", field, *schema.Max + 1})
	}
	if schema.MaxItems != nil {
		all = append(all, fault{"too many", field, slices.Repeat([]string{"a:b"}, int(*schema.MaxItems)+1)})
	}
	if schema.Pattern != "" {
		all = append(all, fault{"another shape", field, "!!"})
	}
	if schema.Enum != nil {
		all = append(all, fault{"not one of them", field, "nonsense"})
	}
	if schema.Format == "date-time" {
		all = append(all, fault{"no time", field, "yesterday"})
	}
	if schema.Type.Includes("string") || schema.Enum != nil {
		all = append(all, fault{"NUL", field, "abcdefghijklm\x00n"})
	}
	if schema.MaxProps != nil {
		many := map[string]any{}
		for i := range *schema.MaxProps + 1 {
			many[fmt.Sprint(i)] = i
		}
		all = append(all, fault{"too many members", field, many})
	}
	if items := schema.Items; items != nil {
		all = append(all, fault{"a wrong element", field, []any{7}}, fault{"NUL in an element", field, []string{"a\x00b"}})
		if items.Value.Pattern != "" {
			all = append(all, fault{"an element of another shape", field, []string{"Not a scope"}})
		}
	}
	return all
}

// brokenTexts are bodies that are no JSON object, or not a good one.
func brokenTexts() []fault {
	deep := strings.Repeat("[", 8_000) + strings.Repeat("]", 8_000) // within the bound of anonymous bodies
	return []fault{
		{"nothing but spaces", "body", "  "},
		{"an array", "body", "[]"},
		{"text", "body", `"x"`},
		{"null", "body", "null"},
		{"cut off", "body", `{"name":`},
		{"two objects", "body", "{}{}"},
		{"a comma too many", "body", `{"name":"x",}`},
		{"a member twice", "name", `{"name":"a","name":"b"}`},
		{"a member of a member twice", "metadata.x", `{"metadata":{"x":1,"x":2}}`},
		{notUTF8, "body", "{\"name\":\"\xff\"}"},
		{halfPair, "body", `{"name":"\ud800"}`},
		{"a raw NUL", "body", "{\"name\":\"\x00\"}"},
		{"very deep", "body", deep},
		{"a byte order mark", "body", "\ufeff{}"},
		{"a number without end", "body", `{"x":` + strings.Repeat("9", 1000) + `e}`},
	}
}

func (s *suite) refusesMedia(t *testing.T, c call) {
	t.Helper()
	for _, kind := range []string{"text/plain", "application/xml", "application/json-patch+json", "json", "; charset=utf-8"} {
		bad := c
		bad.kind = kind
		s.refusesAs(t, bad, "media type "+kind, "Content-Type", 415)
	}
	bad := c
	bad.body = `{"name":"` + string(bytes.Repeat([]byte("x"), 1<<20)) + `"}`
	s.refusesAs(t, bad, "over 1 MiB", "bytes", 413)
}
