package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/latchkey/latchkey/errs"
)

// tree is the contract as plain maps and lists.
func tree(t *testing.T) map[string]any {
	t.Helper()
	text, err := contract.doc.MarshalJSON()
	must(t, err)
	var root map[string]any
	must(t, json.Unmarshal(text, &root))
	return root
}

// eachObject calls visit for every object below value, examples left out.
func eachObject(at string, value any, visit func(at string, object map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(at, value)
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if name != "example" && name != "examples" {
				eachObject(at+"/"+escape(name), value[name], visit)
			}
		}
	case []any:
		for i, item := range value {
			eachObject(fmt.Sprintf("%s/%d", at, i), item, visit)
		}
	}
}

// TestEveryEnumHasAType: oapi-codegen makes an interface{} of one that has none,
// and its clients panic.
func TestEveryEnumHasAType(t *testing.T) {
	t.Parallel()
	eachObject("#", tree(t), func(at string, object map[string]any) {
		_, enum := object["enum"].([]any)
		_, constant := object["const"]
		if _, ok := object["type"]; (enum || constant) && !ok {
			t.Errorf("%s lists values and has no type", at)
		}
	})
}

// TestNothingIsRequiredByItsDefault: openapi-typescript makes every property
// with a default one that has to be sent.
func TestNothingIsRequiredByItsDefault(t *testing.T) {
	t.Parallel()
	eachObject("#", tree(t), func(at string, object map[string]any) {
		properties, _ := object["properties"].(map[string]any)
		for name, property := range properties {
			if property, ok := property.(map[string]any); ok && property["default"] != nil {
				t.Errorf("%s/properties/%s has a default; its description can say so", at, name)
			}
		}
	})
}

// TestSecuritySchemesAreRegistered: ogen refuses every other scheme of HTTP than
// those of the registry, of which these are the ones in use.
func TestSecuritySchemesAreRegistered(t *testing.T) {
	t.Parallel()
	for name, ref := range contract.doc.Components.SecuritySchemes {
		if s := ref.Value; s.Type == "http" && !slices.Contains([]string{"basic", "bearer"}, s.Scheme) {
			t.Errorf("%s is HTTP authentication by %q", name, s.Scheme)
		}
	}
}

// TestComponentNamesAreUnique: generators make a type of each schema, response
// and security scheme, in one name space, whatever the capitals.
func TestComponentNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	add := func(kind, name string) {
		folded := strings.Map(func(r rune) rune {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				return -1
			}
			return unicode.ToLower(r)
		}, name)
		if other := seen[folded]; other != "" {
			t.Errorf("%s %s and %s are the same name", kind, name, other)
		}
		seen[folded] = kind + " " + name
	}
	components := contract.doc.Components
	for name := range components.Schemas {
		add("schema", name)
	}
	for name := range components.SecuritySchemes {
		add("security scheme", name)
	}
	for name := range components.Responses {
		add("response", name)
	}
}

// TestEveryContendedWriteIsDocumented: a request that others are faster than,
// again and again, is a conflict at every operation that can meet one; 412 is for
// a condition that the request had. The suite holds the answers to the contract.
func TestEveryContendedWriteIsDocumented(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	for _, o := range contract.operations {
		c := s.good(t, o, x, admin)
		byCode := o.OperationID == "signIn" || o.OperationID == "obtainToken" // a code is spent by a write
		if byCode {
			u := s.withPassword(t)
			secret, _ := s.withOTP(t, u.ID)
			s.advance(time.Minute)
			c.body = map[string]any{"email": u.Email, "password": password, "code": s.code(t, secret)}
		}
		s.store.breakBy(overtakes)
		got := s.send(t, c)
		s.store.breakBy(nil)
		if o.OperationID == "revokeHeld" && got.status == 503 {
			continue // 409 would tell that the key exists
		}
		if got.status == 412 || got.status >= 500 || byCode && got.status != 409 {
			t.Errorf("%s: %d %s", o, got.status, got.body)
		}
	}
}

// overtakes lets another writer be faster than every one of a request.
func overtakes(_ context.Context, call string) error {
	if call == "replace" || call == "delete" {
		return errs.New(errs.Stale, "another was faster")
	}
	return nil
}

// TestEveryHeaderComponentHasOneName: ogen names a header after where it meets
// the component first.
func TestEveryHeaderComponentHasOneName(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	eachObject("#", tree(t), func(at string, object map[string]any) {
		headers, _ := object["headers"].(map[string]any)
		for name, header := range headers {
			header, _ := header.(map[string]any)
			component, _ := header["$ref"].(string)
			if component == "" {
				continue
			}
			if other := names[component]; other != "" && other != name {
				t.Errorf("%s/headers: %s is both %s and %s", at, component, name, other)
			}
			names[component] = name
		}
	})
}

// TestEverythingIsDescribed in the contract that a reader of generated
// documentation meets by itself.
func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	for _, tag := range contract.doc.Tags {
		described(t, "tag "+tag.Name, tag.Description)
	}
	for _, o := range contract.operations {
		described(t, o.String(), o.Description)
		for _, p := range o.parameters {
			described(t, o.String()+" parameter "+p.Name, p.Description)
		}
		for status, ref := range o.Responses.Map() {
			described(t, o.String()+" "+status, *ref.Value.Description)
			for name, header := range ref.Value.Headers {
				described(t, o.String()+" "+status+" header "+name, header.Value.Description)
			}
		}
	}
	for name, ref := range contract.doc.Components.SecuritySchemes {
		described(t, "security scheme "+name, ref.Value.Description)
	}
	for name, ref := range contract.doc.Components.Schemas {
		described(t, "schema "+name, ref.Value.Description)
	}
}

func described(t *testing.T, what, text string) {
	t.Helper()
	if strings.TrimSpace(text) == "" {
		t.Errorf("%s has no description", what)
	}
}

// TestEveryListHasAnExample of an answer.
func TestEveryListHasAnExample(t *testing.T) {
	t.Parallel()
	for _, o := range contract.operations {
		ok := o.Responses.Status(http.StatusOK)
		if ok == nil || ok.Value.Content["application/json"] == nil {
			continue
		}
		media := ok.Value.Content["application/json"]
		if media.Schema.Value.Properties["items"] == nil || media.Schema.Ref != "" && len(media.Schema.Value.Examples) != 0 {
			continue
		}
		example, _ := media.Example.(map[string]any)
		if items, _ := example["items"].([]any); len(items) == 0 {
			t.Errorf("%s has no example of an answer with items", o)
		}
	}
}

// TestNullIsAsLeftOut in every body but those of a merge patch, where it takes
// away; and the contract says so.
func TestNullIsAsLeftOut(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	for _, o := range contract.operations {
		if o.method == http.MethodPatch || o.RequestBody == nil || o.speaksOAuth() || o.takesFile() || o.OperationID == "previewTier" {
			continue
		}
		c := s.good(t, o, s.removable(t, o), s.admin(t))
		body, ok := c.body.(map[string]any)
		if !ok && o.reportsLeaks() {
			continue
		}
		if !ok {
			t.Fatalf("%s sends %T", o, c.body)
		}
		for name := range o.RequestBody.Value.Content["application/json"].Schema.Value.Properties {
			if _, set := body[name]; !set {
				body[name] = nil
			}
		}
		if got := s.send(t, c); got.status >= 300 {
			t.Errorf("%s: %d %s", o, got.status, got.body)
		}
	}
}
