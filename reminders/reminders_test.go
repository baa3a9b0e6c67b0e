package reminders_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/reminders"
	"github.com/latchkey/latchkey/store/sqlite"
)

// desk is a store with an organization, and a clock that the test sets.
type desk struct {
	t     *testing.T
	store *sqlite.Store
	mu    sync.Mutex
	at    time.Time
	mails []auth.Mail
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close(context.WithoutCancel(t.Context())) })
	d := &desk{t: t, store: store, at: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)}
	d.must(store.Organizations().Insert(t.Context(), keys.Organization{
		Stamp: keys.NewStamp(d.at), ID: "org_a",
		OrganizationFields: keys.OrganizationFields{Name: "Acme"},
	}))
	d.must(store.ServiceAccounts().Insert(t.Context(), keys.ServiceAccount{
		Stamp: keys.NewStamp(d.at), ID: "sa_a", OrganizationID: "org_a",
		AccountFields: keys.AccountFields{Name: "sync"},
	}))
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) Post(m auth.Mail) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mails = append(d.mails, m)
}

func (d *desk) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *desk) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

// service is one node's.
func (d *desk) service() *reminders.Service {
	sealer, err := seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	d.must(err)
	s, err := reminders.New(reminders.Config{Store: d.store, Sealer: sealer, Mailer: d, Logger: slog.New(slog.DiscardHandler), Now: d.now})
	d.must(err)
	return s
}

func (d *desk) person(name string, role auth.Role, change func(*auth.User)) auth.User {
	u := auth.User{Stamp: keys.NewStamp(d.now()), ID: ids.New(ids.User), Email: name + "@example.com", Name: name, ConfirmedAt: d.now()}
	if change != nil {
		change(&u)
	}
	d.must(d.store.Users().Insert(d.t.Context(), u))
	d.must(d.store.Memberships().Insert(d.t.Context(), auth.Membership{
		Stamp: keys.NewStamp(d.now()), OrganizationID: "org_a",
		UserID: u.ID, Role: role,
	}))
	return u
}

// key makes one that was made long ago and ends after so long.
func (d *desk) key(name string, ends time.Duration, change func(*keys.Key)) keys.Key {
	k := keys.Key{
		Stamp: keys.NewStamp(d.now().AddDate(0, -6, 0)), ID: ids.New(ids.Key), OrganizationID: "org_a", ServiceAccountID: "sa_a",
		Environment:   keys.Live,
		HashAlgorithm: keys.SHA256, Start: "lk_live_abcd", Last4: "wxyz", KeyFields: keys.KeyFields{Name: name, ExpiresAt: d.now().Add(ends)},
	}
	k.Hash = keys.HashOf(k.ID)
	if change != nil {
		change(&k)
	}
	d.must(d.store.Keys().Insert(d.t.Context(), k))
	return k
}

// told runs the service until it has nothing to do, and returns who was told of
// what since.
func (d *desk) told(s *reminders.Service) map[string]string {
	d.t.Helper()
	for {
		n, err := s.Step(d.t.Context())
		d.must(err)
		if n < reminders.Batch {
			break
		}
	}
	return d.taken()
}

func (d *desk) taken() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string]string{}
	for _, m := range d.mails {
		var names []string
		for _, k := range m.Expiring {
			names = append(names, k.Name)
		}
		who, _, _ := strings.Cut(m.To, "@")
		all[who] += strings.Join(names, " ") + ";"
	}
	d.mails = nil
	return all
}

func (d *desk) want(got map[string]string, want ...string) {
	d.t.Helper()
	for i := 0; i < len(want); i += 2 {
		if got[want[i]] != want[i+1] {
			d.t.Errorf("%s was told %q, want %q", want[i], got[want[i]], want[i+1])
		}
	}
	if len(got) != len(want)/2 {
		d.t.Errorf("told %v, want %v", got, want)
	}
}

const day = 24 * time.Hour

func TestEachIsToldThreeTimes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.person("olga", auth.Owner, nil)
	d.person("dan", auth.Developer, nil)
	d.key("far", 35*day, nil)
	d.key("farther", 35*day+time.Hour, nil)
	var days []int
	s := d.service()
	for i := range 40 {
		switch got := d.told(s); len(got) {
		case 0:
		default:
			d.want(got, "olga", "far farther;", "dan", "far farther;")
			days = append(days, 35-i)
		}
		d.pass(day)
	}
	if len(days) != 3 || days[0] != 30 || days[1] != 7 || days[2] != 1 {
		t.Errorf("told %v days before", days)
	}
}

// TestRemindersAreInTheUsersLanguage: no request caused them, so that there is the
// user's choice alone.
func TestRemindersAreInTheUsersLanguage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.person("ada", auth.Developer, func(u *auth.User) { u.Language = "de" })
	d.person("eve", auth.Developer, nil)
	d.key("nightly", 7*day-time.Hour, nil)
	if _, err := d.service().Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range d.mails {
		got[m.To] = m.Language
	}
	if len(got) != 2 || got["ada@example.com"] != "de" || got["eve@example.com"] != "" {
		t.Errorf("the languages are %v", got)
	}
}

func TestWhoAndWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.must(d.store.ServiceAccounts().Insert(t.Context(), keys.ServiceAccount{
		Stamp: keys.NewStamp(d.at), ID: "sa_off", OrganizationID: "org_a",
		AccountFields: keys.AccountFields{Disabled: true},
	}))
	d.person("olga", auth.Owner, nil)
	d.person("vic", auth.Viewer, nil)
	d.person("gone", auth.Owner, func(u *auth.User) { u.Disabled = true })
	d.person("new", auth.Owner, func(u *auth.User) { u.ConfirmedAt = time.Time{} })
	const soon = 29*day + 20*time.Hour
	d.key("good", soon, nil)
	d.key("revoked", soon, func(k *keys.Key) { k.RevokedAt = d.at })
	d.key("disabled", soon, func(k *keys.Key) { k.Disabled = true })
	d.key("rotated", soon, func(k *keys.Key) { k.RotatedTo = "key_x" })
	d.key("short", soon, func(k *keys.Key) { k.Stamp = keys.NewStamp(d.at) })
	d.key("expired", -time.Hour, nil)
	d.key("foreign", soon, func(k *keys.Key) { k.OrganizationID = "org_b" })
	d.key("idle", soon, func(k *keys.Key) { k.ServiceAccountID = "sa_off" })
	d.want(d.told(d.service()), "olga", "good;")
}

// Neither a restart nor other nodes tell anybody twice; a day's keys come in
// one mail.
func TestNobodyIsToldTwice(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, name := range []string{"ada", "ben", "cleo"} {
		d.person(name, auth.Owner, nil)
	}
	d.key("one", 30*day+20*time.Hour, nil)
	d.key("two", 7*day+20*time.Hour, nil)
	var nodes sync.WaitGroup
	for range 3 {
		s := d.service()
		nodes.Go(func() {
			for range 3 {
				if _, err := s.Step(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	nodes.Wait()
	d.want(d.taken(), "ada", "two one;", "ben", "two one;", "cleo", "two one;")
	d.want(d.told(d.service()))
	d.key("three", 39*time.Hour, nil)
	d.want(d.told(d.service())) // tomorrow: a mail a day
	d.pass(10 * time.Hour)
	d.want(d.told(d.service()))
	d.pass(3 * time.Hour)
}

// After a week without the service everyone is notified of what they missed, once.
func TestWhatWasMissedIsTold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.person("olga", auth.Owner, nil)
	d.key("first", 31*day, nil)
	s := d.service()
	d.want(d.told(s))
	d.pass(6 * day)
	d.want(d.told(s), "olga", "first;")
	d.pass(time.Hour)
	d.want(d.told(d.service()))
}

func TestMailsCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	olga := d.person("olga", auth.Owner, nil)
	d.key("one", 30*day+20*time.Hour, nil)
	s := d.service()
	for range reminders.Batch {
		if n, _ := s.Step(t.Context()); n < reminders.Batch {
			break
		}
	}
	d.mu.Lock()
	token := d.mails[0].Token
	d.mu.Unlock()
	d.taken()
	for _, forged := range []string{"", "x", token[:len(token)-2], "!" + token} {
		if err := s.Unsubscribe(t.Context(), forged); !errors.Is(err, errs.NotFound) {
			t.Errorf("a forged secret: %v", err)
		}
	}
	wanted := func(want bool) {
		t.Helper()
		if got, err := s.Wanted(t.Context(), olga.ID); err != nil || got != want {
			t.Errorf("wanted: %t, %v", got, err)
		}
	}
	wanted(true)
	d.must(s.Unsubscribe(t.Context(), token))
	d.must(s.Unsubscribe(t.Context(), token))
	wanted(false)
	d.pass(23 * day)
	d.want(d.told(s))
	d.must(s.SetWanted(t.Context(), olga.ID, true))
	wanted(true)
	d.want(d.told(s)) // nothing of what was due meanwhile
	d.pass(6 * day)
	d.want(d.told(s), "olga", "one;")
}

// A store that is away stops the step where it is; it goes on from there.
func TestAStepBeginsWithWhoItCouldNotTell(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for range reminders.Batch + 5 {
		d.person(ids.New(""), auth.Owner, nil)
	}
	d.key("one", 30*day+20*time.Hour, nil)
	s := d.service()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Step(ended); err == nil {
		t.Error("a step that was ended says that all is well")
	}
	if n, err := s.Step(t.Context()); n != reminders.Batch || err != nil {
		t.Errorf("the first step looked at %d, %v", n, err)
	}
	if n, err := s.Step(t.Context()); n != 5 || err != nil {
		t.Errorf("the second step looked at %d, %v", n, err)
	}
	if got := len(d.taken()); got != reminders.Batch+5 {
		t.Errorf("told %d", got)
	}
}
