package verify

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/latchkey/latchkey/keys"
)

type sent struct{ method, uri string }

func (s sent) Original() (method, uri string) { return s.method, s.uri }

func TestWhatIsShownOfARequest(t *testing.T) {
	t.Parallel()
	f, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		t.Fatal(err)
	}
	key := f.New(keys.Live).Reveal()
	for _, tt := range []struct{ name, uri, want string }{
		{"a path", "/invoices/1", "/invoices/1"},
		{"no query", "/invoices/1?token=s3cret", "/invoices/1"},
		{"no fragment", "/invoices#s3cret", "/invoices"},
		{"no host", "https://ada:s3cret@api.example.com/invoices?x", "/invoices"},
		{"a host alone", "http://api.example.com", "/"},
		{"as it was spelled", "/invoices/%2e%2e/a", "/invoices/%2e%2e/a"},
		{"no key", "/keys/" + key + "/uses", "/keys/…/uses"},
		{"no key in other words", "/keys/is-" + strings.ReplaceAll(key, "_", "%5f"), "/keys/…"},
		{"no signed token", "/a/eyJhbGciOiJub25lIn0.eyJh.c2ln", "/a/…"},
		{"no control characters", "/a\x00\nb\x1b[31m", "/a\ufffd\ufffdb\ufffd[31m"},
		{"nothing that turns text around", "/a\u202eb", "/a\ufffdb"},
		{"valid UTF-8", "/\xff\xfe", "/\ufffd\ufffd"},
		{"not more than 200 bytes", "/" + strings.Repeat("ä", 150), "/" + strings.Repeat("ä", 99)},
		{"nothing", "", ""},
	} {
		q := &Question{Original: sent{"GET", tt.uri}}
		if method, path := q.shown(f); method != "GET" || path != tt.want {
			t.Errorf("%s: %q %q, want %q", tt.name, method, path, tt.want)
		}
	}
	if method, path := (&Question{}).shown(f); method != "" || path != "" {
		t.Errorf("nobody said: %q %q", method, path)
	}
}

func FuzzShown(f *testing.F) {
	format, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("GET", "https://h/a?b#c")
	f.Add("G\x00T", "/\xff%zz/lk_live_")
	f.Fuzz(func(t *testing.T, method, uri string) {
		m, path := (&Question{Original: sent{method, uri}}).shown(format)
		if len(m) > maxMethod || len(path) > maxPath || !utf8.ValidString(m+path) || strings.ContainsAny(path, "?#\x00\n") {
			t.Errorf("%q %q", m, path)
		}
		if format.Within(path) != "" {
			t.Errorf("a key is shown: %q", path)
		}
	})
}
