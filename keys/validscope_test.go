package keys_test

import (
	"regexp"
	"testing"

	"github.com/latchkey/latchkey/keys"
)

// FuzzValidScope compares the check with the expression that documents it.
func FuzzValidScope(f *testing.F) {
	shape := regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]*(:[a-z0-9][a-z0-9_.-]*)+$`)
	for _, name := range []string{
		"", "a", "a:", ":a", "a:b", "a:b:c", "a::b", "a:b:", "A:b", "a_:b-.", "_a:b", "a:_b", "invoices:read",
		"invoices:*", "a:b\n", "ä:b",
		"a b:c", "0:9", "a:-", "a-:b", ":", "::",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		want := len(name) <= keys.MaxScopeLength && shape.MatchString(name)
		if got := keys.ValidScope(name); got != want {
			t.Errorf("ValidScope(%q) is %t", name, got)
		}
	})
}
