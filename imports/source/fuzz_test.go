package source

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// fuzzFormat checks that the format takes any content without an error of its own, that
// its rows hold together, and that problems do not show keys.
func fuzzFormat(f *testing.F, format string, seeds ...string) {
	f.Helper()
	for _, name := range seeds {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	for _, seed := range []string{
		"", "{", "[{}]", "[[1]]", "a,b\n\"", "a: b\n- c\n", "consumers:\n- &a [*a]\n", "{\"keys\":[{}],\"data\":{}}", "\xff\xfe", "- - - -\n",
		"{\"a\":{\"b\":[1,2,{\"c\":null}]}}\n{", "key\n\x00\n", "apikey-x: {}\n", "[{\"plugins\":{\"key-auth\":{\"key\":{}}},\"username\":1}]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		err := Read(context.Background(), format, []File{memory("f", string(content))}, func(r Row) error {
			checkRow(t, r)
			return nil
		}, func(p Problem) error {
			if p.Fault.IsZero() || p.Fault.Code == "" || p.Place.File != "f" {
				t.Errorf("problem %+v", p)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%q: %v", content, err)
		}
	})
}

func checkRow(t *testing.T, r Row) {
	t.Helper()
	size := map[Algorithm]int{SHA256: 32, SHA512: 64, PBKDF2SHA256: 32}[r.Digest.Algorithm]
	if (r.Secret == "") == r.Digest.IsZero() || len(r.Digest.Sum) != size {
		t.Errorf("%v has %d bytes of key and %d of digest", r, len(r.Secret), len(r.Digest.Sum))
	}
	if slow := r.Digest.Algorithm == PBKDF2SHA256; slow != (r.Digest.Iterations > 0) || slow != (len(r.Digest.Salt) > 0) {
		t.Errorf("%v is of %d iterations", r, r.Digest.Iterations)
	}
	if r.RateLimit != nil && r.RateLimit.Validate() != nil || r.Quota != nil && r.Quota.Validate() != nil {
		t.Errorf("%v has limits %v, %v", r, r.RateLimit, r.Quota)
	}
	if r.Metadata != nil && (!json.Valid(r.Metadata) || r.Metadata[0] != '{') {
		t.Errorf("%v has metadata %s", r, r.Metadata)
	}
	for _, text := range append([]string{r.ID, r.Owner.ID, r.Owner.Name, r.Name, r.Prefix, r.Start, r.Tier}, r.Scopes...) {
		if !utf8.ValidString(text) {
			t.Errorf("%v has %q", r, text)
		}
	}
	for _, n := range r.Notes {
		if n.Code == "" || (len(r.Secret) > 12 && strings.Contains(n.String(), r.Secret.Reveal())) {
			t.Errorf("%v notes %q", r, n)
		}
	}
}

func FuzzDjango(f *testing.F) {
	fuzzFormat(f, "django", "django.json", "django_apikey.csv", "django_token.csv", "django_user.csv")
}

func FuzzUnkey(f *testing.F) { fuzzFormat(f, "unkey", "unkey.json", "unkey.jsonl", "unkey_keys.csv") }

func FuzzBetterAuth(f *testing.F) { fuzzFormat(f, "better-auth", "betterauth.json", "betterauth.csv") }

func FuzzKong(f *testing.F) {
	fuzzFormat(f, "kong", "kong.yaml", "kong_acls.json", "kong_consumers.json", "kong_keyauths.json", "kong_plugins.json")
}

func FuzzAWS(f *testing.F) {
	fuzzFormat(f, "aws", "aws.csv", "aws_keys.json", "aws_plans.json", "aws_glvrsr.json")
}
func FuzzTyk(f *testing.F)    { fuzzFormat(f, "tyk", "tyk.json", "tyk_redis.json") }
func FuzzAPISIX(f *testing.F) { fuzzFormat(f, "apisix", "apisix.json", "apisix.yaml") }
func FuzzOwn(f *testing.F)    { fuzzFormat(f, "csv", "own.csv", "own.jsonl") }

// FuzzDigest: no text is a digest of two algorithms, and those of weak ones are of none.
func FuzzDigest(f *testing.F) {
	for _, seed := range []string{
		"", "$", "sha512$$", "pbkdf2_sha256$1$s$x", "41c5cb1e", "da39a3ee5e6b4b0d3255bfef95601890afd80709", strings.Repeat("a", 43),
		strings.Repeat("0", 64),
		strings.Repeat("0", 128), strings.Repeat("A", 86) + "==",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		short, shortFault := named("sha256", text)
		long, longFault := named("sha512", text)
		if shortFault.IsZero() && longFault.IsZero() {
			t.Errorf("%q is both", text)
		}
		if shortFault.IsZero() != (len(short.Sum) == 32) || longFault.IsZero() != (len(long.Sum) == 64) {
			t.Errorf("%q: %d, %d bytes", text, len(short.Sum), len(long.Sum))
		}
		if _, fault := django(text); fault.IsZero() && !strings.Contains(text, "$") {
			t.Errorf("%q is one of Django", text)
		}
		for _, weak := range []string{"md5", "sha1", "SHA-1", "murmur32", "murmur3", "crc32"} {
			if _, fault := named(weak, text); fault.IsZero() && !strings.Contains(text, "$") {
				t.Errorf("%q is taken as %s", text, weak)
			}
		}
	})
}

// FuzzTable: a table that encoding/csv reads is read the same.
func FuzzTable(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a;b\n1;2\n", "a\n\"x\ny\"\n", "a,b\n\"1\"\"\",2\n", "a\n\"\n", "\"a\nb\",c\n1,2\n\n3,4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		content += "\n" // else the last row may be cut off
		if !utf8.ValidString(content) || strings.ContainsAny(content, "\r;\t\x00") || len(content) > 2000 {
			return
		}
		want, err := csv.NewReader(strings.NewReader(content)).ReadAll()
		if err != nil || strings.TrimSpace(content) == "" || strings.ContainsAny(strings.TrimSpace(content)[:1], "[{") {
			return
		}
		table := &table{in: lineReader{in: bufio.NewReader(strings.NewReader(content))}}
		for i, row := range want {
			cells, _, fault, err := table.next()
			if strings.TrimSpace(strings.Join(row, "")) == "" && len(row) == 1 {
				return // a line of white space only is no row here
			}
			if err != nil || !fault.IsZero() || !slices.Equal(cells, row) {
				t.Errorf("%q: row %d is %q, want %q: %v, %v", content, i, cells, row, fault, err)
				return
			}
		}
	})
}

// FuzzYAML: what becomes JSON is JSON, within the bounds.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{
		"a: 1\n", "- &a x\n- *a\n", "- &a [*a]\n", "a: 0123\nb: .inf\nc: ~\nd: yes\n", "? [a]\n: b\n",
		"a: !!binary x\n", "- <<: {a: 1}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		data, fault := toJSON(content)
		if !fault.IsZero() {
			return
		}
		if fault := wellFormed(data); !fault.IsZero() && fault.Code != "import_duplicate_name" {
			t.Errorf("%q becomes %q: %v", content, data, fault)
		}
	})
}

// FuzzRecord: a JSON object is parsed as encoding/json does, or refused.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1}`, `{"a":{"b":[1]}}`, `{"a_b":1,"aB":2}`, `[1]`, `{"a":"\ud800"}`, `{"a":1}{"b":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		rec := parse(content, Place{})
		if !rec.fault.IsZero() {
			return
		}
		var all map[string]json.RawMessage
		if err := json.Unmarshal(content, &all); err != nil {
			t.Fatalf("%q: %v", content, err)
		}
		for name := range all {
			if !rec.has(fold(name)) {
				t.Errorf("%q lacks %q", content, name)
			}
		}
		if rest := rec.rest(); rest != nil && !jsontext.Value(rest).IsValid() {
			t.Errorf("%q: the rest is %q", content, rest)
		}
	})
}
