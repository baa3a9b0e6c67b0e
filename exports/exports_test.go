package exports_test

import (
	"bytes"
	"context"
	"crypto/sha512"
	"errors"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/exports"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
)

// filled is a world with objects that use every field of an export.
func filled(t *testing.T) *keystest.World {
	t.Helper()
	w := keystest.NewWorld(t)
	ctx, moment := t.Context(), keys.Moment(w.Now())
	rule, quota := &ratelimit.Rule{Requests: 5, Per: 90 * time.Second, Burst: 7}, &ratelimit.Quota{Requests: 9, Per: ratelimit.Day}
	networks := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	w.Must(w.Store.Tiers().Insert(ctx, keys.Tier{Stamp: keys.NewStamp(moment), Name: "odd", TierFields: keys.TierFields{
		Title: "Odd", RateLimit: rule, AccountRateLimit: rule, Quota: quota, MaxKeys: 3, MaxKeyAge: 24 * time.Hour, KeyRetention: 240 * time.Hour,
		LeakPolicy: keys.LeakDisable,
	}}))
	u := auth.User{
		Stamp: keys.NewStamp(moment), ID: ids.New(ids.User), Email: "ada@example.com", Username: "ada", Name: "Ada <ä>", Language: "de",
		PasswordHash: "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA", IsAdmin: true, LastSignInAt: moment, ConfirmedAt: moment,
	}
	w.Must(w.Store.Users().Insert(ctx, u))
	w.Must(w.Store.Memberships().Insert(ctx, auth.Membership{
		Stamp: keys.NewStamp(moment), OrganizationID: keys.FirstOrganization, UserID: u.ID, Role: auth.Owner,
	}))
	a := w.Account
	a.ID, a.Tier, a.AllowedNetworks, a.RateLimit, a.Quota, a.OwnerID = ids.New(ids.ServiceAccount), "odd", networks, rule, quota, u.ID
	a.Override = &keys.Override{KeyRateLimit: rule, RateLimit: rule, Quota: quota, Until: moment.Add(time.Hour), Note: "launch"}
	a.ExternalID, a.Metadata, a.LimitResets = "crm-1", keys.Metadata(`{"a":1}`), 2
	w.Must(w.Store.ServiceAccounts().Insert(ctx, a))
	w.Must(w.Store.Certificates().Insert(ctx, auth.Certificate{
		Stamp: keys.NewStamp(moment), ID: ids.New(ids.Certificate), OrganizationID: a.OrganizationID, ServiceAccountID: a.ID, Name: "c",
		Match: "dns:a.example.com", ExpiresAt: moment.Add(time.Hour),
	}))
	k, _ := w.Issue(keys.KeyFields{Name: "plain"})
	w.Revoke(k)
	full := keys.Key{
		Stamp: keys.NewStamp(moment), ID: ids.New(ids.Key), OrganizationID: a.OrganizationID, ServiceAccountID: a.ID, Environment: keys.Test,
		Digest: keys.SHA512Digest(sha512.Sum512([]byte("k"))), Start: "pay_", Last4: "abcd",
		RotatedFrom: k.ID, GraceUntil: moment, ImportID: "imp_1",
		LastUsedAt: moment, LastUsedIP: "203.0.113.9", LastUsedAgent: "curl", CreatedBy: u.ID, LimitResets: 1,
		KeyFields: keys.KeyFields{
			Name: "full", Note: "n", Scopes: []string{"invoices:read"}, AllowedNetworks: networks, RateLimit: rule, ExpiresAt: moment.Add(time.Hour),
			NotBefore: moment, Metadata: keys.Metadata(`{"b":"<"}`), Disabled: true,
		},
	}
	var err error
	full.HashAlgorithm, full.Hash, err = full.Digest.Lookup("")
	w.Must(err)
	w.Must(w.Store.Keys().Insert(ctx, full))
	w.Must(w.Store.KeyShapes().Insert(ctx, imports.Shapes{Stamp: keys.NewStamp(moment), ID: imports.ShapesID, Shapes: []keys.Shape{
		{Prefix: "pay_", Alphabet: keys.URLSafe, Least: 20, Most: 40, SHA512: true},
	}}))
	return w
}

func export(t *testing.T, s exports.Store, hashes bool) string {
	t.Helper()
	var b bytes.Buffer
	now := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	if err := exports.Write(t.Context(), s, exports.Options{Brand: "lk", Hashes: hashes, Now: now}, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func empty(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}

func TestWhatIsExportedComesBack(t *testing.T) {
	t.Parallel()
	w := filled(t)
	first := export(t, w.Store, true)
	s := empty(t)
	stored, there, err := exports.Read(t.Context(), s, "lk", strings.NewReader(first))
	if err != nil || stored[exports.Keys] != 2 || len(there) != 9 {
		t.Fatalf("%v %v %v", stored, there, err)
	}
	if second := export(t, s, true); second != first {
		t.Errorf("exported again:\n%s\nwas:\n%s", second, first)
	}
	stored, there, err = exports.Read(t.Context(), s, "lk", strings.NewReader(first))
	if err != nil || stored[exports.Keys] != 0 || there[exports.Keys] != 2 {
		t.Errorf("a second time: %v %v %v", stored, there, err)
	}
	if second := export(t, s, true); second != first {
		t.Error("a second reading changed something")
	}
}

func TestExportWithoutHashes(t *testing.T) {
	t.Parallel()
	w := filled(t)
	text := export(t, w.Store, false)
	for _, secret := range []string{"argon2", "sha512$$", `"hash"`} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in an export without hashes", secret)
		}
	}
	_, _, err := exports.Read(t.Context(), empty(t), "lk", strings.NewReader(text))
	wantCode(t, err, "export_without_hashes")
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind != errs.Invalid || e.Text.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestFilesThatAreNotTaken(t *testing.T) {
	t.Parallel()
	w := filled(t)
	good := export(t, w.Store, true)
	lines := strings.SplitAfter(good, "\n")
	for name, tt := range map[string]struct{ text, code string }{
		"empty":          {"", "export_cut_off"},
		"another":        {`{"type":"thing","object":{}}` + "\n", "export_not_one"},
		"newer":          {strings.Replace(good, `"version":1`, `"version":2`, 1), "export_newer"},
		"another brand":  {strings.Replace(good, `"brand":"lk"`, `"brand":"pay"`, 1), "export_brand"},
		"cut off":        {strings.Join(lines[:len(lines)-3], ""), "export_cut_off"},
		"within a line":  {good[:len(good)/2], "export_line"},
		"one line less":  {strings.Join(append(append([]string{}, lines[:3]...), lines[4:]...), ""), "export_cut_off"},
		"more after end": {good + lines[1], "export_line"},
		"long":           {lines[0] + `{"type":"scope","object":{"name":"` + strings.Repeat("x", 2<<20) + `"}}`, "export_line"},
		"unknown member": {strings.Replace(good, `"title":`, `"tytle":`, 1), "export_line"},
		"bad duration":   {strings.Replace(good, `"per":"1m30s"`, `"per":"soon"`, 1), "export_line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := exports.Read(t.Context(), empty(t), "lk", strings.NewReader(tt.text))
			wantCode(t, err, tt.code)
		})
	}
}

// TestNothingIsExportedAlone: what belongs to something that went meanwhile is left out.
func TestNothingIsExportedAlone(t *testing.T) {
	t.Parallel()
	w := filled(t)
	k := keys.Key{Stamp: keys.NewStamp(w.Now()), ID: ids.New(ids.Key), ServiceAccountID: "sa_gone", Hash: keys.HashOf("x")}
	w.Must(w.Store.Keys().Insert(t.Context(), k))
	if text := export(t, w.Store, true); strings.Contains(text, k.ID) {
		t.Error("a key is exported without its account")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"type":"latchkey_export","object":{"version":1,"brand":"lk"}}` + "\n" + `{"type":"end","object":{"count":{}}}`)
	f.Add(`{"type":"latchkey_export","object":{"version":1,"brand":"lk"}}` + "\n" + `{"type":"key","object":{"id":"key_1","hash":"00"}}`)
	s, err := sqlite.Open(f.Context(), filepath.Join(f.TempDir(), "latchkey.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close(context.WithoutCancel(f.Context())) })
	f.Fuzz(func(t *testing.T, text string) {
		_, _, err := exports.Read(t.Context(), s, "lk", strings.NewReader(text))
		if err != nil && !errors.Is(err, errs.Invalid) {
			t.Error(err)
		}
	})
}

// TestShapesAreAdded to those of a store that has imported keys: keys of a shape that it
// does not know are malformed.
func TestShapesAreAdded(t *testing.T) {
	t.Parallel()
	w := filled(t)
	file := export(t, w.Store, true)
	other := keystest.NewWorld(t)
	acme := keys.Shape{Prefix: "acme_", Alphabet: keys.HexDigits, Least: 32, Most: 32}
	other.Must(other.Store.KeyShapes().Insert(t.Context(), imports.Shapes{
		Stamp: keys.NewStamp(w.Now()), ID: imports.ShapesID, Shapes: []keys.Shape{acme},
	}))
	_, _, err := exports.Read(t.Context(), other.Store, keys.DefaultBrand, strings.NewReader(file))
	other.Must(err)
	shapes, err := other.Store.KeyShapes().Get(t.Context(), imports.ShapesID)
	if err != nil || len(shapes.Shapes) != 2 {
		t.Errorf("%+v, %v", shapes.Shapes, err)
	}
}
