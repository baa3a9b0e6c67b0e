package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/errs"
)

// disk returns a file of testdata.
func disk(name string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join("testdata", name)) }}
}

// memory returns a file with the content.
func memory(name, content string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

// read returns the rows and problems of the files, problems as text.
func read(t *testing.T, format string, files ...File) (rows []Row, problems []string) {
	t.Helper()
	err := Read(t.Context(), format, files, func(r Row) error {
		rows = append(rows, r)
		return nil
	}, func(p Problem) error {
		problems = append(problems, strings.Join(strings.Fields(p.Place.String()+" "+p.ID+" "+p.Fault.String()), " "))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, problems
}

// shape is a row in the short form that tables compare.
type shape struct {
	Place, ID, Owner, Name, Prefix, Start, Env, Tier, Scopes  string
	Created, Expires, Limit, Quota, Networks, Metadata, Notes string
	Key                                                       string // in clear, or the algorithm
	State                                                     string
}

func shapeOf(r Row) shape {
	s := shape{
		Place: r.Place.String(), ID: r.ID, Name: r.Name, Prefix: r.Prefix, Start: r.Start, Env: r.Environment, Tier: r.Tier,
		Scopes: strings.Join(r.Scopes, " "), Metadata: string(r.Metadata), Key: r.Secret.Reveal(),
	}
	if r.Owner != (Owner{}) {
		s.Owner = strings.TrimSpace(r.Owner.ID + " " + r.Owner.Name)
	}
	if r.Secret == "" {
		s.Key = fmt.Sprintf("%s/%d", r.Digest.Algorithm, len(r.Digest.Sum))
	}
	for at, into := range map[*time.Time]*string{&r.CreatedAt: &s.Created, &r.ExpiresAt: &s.Expires} {
		if !at.IsZero() {
			*into = at.Format(time.RFC3339Nano)
		}
	}
	if r.RateLimit != nil {
		s.Limit = r.RateLimit.String()
	}
	if r.Quota != nil {
		s.Quota = fmt.Sprintf("%d/%s", r.Quota.Requests, r.Quota.Per)
	}
	var networks, notes, states []string
	for _, n := range r.Networks {
		networks = append(networks, n.String())
	}
	for _, n := range r.Notes {
		notes = append(notes, n.Code)
	}
	for state, is := range map[string]bool{"disabled": r.Disabled, "revoked": r.Revoked} {
		if is {
			states = append(states, state)
		}
	}
	s.Networks, s.Notes, s.State = strings.Join(networks, " "), strings.Join(notes, " "), strings.Join(states, " ")
	return s
}

func wantRows(t *testing.T, got []Row, want ...shape) {
	t.Helper()
	var shapes []shape
	for _, r := range got {
		shapes = append(shapes, shapeOf(r))
	}
	if diff := cmp.Diff(want, shapes); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func wantProblems(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d problems, want %d: %q", len(got), len(want), got)
		return
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("problem %q, want %q in it", got[i], want[i])
		}
	}
}

func TestFormatsAreNamed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range Formats() {
		if f.Name == "" || f.About == "" || seen[f.Name] {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
	}
	err := Read(t.Context(), "excel", nil, nil, nil)
	if !errors.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "django") {
		t.Errorf("an unknown format: %v", err)
	}
}

// TestSecretsDoNotPrint in whatever way a row is printed, logged or encoded.
func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	row := Row{ID: "1", Secret: "hunter2hunter2", Digest: Digest{Algorithm: SHA256, Sum: []byte("summation"), Salt: []byte("sodium")}}
	type bare Row
	encoded, err := json.Marshal(bare(row))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("row", "row", row, "secret", row.Secret, "digest", row.Digest)
	text := fmt.Sprintf("%v %+v %#v %s %q %x %v %d %s", row, bare(row), row.Secret, row.Secret, row.Secret, row.Secret, row.Digest,
		row.Digest, row) +
		string(encoded) + log.String()
	for _, secret := range []string{"hunter2", "summation", "sodium", "68756e746572", "115 117 109", "c3VtbWF0aW9u"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
}

func TestReadEndsWithTheErrorsOfItsCallbacks(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	for _, content := range []string{"key\nabc\n", `{"key":"abc"}`, `[{"key":"abc"}]`, "{\n\"key\":\"abc\"}\n"} {
		err := Read(t.Context(), "csv", []File{memory("f", content)}, func(Row) error { return stop }, func(Problem) error { return nil })
		if !errors.Is(err, stop) {
			t.Errorf("%q: the error of yield: %v", content, err)
		}
	}
	for _, content := range []string{"key,colour\nabc,red\n", `{"colour":"red"}`, `[{"colour":"red"}]`, "[1]", "", "{\"a\":", "\xff\xfea"} {
		err := Read(t.Context(), "csv", []File{memory("f", content)}, func(Row) error { return nil }, func(Problem) error { return stop })
		if !errors.Is(err, stop) {
			t.Errorf("%q: the error of problem: %v", content, err)
		}
	}
}

func TestReadEndsWhereAFileCannotBeRead(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	nothing := func(Problem) error { return nil }
	for name, begin := range map[string]string{
		"table": "key\nabc\n", "lines": "{\"key\":\"abc\"}\n", "list": `[{"key":"abc"},`, "begin": "",
		"members": "{\n\"keys\":[{\"key\":\"abc\"},",
	} {
		open := func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(begin), errorReader{broken})), nil
		}
		for _, format := range []string{"csv", "kong", "unkey"} {
			err := Read(t.Context(), format, []File{{Name: "f", Open: open}}, func(Row) error { return nil }, nothing)
			if !errors.Is(err, broken) {
				t.Errorf("%s as %s: %v", name, format, err)
			}
		}
	}
	missing := File{Name: "gone.csv", Open: func() (io.ReadCloser, error) { return nil, os.ErrNotExist }}
	err := Read(t.Context(), "csv", []File{missing}, nil, nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "gone.csv") {
		t.Errorf("a file that is not there: %v", err)
	}
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

func TestReadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := Read(ctx, "csv", []File{memory("f", "key\n"+strings.Repeat("abc\n", 1000))}, func(Row) error {
		if n++; n == 10 {
			cancel()
		}
		return nil
	}, func(Problem) error { return nil })
	if !errors.Is(err, context.Canceled) || n != 10 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestContradictoryRowsAreProblems(t *testing.T) {
	t.Parallel()
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // SHA-256 of abc
	for _, tt := range []struct{ name, row, want string }{
		{"key and its digest", `{"key":"abc","algorithm":"sha256","digest":"` + abc + `"}`, ""},
		{"key and another digest", `{"key":"abd","algorithm":"sha256","digest":"` + abc + `"}`, "not that of the key"},
		{"key and a slow digest", `{"key":"abc","algorithm":"pbkdf2_sha256","salt":"s","iterations":1,"digest":"` + abc + `"}`, "one of them"},
		{"two algorithms", `{"algorithm":"sha512","digest":"pbkdf2_sha256$1$s$` + abc + `"}`, "another algorithm"},
		{"two algorithms by length", `{"algorithm":"sha512","digest":"` + abc + `"}`, "digest by sha512"},
		{"nothing", `{"id":"1"}`, "neither a key nor a digest"},
		{"algorithm without digest", `{"algorithm":"sha256"}`, "needs a digest"},
		{"digest without algorithm", `{"digest":"` + abc + `"}`, "by which algorithm"},
		{"plain with a digest", `{"algorithm":"plain","digest":"` + abc + `"}`, "belongs in the column key"},
		{"expiry before creation", `{"key":"abc","created_at":"2026-01-02","expires_at":"2026-01-01"}`, "before it was created"},
		{"never valid", `{"key":"abc","not_before":"2026-01-02","expires_at":"2026-01-01"}`, "before it becomes valid"},
		{"prefix of another key", `{"key":"abc","prefix":"pay_"}`, "prefix or start"},
		{"a space", `{"key":"ab c"}`, "only visible ASCII"},
		{"an umlaut", `{"key":"abä"}`, "only visible ASCII"},
		{"NUL", `{"key":"ab\u0000c"}`, "NUL"},
		{"no time", `{"key":"abc","expires_at":"soon"}`, "expires_at: must be a time"},
		{"no flag", `{"key":"abc","disabled":"maybe"}`, "disabled: must be true or false"},
		{"no rate", `{"key":"abc","rate_limit":"lots"}`, "rate_limit: write a rate"},
		{"no quota", `{"key":"abc","quota":"5/week"}`, "quota: write a quota"},
		{"no network", `{"key":"abc","allowed_networks":["home"]}`, "allowed_networks: must be addresses"},
		{"no environment", `{"key":"abc","environment":"prod"}`, "environment: must be live or test"},
		{"no metadata", `{"key":"abc","metadata":[1]}`, "metadata: must be"},
		{"iterations", `{"algorithm":"pbkdf2_sha256","salt":"s","iterations":4000000000,"digest":"` + abc + `"}`, "iterations"},
		{"murmur", `{"algorithm":"murmur64","digest":"41c5cb1e41c5cb1e"}`, "whoever has one can make a key"},
		{"murmur by length", `{"algorithm":"sha256","digest":"41c5cb1e41c5cb1e"}`, "whoever has one can make a key"},
		{"crc", `{"algorithm":"CRC-32","digest":"41c5cb1e"}`, "whoever has one can make a key"},
		{"sha1", `{"algorithm":"SHA-1","digest":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}`, "whoever has one can make a key"},
		{"bcrypt", `{"algorithm":"bcrypt","digest":"$2b$12$abc"}`, "digest by sha256"},
		{"argon2", `{"algorithm":"argon2","digest":"argon2$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA"}`, "cannot be verified here"},
	} {
		rows, problems := read(t, "jsonl", memory("f", tt.row))
		switch {
		case tt.want == "":
			if len(problems) > 0 || len(rows) != 1 || !rows[0].Digest.IsZero() {
				t.Errorf("%s: %v, %q", tt.name, rows, problems)
			}
		case len(rows) > 0 || len(problems) != 1 || !strings.Contains(problems[0], tt.want):
			t.Errorf("%s: %v, %q, want %q", tt.name, rows, problems, tt.want)
		}
	}
}

// TestOwnColumns: the same rows as CSV with a byte order mark and CRLF, and as JSON Lines.
func TestOwnColumns(t *testing.T) {
	t.Parallel()
	rows, problems := read(t, "csv", disk("own.csv"))
	wantProblems(t, problems, "own.csv:6 5 digest: digests by md5 cannot be taken")
	wantRows(t, rows,
		shape{
			Place: "own.csv:2", ID: "1", Owner: "acme Acme", Name: "CI", Prefix: "pay_", Start: "pay_AbC", Env: "live", Tier: "gold",
			Scopes: "orders:read orders:write", Created: "2024-01-02T03:04:05Z", Expires: "2034-01-02T03:04:05Z", Limit: "100/10s burst 200",
			Quota: "100000/month", Networks: "192.0.2.0/24 2001:db8::1/128", Metadata: `{"a":1}`, Key: "sha256/32",
		},
		shape{Place: "own.csv:3", ID: "2", Owner: "acme Acme", Name: "Clear", Key: "pay_0123456789abcdef"},
		shape{Place: "own.csv:4", ID: "3", Owner: "acme Acme", Name: "Slow", Env: "test", Key: "pbkdf2_sha256/32", State: "disabled"},
		shape{Place: "own.csv:5", ID: "4", Owner: "acme Acme", Name: "Gone", Key: "sha512/64", State: "revoked"},
	)
	if d := rows[2].Digest; d.Iterations != 1000 || string(d.Salt) != "NaCl" {
		t.Errorf("PBKDF2 of %d iterations, salt %q", d.Iterations, d.Salt)
	}
	rows, problems = read(t, "jsonl", disk("own.jsonl"))
	wantProblems(t, problems, "own.jsonl:3 2 column 3 has an unknown name",
		"own.jsonl:4 a name occurs twice", "own.jsonl:5 a record ends too early")
	wantRows(t, rows, shape{
		Place: "own.jsonl:1", ID: "1", Owner: "acme", Name: "CI", Scopes: "orders:read", Limit: "100/10s burst 200", Quota: "1000/day",
		Networks: "192.0.2.1/32", Metadata: `{"a":1}`, Key: "sha256/32",
	})
	if got := rows[0].Networks[0]; got != netip.MustParsePrefix("192.0.2.1/32") {
		t.Errorf("network %v", got)
	}
}
