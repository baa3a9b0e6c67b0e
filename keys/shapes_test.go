package keys

import (
	"strings"
	"testing"
)

// TestShapeHasNoPartOfASecret: base64url has underscores anywhere.
func TestShapeHasNoPartOfASecret(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sk_live_" + strings.Repeat("a1B2", 8):       "sk_live_",
		"PROD_" + strings.Repeat("a1B2", 8):          "PROD_",
		"aB3_x9Kq-Lm0PzT4vW8yR2sD6fG1hJ5kN7bC_eQwXi": "",
		"pay_Zq7_" + strings.Repeat("a1B2", 8):       "pay_",
		"3f_" + strings.Repeat("a1B2", 8):            "",
		"_" + strings.Repeat("a1B2", 8):              "",
		"a_" + strings.Repeat("a1B2", 8):             "",
	} {
		if s := ShapeOf(text); s.Prefix != want || !s.Matches(text) {
			t.Errorf("%s: %+v, want the prefix %q", text, s, want)
		}
	}
}

// TestPublicPartIsNoSecret: whoever has the store knows what a key begins with.
func TestPublicPartIsNoSecret(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"acme_production_12345678":                  false,
		"sk_live_a1B2c3D4e5F6g7":                    false,
		"AbCdEfGh.0123456789abcd":                   false,
		"AbCdEfGh.0123456789abcdefghijklmnopqrstuv": true,
		"sk_live_3ZRkMw8s9EtYvPqNb2x7LdfG4":         true,
		"9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b":  true,
		"pay_0123456789abcdef0123456789abcdef":      true,
		"aB3_x9Kq-Lm0PzT4vW8yR2sD6fG1hJ5kN7bC_eQwX": true,
	} {
		if Strong(text) != want {
			t.Errorf("%s: strong is %v", text, !want)
		}
	}
}

// TestAlternatesAreLookedUpOnce, whatever number of shapes a text has.
func TestAlternatesAreLookedUpOnce(t *testing.T) {
	t.Parallel()
	f, err := NewFormat(DefaultBrand)
	if err != nil {
		t.Fatal(err)
	}
	var shapes []Shape
	for _, a := range alphabets {
		shapes = append(shapes, Shape{Alphabet: a, Least: 16, Most: 64, SHA512: true, Public: 4})
	}
	f.Foreign().Set(shapes)
	if found := f.Alternates("0123456789abcdef0123"); len(found) != 2 {
		t.Errorf("%d alternates", len(found))
	}
}

// TestJoinedShapesMatchAll, also if there are too many to keep apart.
func TestJoinedShapesMatchAll(t *testing.T) {
	t.Parallel()
	var shapes []Shape
	for public := range MostPublic + 1 {
		for _, a := range alphabets {
			shapes = JoinShapes(shapes, []Shape{{Alphabet: a, Least: 80, Most: 90, Public: public}})
		}
	}
	publics := map[int]bool{}
	for _, s := range shapes {
		publics[s.Public] = publics[s.Public] || s.Matches(strings.Repeat("~", 80)) && s.Valid()
	}
	if len(shapes) > MostShapes || len(publics) != MostPublic+1 {
		t.Errorf("%d shapes with %d lengths of public parts", len(shapes), len(publics))
	}
}
