package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestExamplesOfTheContract: every body that can be sent has an example, and
// every example is what it is an example of.
func TestExamplesOfTheContract(t *testing.T) {
	t.Parallel()
	for _, o := range contract.operations {
		if o.RequestBody != nil {
			checkExamples(t, o.String(), o.at+"/requestBody", o.RequestBody.Value.Content, true)
		}
		for status, ref := range o.Responses.Map() {
			at := pointerOf(ref.Ref, o.at+"/responses/"+status)
			checkExamples(t, o.String()+" "+status, at, ref.Value.Content, false)
		}
	}
}

func checkExamples(t *testing.T, what, at string, content openapi3.Content, required bool) {
	t.Helper()
	for kind, media := range content {
		if media.Example == nil {
			if required {
				t.Errorf("%s as %s has no example", what, kind)
			}
			continue
		}
		text, err := json.Marshal(media.Example)
		must(t, err)
		for _, fault := range contract.valid(fmt.Sprintf("%s/content/%s/schema", at, escape(kind)), text) {
			t.Errorf("the example of %s as %s: %s", what, kind, fault)
		}
	}
}

// TestExamplesOfTheObjects: the main objects have one, and each is what it is an
// example of.
func TestExamplesOfTheObjects(t *testing.T) {
	t.Parallel()
	main := []string{
		"Organization", "Member", "ServiceAccount", "Key", "IssuedKey", "RevokedKey", "Tier", "Scope", "Me",
		"Certificate", "UsageReport",
	}
	for name, ref := range contract.doc.Components.Schemas {
		if len(ref.Value.Examples) == 0 && slices.Contains(main, name) {
			t.Errorf("%s has no example", name)
		}
		for _, example := range ref.Value.Examples {
			text, err := json.Marshal(example)
			must(t, err)
			for _, fault := range contract.valid("#/components/schemas/"+name, text) {
				t.Errorf("the example of %s: %s", name, fault)
			}
		}
	}
}
