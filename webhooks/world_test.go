package webhooks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/internal/outbound"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/webhooks"
)

// post is a world with a service, and the people whom it mails.
type post struct {
	*keystest.World
	store   *flaky
	log     *audit.Log
	sealer  *seal.Sealer
	service *webhooks.Service
	owner   keys.Actor
	ahead   atomic.Int64 // by which the clock is ahead of the machine's

	mu    sync.Mutex
	mails []auth.Mail
}

func (p *post) now() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }

func (p *post) Post(m auth.Mail) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, m)
}

func (p *post) mailed() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.mails {
		all = append(all, string(m.Kind)+" "+m.Webhook.What+" "+m.To)
	}
	return all
}

// always is a lease that this node has.
type always struct{}

func (always) Lead(context.Context, string, time.Duration) (bool, error) { return true, nil }
func (always) Release(context.Context, string) error                     { return nil }

// flaky is a store whose queue can be unavailable.
type flaky struct {
	webhooks.Store
	down atomic.Bool
}

func (f *flaky) EventsFrom(ctx context.Context, after, before string, limit int) ([]audit.Event, error) {
	if f.down.Load() {
		return nil, errs.New(errs.Unavailable, "store_away")
	}
	return f.Store.EventsFrom(ctx, after, before, limit)
}

func (f *flaky) WebhookQueue() webhooks.DeliveryCollection {
	return flakyQueue{f.Store.WebhookQueue(), f}
}

type flakyQueue struct {
	webhooks.DeliveryCollection
	f *flaky
}

func (q flakyQueue) ReplaceAll(ctx context.Context, all []webhooks.Delivery) ([]string, error) {
	if q.f.down.Load() {
		return nil, errs.New(errs.Unavailable, "store_away")
	}
	return q.DeliveryCollection.ReplaceAll(ctx, all)
}

func (q flakyQueue) InsertAll(ctx context.Context, all []webhooks.Delivery) ([]string, error) {
	if q.f.down.Load() {
		return nil, errs.New(errs.Unavailable, "store_away")
	}
	return q.DeliveryCollection.InsertAll(ctx, all)
}

// quick are times for tests.
func quick() webhooks.Timing {
	return webhooks.Timing{
		Pauses: []time.Duration{20 * time.Millisecond}, Poll: 5 * time.Millisecond, Reload: 5 * time.Millisecond, Lease: 50 * time.Millisecond,
		Lags: []time.Duration{0, 50 * time.Millisecond, 300 * time.Millisecond},
	}
}

func newPost(t *testing.T, edit func(*webhooks.Config)) *post {
	t.Helper()
	p := &post{World: keystest.NewWorld(t)}
	p.store = &flaky{Store: p.Store}
	p.log = audit.New(p.Store, p.now)
	sealer, err := seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	p.Must(err)
	p.sealer = sealer
	people := map[string]auth.User{}
	for name, admin := range map[string]bool{"owner": false, "dev": false, "staff": true} {
		u := auth.User{
			Stamp: keys.NewStamp(p.now()), ID: "usr_" + name, Email: name + "@example.com", ConfirmedAt: keys.Moment(p.now()), IsAdmin: admin,
		}
		p.Must(p.Store.Users().Insert(t.Context(), u))
		people[name] = u
	}
	for name, role := range map[string]auth.Role{"owner": auth.Owner, "dev": auth.Developer} {
		p.Must(p.Store.Memberships().Insert(t.Context(), auth.Membership{
			Stamp: keys.NewStamp(p.now()), UserID: "usr_" + name, OrganizationID: keys.FirstOrganization, Role: role,
		}))
	}
	owner := people["owner"]
	p.owner = &auth.Principal{Kind: auth.UserKind, User: &owner, Memberships: map[string]auth.Role{keys.FirstOrganization: auth.Owner}}
	p.service = p.node(edit)
	return p
}

// node is a service on the store. It delivers once it is started.
func (p *post) node(edit func(*webhooks.Config)) *webhooks.Service {
	p.T.Helper()
	c := webhooks.Config{
		Store: p.store, Audit: p.log, Sealer: p.sealer, Mailer: p, Turns: always{}, Logger: slog.New(slog.DiscardHandler),
		Target: outbound.Config{Guard: outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}), Timeout: time.Second},
		Timing: quick(), Version: "test", Now: p.now,
	}
	if edit != nil {
		edit(&c)
	}
	s, err := webhooks.New(c)
	p.Must(err)
	return s
}

// start lets the service deliver until stop, or the end of the test.
func (p *post) start(s *webhooks.Service) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.T.Context()))
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	p.T.Cleanup(stop)
	return stop
}

// endpoint makes an endpoint of the organization that hears the types.
func (p *post) endpoint(organization, url string, types ...string) (webhooks.Endpoint, string) {
	p.T.Helper()
	as := p.Admin
	e, secret, err := p.service.Create(p.T.Context(), as, "", organization, webhooks.EndpointFields{URL: url, Types: types})
	p.Must(err)
	return e, secret
}

// happen records an event about the object, and returns its number.
func (p *post) happen(action, id string, n int) {
	p.T.Helper()
	p.Must(p.log.Record(p.T.Context(), audit.Change{
		Subject: p.owner.Subject(), Action: action, Object: audit.Object{Type: "key", ID: id, OrganizationID: keys.FirstOrganization},
		After: map[string]int{"n": n},
	}))
}

// receiver is a target.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(received) int // status
}

type received struct {
	header http.Header
	body   []byte
	Type   string `json:"type"`
	Data   struct {
		EventID string `json:"event_id"`
		Object  struct{ ID string }
		After   struct{ N int }
	} `json:"data"`
}

func newReceiver(t *testing.T, answer func(received) int) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		one := received{header: q.Header}
		one.body, _ = io.ReadAll(q.Body)
		_ = json.Unmarshal(one.body, &one)
		status := http.StatusNoContent
		if r.answer != nil {
			status = r.answer(one)
		}
		r.mu.Lock()
		r.got = append(r.got, one)
		r.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("it does not come true that %s", what)
		case <-tick.C:
		}
	}
}

func (p *post) deliveries(id string) []webhooks.Delivery {
	p.T.Helper()
	all, err := p.service.Deliveries(p.T.Context(), p.Admin, id, keys.Page{Limit: 1000})
	p.Must(err)
	return all
}

func (p *post) count(id string, o webhooks.Outcome) (n int) {
	p.T.Helper()
	for _, d := range p.deliveries(id) {
		if d.Outcome == o {
			n++
		}
	}
	return n
}

func name(i int) string { return fmt.Sprintf("key_%02d", i) }
