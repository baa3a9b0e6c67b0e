package server

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

const day = 24 * time.Hour

// past puts objects into a store that have been there for a while.
type past struct {
	t   *testing.T
	a   *app
	now time.Time
}

func (p past) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// account is one on a tier that keeps its keys for so long.
func (p past) account(tier string, keep time.Duration) (id string) {
	p.t.Helper()
	fields := keys.TierFields{Title: tier, RateLimit: &ratelimit.Rule{Requests: 1, Per: time.Second, Burst: 1}, MaxKeys: 1, KeyRetention: keep}
	p.must(p.a.store.Tiers().Insert(p.t.Context(), keys.Tier{Stamp: keys.NewStamp(p.now), Name: tier, TierFields: fields}))
	id = ids.New(ids.ServiceAccount)
	p.must(p.a.store.ServiceAccounts().Insert(p.t.Context(), keys.ServiceAccount{
		Stamp: keys.NewStamp(p.now), ID: id, OrganizationID: keys.FirstOrganization, AccountFields: keys.AccountFields{Name: tier, Tier: tier},
	}))
	return id
}

func (p past) key(account string, edit func(*keys.Key)) keys.Key {
	p.t.Helper()
	k := newKey()
	k.OrganizationID, k.ServiceAccountID = keys.FirstOrganization, account
	edit(&k)
	p.must(p.a.store.Keys().Insert(p.t.Context(), k))
	return k
}

func (p past) event(ago time.Duration) (id string) {
	p.t.Helper()
	at := p.now.Add(-ago)
	id = ids.At(ids.Event, at)
	p.must(p.a.store.AppendEvent(p.t.Context(), audit.Event{
		ID: id, At: at, Action: "key.create", Subject: audit.Subject{Kind: "system"},
		Object: audit.Object{Type: "key", ID: "key_x"},
	}))
	return id
}

// incident has one page.
func (p past) incident(state incidents.State, ago time.Duration) (id string) {
	p.t.Helper()
	at := p.now.Add(-ago)
	id = ids.At(ids.Incident, at)
	n := incidents.Incident{Stamp: keys.NewStamp(at), ID: id, Action: "revoke", State: state, Pages: 1, FinishedAt: at}
	p.must(p.a.store.Incidents().Insert(p.t.Context(), n))
	p.must(p.a.store.IncidentPages().Insert(p.t.Context(), incidents.Page{
		Stamp: keys.NewStamp(at), ID: id + ".000000",
		Keys: []incidents.Key{{ID: "key_of_" + id}},
	}))
	return id
}

// TestWhatIsLongOverIsArchivedAndRemoved, as the settings and the tiers say.
func TestWhatIsLongOverIsArchivedAndRemoved(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func() string{
		"sqlite":  func() string { return "sqlite:" + t.TempDir() + "/latchkey.db" },
		"mongodb": func() string { return parts.Mongo(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			removesWhatIsOver(t, "LATCHKEY_DATABASE_URL="+url())
		})
	}
}

func removesWhatIsOver(t *testing.T, database string) {
	archive := t.TempDir() + "/kept"
	a := built(t, database, "LATCHKEY_DATA_DIR="+t.TempDir(), "LATCHKEY_ARCHIVE_DIR="+archive, "LATCHKEY_KEEP_KEYS=720h",
		"LATCHKEY_KEEP_INCIDENTS=720h", "LATCHKEY_KEEP_AUDIT=720h")
	ctx, p := t.Context(), past{t, a, time.Now().UTC().Truncate(time.Millisecond)}
	_, err := a.firstStart(ctx)
	p.must(err)
	plain, long, short := p.account("plain", 0), p.account("long", 60*day), p.account("short", 7*day)
	revoked := func(ago time.Duration) func(*keys.Key) {
		return func(k *keys.Key) { k.RevokedAt = p.now.Add(-ago) }
	}
	expired := func(ago time.Duration) func(*keys.Key) {
		return func(k *keys.Key) { k.ExpiresAt = p.now.Add(-ago) }
	}
	rotated := func(k *keys.Key) { k.ExpiresAt, k.GraceUntil = p.now.Add(day), p.now.Add(-31*day) }
	gone := []keys.Key{
		p.key(plain, revoked(31*day)), p.key(plain, expired(31*day)), p.key(plain, rotated), p.key(short, expired(8*day)),
		p.key(short, revoked(8*day)), p.key(long, revoked(61*day)),
	}
	stay := []keys.Key{
		p.key(plain, func(*keys.Key) {}), p.key(plain, revoked(29*day)), p.key(plain, expired(29*day)),
		p.key(plain, expired(-day)), p.key(short, expired(6*day)), p.key(long, revoked(59*day)),
	}
	oldEvent, newEvent := p.event(31*day), p.event(29*day)
	oldIncident, newIncident, running := p.incident(incidents.Done, 31*day), p.incident(incidents.Done, 29*day),
		p.incident(incidents.Running, 32*day)

	a.background()[0].round(ctx)

	for _, k := range gone {
		if _, err := a.store.Keys().Get(ctx, k.ID); !errors.Is(err, errs.NotFound) {
			t.Errorf("key revoked %s, expired %s, grace %s: %v", k.RevokedAt, k.ExpiresAt, k.GraceUntil, err)
		}
	}
	for _, k := range stay {
		_, err := a.store.Keys().Get(ctx, k.ID)
		p.must(err)
	}
	events, err := a.store.EventsBefore(ctx, p.now.Add(time.Hour), 1000)
	p.must(err)
	if events[0].ID != newEvent || deletions(events) != len(gone) {
		t.Errorf("of the events %d are left, first %s, want %s, and %d tell of a key that is gone", len(events), events[0].ID,
			newEvent, deletions(events))
	}
	if _, err := a.store.Incidents().Get(ctx, oldIncident); !errors.Is(err, errs.NotFound) {
		t.Errorf("the old incident: %v", err)
	}
	if _, err := a.store.IncidentPages().Get(ctx, oldIncident+".000000"); !errors.Is(err, errs.NotFound) {
		t.Errorf("its page: %v", err)
	}
	for _, id := range []string{newIncident, running} {
		_, err := a.store.Incidents().Get(ctx, id)
		p.must(err)
	}
	kinds := map[string]string{"keys": "", "incidents": "", "audit-events": ""}
	for kind := range kinds {
		kinds[kind] = archived(t, archive, kind)
	}
	for _, k := range gone {
		if !strings.Contains(kinds["keys"], `"id":"`+k.ID+`"`) || strings.Contains(kinds["keys"], hex.EncodeToString(k.Hash[:4])) {
			t.Errorf("the archive has of key %s:\n%s", k.ID, kinds["keys"])
		}
	}
	if lines := strings.Count(kinds["keys"], "\n"); lines != len(gone) {
		t.Errorf("%d keys are archived, want %d", lines, len(gone))
	}
	if !strings.Contains(kinds["incidents"], `"id":"`+oldIncident+`"`) || !strings.Contains(kinds["incidents"], "key_of_"+oldIncident) ||
		strings.Contains(kinds["incidents"], newIncident) {
		t.Errorf("incidents in the archive:\n%s", kinds["incidents"])
	}
	if want := `{"id":"` + oldEvent + `","at":"`; !strings.HasPrefix(kinds["audit-events"], want) ||
		strings.Contains(kinds["audit-events"], newEvent) {
		t.Errorf("events in the archive:\n%s", kinds["audit-events"])
	}
}

// deletions counts events of keys that were deleted.
func deletions(all []audit.Event) (n int) {
	for i := range all {
		if all[i].Action == "key.delete" {
			n++
		}
	}
	return n
}

// archived returns what the archive has of the kind.
func archived(t *testing.T, dir, kind string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, kind+"-*.jsonl"))
	if err != nil || len(names) != 1 {
		t.Fatalf("files of %s: %v, %v", kind, names, err)
	}
	if info, err := os.Stat(names[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", names[0], info.Mode(), err)
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestNothingIsRemovedThatIsNotArchived: where the archive cannot be written all
// stays, and is tried again.
func TestNothingIsRemovedThatIsNotArchived(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a := built(t, "LATCHKEY_DATABASE_URL=sqlite:"+t.TempDir()+"/latchkey.db", "LATCHKEY_ARCHIVE_DIR="+file, "LATCHKEY_KEEP_KEYS=720h",
		"LATCHKEY_KEEP_INCIDENTS=720h", "LATCHKEY_KEEP_AUDIT=720h")
	ctx, p := t.Context(), past{t, a, time.Now().UTC().Truncate(time.Millisecond)}
	_, err := a.firstStart(ctx)
	p.must(err)
	k := p.key(p.account("plain", 0), func(k *keys.Key) { k.RevokedAt = p.now.Add(-31 * day) })
	event, incident := p.event(31*day), p.incident(incidents.Done, 31*day)
	for name, step := range map[string]func() (int, error){
		"keys":      func() (int, error) { return a.keeper.KeysStep(ctx) },
		"incidents": func() (int, error) { return a.keeper.IncidentsStep(ctx) },
		"events":    func() (int, error) { return a.keeper.EventsStep(ctx) },
	} {
		for range 2 { // keys that end, then those that were revoked
			if _, err = step(); err != nil {
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), "write the archive") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = a.store.Keys().Get(ctx, k.ID)
	p.must(err)
	_, err = a.store.Incidents().Get(ctx, incident)
	p.must(err)
	if events, err := a.store.EventsBefore(ctx, p.now.Add(-30*day), 10); err != nil || len(events) != 1 || events[0].ID != event {
		t.Errorf("events: %v, %v", events, err)
	}
}
