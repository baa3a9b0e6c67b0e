package imports_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/imports/source"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/verify"
)

// world is a store into which keys are imported.
type world struct {
	*keystest.World
	imports *imports.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: keystest.NewWorld(t)}
	w.imports = w.service()
	return w
}

// service returns what another process on the store has.
func (w *world) service() *imports.Service {
	w.T.Helper()
	logger := slog.New(slog.DiscardHandler)
	registry, err := nodes.New(nodes.Config{Store: w.Store, MaxStale: time.Minute, Logger: logger, Now: w.Now})
	w.Must(err)
	s, err := imports.New(w.T.Context(), imports.Config{
		Store: w.Store, Keys: w.Service, Format: w.Format, Logger: logger, Node: registry.ID(), Nodes: registry,
	})
	w.Must(err)
	w.T.Cleanup(s.Close)
	return s
}

// text is a file with the text.
func text(name, content string) []source.File {
	return []source.File{{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}}
}

// run imports a file of JSON Lines and returns the record and the rows not taken.
func (w *world) run(o imports.Options, content string) (imports.Import, map[string]string) {
	w.T.Helper()
	o.Format = "jsonl"
	refused := map[string]string{}
	note := func(p imports.Problem) error {
		refused[p.ID] = p.Fault.Code
		return nil
	}
	done, err := w.imports.Files(w.T.Context(), w.Admin, o, text("keys.jsonl", content), imports.Follow{Problem: note})
	w.Must(err)
	return done, refused
}

// clear is the text of the nth key of another system.
func clear(n int) string {
	return fmt.Sprintf("pay_%032x", sha256.Sum256([]byte{byte(n), byte(n >> 8)}))[:36]
}

func digested(n int) string {
	sum := sha256.Sum256([]byte(clear(n)))
	return hex.EncodeToString(sum[:])
}

func TestKeysGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := fmt.Sprintf(`{"id":"a","owner_id":"user:1","key":%q,"scopes":["invoices.read"],"expires_at":"2099-01-01T00:00:00Z"}
{"id":"b","owner_id":"user:1","algorithm":"sha256","digest":%q,"scopes":["invoices.write"],"environment":"test","disabled":true}
{"id":"c","owner_id":"user:2","key":%q,"revoked_at":"2025-01-01T00:00:00Z"}
{"id":"d","key":%q,"quota":{"requests":1000,"per":"month"},"rate_limit":{"requests":5,"per":"1s","burst":5}}
`, clear(1), digested(2), clear(3), clear(4))
	dry, _ := w.run(imports.Options{DryRun: true}, content)
	before, err := w.Store.Keys().List(t.Context(), keys.KeyFilter{Imported: true}, keys.Page{Limit: 10})
	if err != nil || len(before) != 0 {
		t.Fatalf("a dry run stored %d keys, %v", len(before), err)
	}
	if _, err := w.Store.Tiers().Get(t.Context(), imports.DefaultTier); !errors.Is(err, errs.NotFound) {
		t.Errorf("a dry run made a tier: %v", err)
	}
	w.Want(clear(1), verify.Malformed)

	done, refused := w.run(imports.Options{Scopes: []string{"customers:read"}}, content)
	want := imports.Count{Imported: 4, Organizations: 1, Accounts: 3}
	if done.Count != want || len(refused) != 0 || done.State != imports.Done {
		t.Errorf("%+v, %v", done, refused)
	}
	if dry.Count != want {
		t.Errorf("the dry run said %+v", dry.Count)
	}
	w.Want(clear(1), verify.Valid)
	w.Want(clear(2), verify.Disabled)
	w.Want(clear(3), verify.Revoked)
	v := w.Verify(verify.Question{Key: clear(4), Cost: 1, Scopes: []string{"customers:read"}})
	if v.Code != verify.Valid || !v.Limits.HasQuota || v.Limits.Quota.Limit != 1000 || v.Limits.Key.Limit != 5 {
		t.Errorf("%+v", v)
	}
	if v := w.Verify(verify.Question{Key: clear(1), Cost: 1, Scopes: []string{"invoices:write"}}); v.Code != verify.InsufficientScope {
		t.Errorf("with a scope of another key of the account: %s", v.Code)
	}

	again, _ := w.run(imports.Options{Scopes: []string{"customers:read"}}, content)
	if again.Count != (imports.Count{Unchanged: 4}) {
		t.Errorf("a second run: %+v", again.Count)
	}
	events, err := w.Store.Events(t.Context(), audit.Filter{Action: "import.run"}, "", 10)
	if err != nil || len(events) != 2 || strings.Contains(string(events[0].After), "pay_") {
		t.Errorf("%d audit events, %v", len(events), err)
	}
}

func TestRowsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ours := w.Issue(keys.KeyFields{})
	mistyped := ours[:len(ours)-1] + string('a'+(ours[len(ours)-1]+1-'a')%26)
	content := fmt.Sprintf(`{"id":"short","key":"abcdef0123456"}
{"id":"weak","key":"aaaaaaaabbbbbbbb"}
{"id":"token","key":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"}
{"id":"mistyped","key":%q}
{"id":"there","key":%q}
{"id":"unsalted","algorithm":"pbkdf2_sha256","digest":"pbkdf2_sha256$20$NaCl$N9uTjgBTvGbrFSYlOKmKQj3Ff8Qk8bqs0FcSHtiuvXU="}
{"id":"odd","key":%q,"metadata":{"a":"%s"}}
{"id":"good","key":%q}
`, mistyped, ours, clear(5), strings.Repeat("x", 20_000), clear(6))
	done, refused := w.run(imports.Options{}, content)
	want := map[string]string{
		"short": "import_length", "weak": "import_weak", "token": "import_key_text", "mistyped": "import_mistyped",
		"there": "import_key_taken", "unsalted": "import_needs_prefix", "odd": "json_too_long",
	}
	if len(refused) != len(want) || done.Count.Imported != 1 || done.Count.Refused != len(want) {
		t.Errorf("%+v", done.Count)
	}
	for id, code := range want {
		if refused[id] != code {
			t.Errorf("%s: %s, want %s", id, refused[id], code)
		}
	}
	page, err := w.Store.ImportPages().Get(t.Context(), done.ID+".000000")
	if err != nil || len(page.Problems) != len(want) {
		t.Errorf("%d problems are kept, %v", len(page.Problems), err)
	}
}

func TestWeakKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const weak = "abcd-1234-efgh-77"
	content := fmt.Sprintf(`{"id":"1","key":%q}`, weak)
	done, refused := w.run(imports.Options{AcceptWeak: true}, content)
	if done.Count.Imported != 1 || done.Count.Weak != 1 || len(refused) != 0 {
		t.Fatalf("%+v, %v", done.Count, refused)
	}
	w.Want(weak, verify.Valid)
	w.Want("abcd-1234-efgh-78", verify.NotFound)
	if _, err := w.Store.Keys().ByHash(t.Context(), keys.HashOf(weak)); !errors.Is(err, errs.NotFound) {
		t.Errorf("its SHA-256 is stored: %v", err)
	}
	if again, _ := w.run(imports.Options{AcceptWeak: true}, content); again.Count != (imports.Count{Unchanged: 1}) {
		t.Errorf("again: %+v", again.Count)
	}
}

func TestMapSaysWhatBecomesOfRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := fmt.Sprintf(`{"id":"a","owner_id":"7","key":%q,"scopes":["Files/Read","drop.me","latchkey:verify-all","*"],"tier":"Gold"}
{"id":"b","owner_id":"8","key":%q,"scopes":["role:admin"]}
`, clear(1), clear(2))
	o := imports.Options{Organization: keys.FirstOrganization, Map: imports.Map{
		Owners: map[string]imports.Target{"7": {Organization: "Acme", ServiceAccount: "Acme sync"}},
		Scopes: map[string]string{"drop.me": "", "role:admin": "invoices:*"},
		Tiers:  map[string]string{"Gold": "pro"},
	}}
	done, refused := w.run(o, content)
	if done.Count.Imported != 2 || len(refused) != 0 {
		t.Fatalf("%+v %v", done, refused)
	}
	a := w.Verify(verify.Question{Key: clear(1), Cost: 1, Scopes: []string{"files:read"}})
	if a.Code != verify.Valid || a.Grant.Account.Name != "Acme sync" || a.Grant.Organization.Name != "Acme" || a.Grant.Tier.Name != "pro" ||
		a.Grant.ScopeList() != "files:read" {
		t.Errorf("%s %+v %q", a.Code, a.Grant.Account, a.Grant.ScopeList())
	}
	b := w.Verify(verify.Question{Key: clear(2), Cost: 1, Scopes: []string{"invoices:write"}})
	if b.Code != verify.Valid || b.Grant.Organization.ID != keys.FirstOrganization || b.Grant.Tier.Name != imports.DefaultTier {
		t.Errorf("%s %+v", b.Code, b.Grant.Organization)
	}
	if len(done.Renamed) != 5 {
		t.Errorf("%v", done.Renamed)
	}
	more := fmt.Sprintf(`{"id":"c","owner_id":"8","key":%q,"scopes":["extra:read"]}`, clear(3))
	w.run(o, more)
	if v := w.Verify(verify.Question{Key: clear(3), Cost: 1, Scopes: []string{"extra:read"}}); v.Code != verify.Valid {
		t.Errorf("a later key with another scope: %s", v.Code)
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, o := range map[string]imports.Options{
		"format":       {Format: "excel"},
		"tier":         {Format: "jsonl", Tier: "platinum"},
		"scope":        {Format: "jsonl", Scopes: []string{"Not A Scope"}},
		"organization": {Format: "jsonl", Organization: "org_00000000000070008000000000000099"},
	} {
		_, err := w.imports.Files(t.Context(), w.Admin, o, text("a", `{"id":"a","key":"`+clear(1)+`"}`), imports.Follow{})
		if !errors.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	owner := keystest.Member(keys.FirstOrganization, auth.Owner)
	_, err := w.imports.Files(t.Context(), owner, imports.Options{Format: "jsonl"}, nil, imports.Follow{})
	if !errors.Is(err, errs.Forbidden) {
		t.Errorf("as an owner: %v", err)
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		_, _ = fmt.Fprintf(&b, `{"id":"k%d","owner_id":"u%d","algorithm":"sha256","digest":%q}`+"\n", i, i%30, digested(i))
	}
	return b.String()
}

// TestInterruptedImportContinues ends an import at its first sign of progress.
func TestInterruptedImportContinues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Must(w.imports.Nodes.Join(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	done, err := w.imports.Files(ctx, w.Admin, imports.Options{Format: "jsonl"}, text("keys.jsonl", many(600)), imports.Follow{
		Progress: func(*imports.Import) { cancel() },
	})
	if !errors.Is(err, context.Canceled) || done.State != imports.Failed || done.Count.Imported == 0 || done.Count.Imported == 600 {
		t.Fatalf("%+v, %v", done.Count, err)
	}
	again, _ := w.run(imports.Options{}, many(600))
	if again.Count.Unchanged != done.Count.Imported || again.Count.Imported != 600-done.Count.Imported {
		t.Errorf("first %+v, then %+v", done.Count, again.Count)
	}
	for _, n := range []int{0, 299, 599} {
		w.Want(clear(n), verify.Valid)
	}
}
