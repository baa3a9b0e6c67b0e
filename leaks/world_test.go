package leaks_test

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/ratelimit"
)

// desk is a world with the service of one node, and what it does to the outside.
type desk struct {
	*keystest.World
	service *leaks.Service
	finder  *finder
	store   *flaky
	people  *auth.People
	ends    *ends
	mu      sync.Mutex
	mails   []auth.Mail
	posts   chan auth.MailKind
	guesses []netip.Addr
}

// flaky is a store whose queue can fail.
type flaky struct {
	leaks.Store
	mu   sync.Mutex
	down bool
}

func (f *flaky) fail(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *flaky) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return errs.New(errs.Unavailable, "store_away")
	}
	return nil
}

type flakyTiers struct {
	keys.Collection[keys.Tier, keys.NoFilter]
	f *flaky
}

func (t flakyTiers) Get(ctx context.Context, id string) (keys.Tier, error) {
	if err := t.f.err(); err != nil {
		return keys.Tier{}, err
	}
	return t.Collection.Get(ctx, id)
}

func (f *flaky) Tiers() keys.Collection[keys.Tier, keys.NoFilter] {
	return flakyTiers{f.Store.Tiers(), f}
}

// ends is the tokens of users, of which the end can fail.
type ends struct {
	*auth.Tokens
	flaky
}

func (e *ends) End(ctx context.Context, a keys.Actor, id string) error {
	if err := e.err(); err != nil {
		return err
	}
	return e.Tokens.End(ctx, a, id)
}

// finder counts what is looked up.
type finder struct {
	leaks.Finder
	mu    sync.Mutex
	asked []string
}

func (f *finder) Find(ctx context.Context, text string) (keys.Key, error) {
	f.mu.Lock()
	f.asked = append(f.asked, text)
	f.mu.Unlock()
	return f.Finder.Find(ctx, text)
}

func (f *finder) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

func (d *desk) Post(m auth.Mail) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mails = append(d.mails, m)
	select {
	case d.posts <- m.Kind:
	default:
	}
}

// posted returns the kinds of the mails since the last call, and to whom.
func (d *desk) posted() (all []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.mails {
		all = append(all, string(m.Kind)+" "+m.To)
	}
	d.mails = nil
	return all
}

func (d *desk) MayGuess(context.Context, netip.Addr, keys.Hash) error { return nil }

func (d *desk) Guessed(_ context.Context, from netip.Addr, _ keys.Hash) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.guesses = append(d.guesses, from)
	return nil
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{World: keystest.NewWorld(t), posts: make(chan auth.MailKind, 1)}
	d.store = &flaky{Store: d.Store}
	d.finder = &finder{Finder: d.Verifier}
	d.hire()
	d.service = d.node()
	for id, role := range map[string]auth.Role{"usr_owner": auth.Owner, "usr_dev": auth.Developer} {
		name := strings.TrimPrefix(id, "usr_")
		d.Must(d.Store.Users().Insert(t.Context(), auth.User{
			Stamp: keys.NewStamp(d.Now()), ID: id, Email: name + "@example.com", ConfirmedAt: keys.Moment(d.Now()),
		}))
		d.Must(d.Store.Memberships().Insert(t.Context(), auth.Membership{
			Stamp: keys.NewStamp(d.Now()), UserID: id, OrganizationID: keys.FirstOrganization, Role: role,
		}))
	}
	d.Must(d.Store.Users().Insert(t.Context(), auth.User{
		Stamp: keys.NewStamp(d.Now()), ID: "usr_staff", Email: "staff@example.com", ConfirmedAt: keys.Moment(d.Now()), IsAdmin: true,
	}))
	return d
}

// hire makes the people, whom the desk's users belong to.
func (d *desk) hire() {
	d.T.Helper()
	passwords, err := auth.NewPasswords()
	d.Must(err)
	delays, err := auth.NewDelays(ratelimit.Rule{}, d.Now)
	d.Must(err)
	sealer, err := seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	d.Must(err)
	d.people, err = auth.NewPeople(auth.PeopleConfig{
		Store: d.Store, Organizations: d.Store.Organizations().Get, Audit: audit.New(d.Store, d.Now), Passwords: passwords,
		Delays: delays, Sealer: sealer, Mailer: d, Logger: slog.New(slog.DiscardHandler), Now: d.Now,
	})
	d.Must(err)
	d.ends = &ends{Tokens: d.people.Tokens}
}

// node is the service of one more node on the store.
func (d *desk) node() *leaks.Service {
	d.T.Helper()
	sealer, err := seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	d.Must(err)
	s, err := leaks.New(leaks.Config{
		Store: d.store, Keys: d.Service, Finder: d.finder, Format: d.Format, Tokens: d.ends,
		Guesses: d, Sealer: sealer, Mailer: d, Logger: slog.New(slog.DiscardHandler),
	})
	d.Must(err)
	d.T.Cleanup(s.Close)
	return s
}

var reporter = netip.MustParseAddr("203.0.113.9")

// report reports the texts and waits until they are worked off.
func (d *desk) report(source leaks.Source, texts ...string) {
	d.T.Helper()
	d.accept(source, texts...)()
	d.Must(d.service.Settle(d.T.Context()))
}

func (d *desk) accept(source leaks.Source, texts ...string) (begin func()) {
	d.T.Helper()
	s := leaks.Sighting{Source: source, Note: "seen"}
	if !source.Trusted() {
		s.Address = reporter
	}
	for _, one := range texts {
		s.Finds = append(s.Finds, leaks.Find{Text: one, URL: "https://example.com/paste"})
	}
	begin, err := d.service.Accept(d.T.Context(), s)
	d.Must(err)
	return begin
}

func (d *desk) key(id string) keys.Key {
	d.T.Helper()
	k, err := d.Store.Keys().Get(d.T.Context(), id)
	d.Must(err)
	return k
}

func (d *desk) leaks() []leaks.Leak {
	d.T.Helper()
	all, err := d.service.List(d.T.Context(), d.Admin, keys.Page{Limit: 100})
	d.Must(err)
	return all
}

func (d *desk) waiting() []leaks.Report {
	d.T.Helper()
	all, err := d.Store.LeakReports().List(d.T.Context(), keys.NoFilter{}, keys.Page{Limit: 100})
	d.Must(err)
	return all
}

// tier changes the policy of the account's tier.
func (d *desk) policy(p keys.LeakPolicy) {
	d.T.Helper()
	_, err := d.Service.ChangeTier(d.T.Context(), d.Admin, d.Account.Tier, keys.AnyRevision, func(f keys.TierFields) (keys.TierFields, error) {
		f.LeakPolicy = p
		return f, nil
	})
	d.Must(err)
}

func unknownKey(t *testing.T) string { return keystest.Format(t).New(keys.Live).Reveal() }

const day = 24 * time.Hour
