package text_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"github.com/latchkey/latchkey/internal/text"
)

func TestNormal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"a browser's lines", "one\r\ntwo\r\n", "one\ntwo"},
		{"an old Mac's lines", "one\rtwo", "one\ntwo"},
		{"a letter and its accent are one", "e\u0301", "\u00e9"},
		{"white space at the ends goes", " \u00a0\tname\u3000 ", "name"},
		{"white space inside stays", "a  b\n\n c", "a  b\n\n c"},
		{"nothing", "", ""},
	} {
		if got := text.Normal(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	type settings struct {
		Note     string  `json:"note"`
		Key      string  `json:"key"`
		Password string  `json:"password,omitempty"`
		Title    *string `json:"title"`
		External *string `json:"external_id"`
	}
	type request struct {
		Name string `json:"name"`
		settings
		Metadata []byte `json:"metadata"`
	}
	title := "t\r\n"
	in := request{" n ", settings{"a\r\nb", " k ", " p ", &title, nil}, []byte(" m ")}
	text.Members(&in)
	normal := "t"
	want := request{"n", settings{"a\nb", " k ", " p ", &normal, nil}, []byte(" m ")}
	if diff := cmp.Diff(want, in, cmp.AllowUnexported(request{}, settings{})); diff != "" {
		t.Error(diff)
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	in := url.Values{"note": {"a\r\nb "}, "password": {" p "}}
	text.Form(in, "password")
	if diff := cmp.Diff(url.Values{"note": {"a\nb"}, "password": {" p "}}, in); diff != "" {
		t.Error(diff)
	}
}

func TestHidden(t *testing.T) {
	t.Parallel()
	for _, r := range "\u202e\u2066\u200b\u200d\u200f\ufeff\u00ad\u2060\u061c\u2028\u2029\u3164\u2800\x00\n" {
		if !text.Hidden(r) {
			t.Errorf("%U is shown", r)
		}
	}
	for _, r := range "aé字 \u00a0-🔑\u0301" {
		if text.Hidden(r) {
			t.Errorf("%U is hidden", r)
		}
	}
}

func FuzzNormal(f *testing.F) {
	for _, s := range []string{"", "a\r\n\rb", "e\u0301\u200b", "\xff\r", " \u0301a "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := text.Normal(s)
		if again := text.Normal(once); again != once {
			t.Errorf("%q became %q, then %q", s, once, again)
		}
		if strings.Contains(once, "\r") || (utf8.ValidString(s) && !norm.NFC.IsNormalString(once)) {
			t.Errorf("%q became %q", s, once)
		}
	})
}
