package verify

import (
	"runtime"
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
		{"no key that is encoded twice", "/keys/" + strings.ReplaceAll(key, "_", "%255F"), "/keys/…"},
		{"nor three times", "/keys/" + strings.ReplaceAll(key, "_", "%25255f") + "/a", "/keys/…/a"},
		{"nor deeper", "/keys/%25252525256ck", "/keys/…"},
		{"no key behind an escape that is none", "/100%zz" + strings.ReplaceAll(key, "_", "%5f"), "/…"},
		{"no key in other letters", "/a/" + strings.ToUpper(key), "/a/…"},
		{"no key that is cut", "/a/" + key[:30], "/a/…"},
		{"no key as a method's path", key, ""},
		{"no signed token", "/a/b;token=eyJhbGciOiJub25lIn0.eyJh.c2ln", "/a/…"},
		{"nor an encrypted one", "/eyJhbGciOiJub25lIn0.a.b.c.d", "/…"},
		{"nor one that is cut", "/eyJhbGciOiJub25lIn0.eyJh", "/…"},
		{"words that look like one", "/eyJ.json/heyJo/eyJaa.", "/eyJ.json/heyJo/eyJaa."},
		{"no password of a scheme in capitals", "HTTPS://ada:s3cret@api.example.com/invoices", "/invoices"},
		{"no password of another scheme", "wss://ada:s3cret@api.example.com/invoices", "/invoices"},
		{"no query behind a host alone", "http://api.example.com?next=/s3cret", "/"},
		{"no host and port", "ada:s3cret@api.example.com:443", ""},
		{"all of the server", "*", "*"},
		{"a URI within a path", "/to/http://example.com/a", "/to/http://example.com/a"},
		{"HTML as it is", "/<script>alert(1)</script>", "/<script>alert(1)</script>"},
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
	if method, _ := (&Question{Original: sent{key, "/"}}).shown(f); method != "…" {
		t.Errorf("a key as the method: %q", method)
	}
	if method, path := (&Question{}).shown(f); method != "" || path != "" {
		t.Errorf("nobody said: %q %q", method, path)
	}
}

// TestLittleOfALongRequestIsKept: thousands of refusals wait to be saved.
func TestLittleOfALongRequestIsKept(t *testing.T) { //nolint:paralleltest // it weighs memory
	f, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		t.Fatal(err)
	}
	weigh := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var kept []string
	before := weigh()
	for range 64 {
		long := strings.Repeat("A", 1<<20)
		method, path := (&Question{Original: sent{long, "/" + long}}).shown(f)
		_, second := (&Question{Original: sent{"GET", "/a/" + long}}).shown(f)
		kept = append(kept, method, path, second)
	}
	if after := weigh(); after > before+8<<20 {
		t.Errorf("%d texts of at most 200 bytes keep %d bytes", len(kept), after-before)
	}
	runtime.KeepAlive(kept)
}

// TestALongPathCostsNoMoreThanAShortOne: refusals cost little.
func TestALongPathCostsNoMoreThanAShortOne(t *testing.T) { //nolint:paralleltest // it counts allocations
	f, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		t.Fatal(err)
	}
	q := &Question{Original: sent{"GET", strings.Repeat("/", 256<<10)}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	q.shown(f)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes are allocated", n)
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
		if again, same := shown(m, path, format); again != m || same != path {
			t.Errorf("%q %q became %q %q", m, path, again, same)
		}
		if len(m) > maxMethod || len(path) > maxPath || !utf8.ValidString(m+path) || strings.ContainsAny(path, "?#\x00\n") {
			t.Errorf("%q %q", m, path)
		}
		if format.Within(strings.ToLower(path)) != "" || format.Within(m) != "" {
			t.Errorf("a key is shown: %q", path)
		}
	})
}
