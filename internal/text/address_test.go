package text_test

import (
	"testing"

	"github.com/latchkey/latchkey/internal/text"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"ASCII case says nothing", "Ada.Lovelace@EXAMPLE.com", "ada.lovelace@example.com"},
		{"a sharp s in a domain is no ss", "user@stra\u00dfe.example", "user@xn--strae-oqa.example"},
		{"an A-label is its U-label", "user@XN--STRAE-OQA.example", "user@xn--strae-oqa.example"},
		{"a domain in another case", "user@M\u00dcNCHEN.example", "user@xn--mnchen-3ya.example"},
		{"a long s in a local part is no s", "jo\u017fe@example.com", "jo\u017fe@example.com"},
		{"a Kelvin sign is no k", "\u212aarl@example.com", ""},
		{"a capital sharp s is no ss", "user@STRA\u1e9eE.example", "user@xn--strae-oqa.example"},
		{"other letters keep their case", "\u00c9mile@example.com", "\u00c9mile@example.com"},
		{"an accent is part of its letter", "e\u0301@example.com", "\u00e9@example.com"},
		{"a local part that is quoted by need only", "a@b", "a@b"},
		{"a zero-width space", "ad\u200bmin@example.com", ""},
		{"a bidirectional override", "a\u202enimda@example.com", ""},
		{"a soft hyphen", "ad\u00admin@example.com", ""},
		{"a zero-width space that a domain would lose", "ada@example.com\u200b", ""},
		{"a joiner where a script needs it", "ada@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example", "ada@xn--mgba3gch31f060k.example"},
		{"no domain", "user", ""},
		{"a name and an address", "Ada <ada@example.com>", ""},
		{"white space", " ada@example.com", ""},
		{"a domain with no name", "ada@-.example", ""},
		{"a domain with a joiner out of place", "ada@a\u200db.example", ""},
	} {
		got, ok := text.Address(tt.in)
		if ok != (tt.want != "") || (ok && got != tt.want) {
			t.Errorf("%s: %q becomes %q, %v, want %q", tt.name, tt.in, got, ok, tt.want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"ada@example.com", "user@stra\u00dfe.example", "\"a b\"@example.com", "a@b@c", "a@[127.0.0.1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, ok := text.Address(s)
		if !ok {
			return
		}
		if again, ok := text.Address(once); ok && again != once {
			t.Errorf("%q became %q, then %q", s, once, again)
		}
	})
}
