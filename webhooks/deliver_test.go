package webhooks_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/webhooks"
)

func TestDelivers(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	to := newReceiver(t, nil)
	p.happen("key.create", "key_early", 0)
	e, secret := p.endpoint(keys.FirstOrganization, to.URL, "key.*")
	if !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("the secret is %q", secret)
	}
	p.start(p.service)
	p.happen("key.create", "key_a", 1)
	p.happen("member.create", "usr_a", 2)
	p.happen("key.revoke", "key_a", 3)
	p.happen("session.create", "ses_a", 4)
	eventually(t, "both are delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == 2 })
	got := to.all()
	if len(got) != 2 || got[0].Type != "key.created" || got[1].Type != "key.revoked" || got[1].Data.After.N != 3 {
		t.Fatalf("received %+v", got)
	}
	h := got[0].header
	if h.Get("webhook-id") != got[0].Data.EventID || !ids.Valid(ids.Event, h.Get("webhook-id")) ||
		h.Get("Content-Type") != "application/json" ||
		h.Get("User-Agent") != "Latchkey-Webhooks/test" || !strings.HasPrefix(h.Get("webhook-signature"), "v1,") {
		t.Errorf("header %v", h)
	}
	d := p.deliveries(e.ID)[1]
	if len(d.Attempts) != 1 || d.Attempts[0].Status != http.StatusNoContent || d.Tries != 1 || d.Queue != webhooks.Done {
		t.Errorf("delivery %+v", d)
	}
}

// TestWalls: an organization's endpoint hears of its own organization only, and never of
// what is the provider's.
func TestWalls(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	own, foreign, provider := newReceiver(t, nil), newReceiver(t, nil), newReceiver(t, nil)
	other, err := p.Service.CreateOrganization(t.Context(), p.Admin, "", keys.OrganizationFields{Name: "other"})
	p.Must(err)
	p.endpoint(keys.FirstOrganization, own.URL)
	p.endpoint(other.ID, foreign.URL)
	all, _ := p.endpoint("", provider.URL)
	p.start(p.service)
	p.happen("key.create", "key_a", 1)
	p.Must(p.log.Record(t.Context(), audit.Change{Action: "tier.create", Object: audit.Object{Type: "tier", ID: "gold"}, After: 1}))
	// A type of the provider is not for organizations, whatever the event says.
	p.Must(p.log.Record(t.Context(), audit.Change{
		Action: "incident.create", Object: audit.Object{Type: "incident", ID: "inc_a", OrganizationID: other.ID}, After: 1,
	}))
	types := func(r *receiver) (all []string) {
		for _, one := range r.all() {
			all = append(all, one.Type)
		}
		slices.Sort(all)
		return all
	}
	eventually(t, "the provider hears of everything", func() bool {
		got := types(provider)
		return slices.Contains(got, "tier.created") && slices.Contains(got, "incident.planned") && slices.Contains(got, "key.created")
	})
	eventually(t, "it is stored", func() bool { return p.count(all.ID, webhooks.Delivered) == len(provider.all()) })
	for _, got := range types(own) {
		if got != "key.created" && got != "webhook.created" {
			t.Errorf("the organization hears %v", types(own))
		}
	}
	for _, one := range foreign.all() {
		if one.Type != "webhook.created" {
			t.Errorf("the other organization hears of %s", one.body)
		}
	}
}

// TestOrder: events of one object arrive in order, and a failing one holds back only them.
func TestOrder(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	var failing atomic.Bool
	failing.Store(true)
	to := newReceiver(t, func(r received) int {
		if failing.Load() && r.Data.Object.ID == "key_00" && r.Data.After.N == 0 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	e, _ := p.endpoint(keys.FirstOrganization, to.URL, "key.updated")
	p.start(p.service)
	const objects, each = 5, 4
	for n := range each {
		for i := range objects {
			p.happen("key.update", name(i), n)
		}
	}
	eventually(t, "the others arrive", func() bool { return p.count(e.ID, webhooks.Delivered) == (objects-1)*each })
	for _, one := range to.all() {
		if one.Data.Object.ID == "key_00" && one.Data.After.N != 0 {
			t.Errorf("event %d of %s overtook the one that fails", one.Data.After.N, one.Data.Object.ID)
		}
	}
	failing.Store(false)
	eventually(t, "all arrive", func() bool { return p.count(e.ID, webhooks.Delivered) == objects*each })
	last := map[string]int{}
	stamps := map[string]bool{}
	for _, one := range to.all() {
		id, n := one.Data.Object.ID, one.Data.After.N
		if n < last[id] || n > last[id]+1 {
			t.Errorf("event %d of %s comes after %d", n, id, last[id])
		}
		last[id] = n
		stamps[one.header.Get("webhook-id")+one.header.Get("webhook-signature")] = true
	}
	d := p.deliveries(e.ID)
	if first := d[len(d)-1]; first.Tries < 2 || len(first.Attempts) < 2 || first.Attempts[0].Fault != webhooks.BadStatus ||
		first.Attempts[0].Status != 500 {
		t.Errorf("the one that failed: %+v", first)
	}
}

// TestSignsAnew: a retry has the same id and its own time.
func TestSignsAnew(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	var tries atomic.Int64
	to := newReceiver(t, func(received) int {
		if tries.Add(1) == 1 {
			p.ahead.Add(int64(time.Hour))
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	e, _ := p.endpoint(keys.FirstOrganization, to.URL, "key.created")
	p.start(p.service)
	p.happen("key.create", "key_a", 1)
	eventually(t, "it is delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == 1 })
	got := to.all()
	first, second := got[0].header, got[1].header
	a, _ := strconv.ParseInt(first.Get("webhook-timestamp"), 10, 64)
	b, _ := strconv.ParseInt(second.Get("webhook-timestamp"), 10, 64)
	if first.Get("webhook-id") != second.Get("webhook-id") || b-a < 3600 || first.Get("webhook-signature") == second.Get("webhook-signature") {
		t.Errorf("%v, then %v", first, second)
	}
}

// TestLateEvents: an event that lands after later ones is delivered.
func TestLateEvents(t *testing.T) {
	t.Parallel()
	p := newPost(t, func(c *webhooks.Config) { // on a busy machine it is late by seconds
		c.Timing.Lags = []time.Duration{0, 50 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second, 10 * time.Second}
	})
	to := newReceiver(t, nil)
	e, _ := p.endpoint(keys.FirstOrganization, to.URL, "key.created")
	p.start(p.service)
	late := ids.New(ids.Event)
	p.happen("key.create", "key_a", 1)
	eventually(t, "the first is delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == 1 })
	p.Must(p.Store.AppendEvent(t.Context(), audit.Event{
		ID: late, At: keys.Moment(p.now()), Action: "key.create", Object: audit.Object{
			Type: "key", ID: "key_b",
			OrganizationID: keys.FirstOrganization,
		},
	}))
	eventually(t, "the late one is delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == 2 })
	if n := len(to.all()); n != 2 {
		t.Errorf("%d arrived", n)
	}
}

// TestParks: what fails for a day is parked and told of, once; it can be sent again.
func TestParks(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	var well atomic.Bool
	to := newReceiver(t, func(received) int {
		if well.Load() {
			return http.StatusOK
		}
		return http.StatusBadGateway
	})
	e, _ := p.endpoint(keys.FirstOrganization, to.URL, "key.created")
	p.start(p.service)
	p.happen("key.create", "key_a", 1)
	p.happen("key.create", "key_b", 2)
	eventually(t, "both are tried", func() bool { return len(to.all()) >= 4 })
	p.ahead.Add(int64(25 * time.Hour))
	eventually(t, "both are parked", func() bool { return p.count(e.ID, webhooks.Parked) == 2 })
	if got := p.mailed(); !slices.Equal(got, []string{"webhook parked owner@example.com"}) {
		t.Errorf("mailed %v", got)
	}
	tries := len(to.all())
	well.Store(true)
	d, err := p.service.Resend(t.Context(), p.owner, e.ID, p.deliveries(e.ID)[0].EventID)
	if err != nil || d.Outcome != webhooks.Waiting {
		t.Errorf("send again: %+v, %v", d, err)
	}
	eventually(t, "one is delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == 1 })
	r, err := p.service.ResendRange(t.Context(), p.owner, e.ID, webhooks.Range{From: p.now().Add(-48 * time.Hour)})
	if err != nil || r.Queued != 1 || !r.Next.IsZero() {
		t.Errorf("send a range again: %+v, %v", r, err)
	}
	eventually(t, "both are delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == 2 })
	if n := len(to.all()); n != tries+2 {
		t.Errorf("sent %d times more", n-tries)
	}
}

// TestDisables: after days without a success an endpoint is disabled, and its owners told.
func TestDisables(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	to := newReceiver(t, func(received) int { return http.StatusBadGateway })
	e, _ := p.endpoint(keys.FirstOrganization, to.URL, "key.created")
	staff, _ := p.endpoint("", to.URL, "key.created")
	p.start(p.service)
	p.happen("key.create", "key_a", 1)
	eventually(t, "it is tried", func() bool { return len(to.all()) >= 2 })
	p.ahead.Add(int64(4 * 24 * time.Hour))
	eventually(t, "it is parked", func() bool { return p.count(e.ID, webhooks.Parked) == 1 && p.count(staff.ID, webhooks.Parked) == 1 })
	p.ahead.Add(int64(25 * time.Hour))
	p.happen("key.create", "key_b", 2)
	state := func(id string) webhooks.Endpoint {
		now, err := p.service.Get(t.Context(), p.Admin, id)
		p.Must(err)
		return now
	}
	eventually(t, "both are disabled and told of", func() bool {
		return state(e.ID).State == webhooks.Disabled && state(staff.ID).State == webhooks.Disabled && len(p.mailed()) == 4
	})
	if got := state(e.ID); got.Reason != webhooks.Failing {
		t.Errorf("%+v", got)
	}
	mails := p.mailed()
	slices.Sort(mails)
	if want := []string{
		"webhook failing owner@example.com", "webhook failing staff@example.com", "webhook parked owner@example.com",
		"webhook parked staff@example.com",
	}; !slices.Equal(mails, want) {
		t.Errorf("mailed %v", mails)
	}
	if _, err := p.service.Resend(t.Context(), p.owner, e.ID, p.deliveries(e.ID)[0].EventID); err == nil {
		t.Error("a disabled endpoint is sent something again")
	}
}

// TestGone: 410 ends the endpoint.
func TestGone(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	var well atomic.Bool
	to := newReceiver(t, func(received) int {
		if well.Load() {
			return http.StatusOK
		}
		return http.StatusGone
	})
	e, _ := p.endpoint(keys.FirstOrganization, to.URL, "key.created")
	p.start(p.service)
	p.happen("key.create", "key_a", 1)
	eventually(t, "it is disabled", func() bool {
		now, err := p.service.Get(t.Context(), p.Admin, e.ID)
		return err == nil && now.Reason == webhooks.Gone && len(p.mailed()) == 1
	})
	p.happen("key.create", "key_b", 2)
	// Enabled again, it hears of what happens from then on, and of what waited.
	// The clock stays: ids of events do not follow it.
	missed := time.Now()
	eventually(t, "a moment passes", func() bool { return time.Since(missed) > 5*time.Millisecond })
	well.Store(true)
	_, err := p.service.Change(t.Context(), p.owner, e.ID, keys.AnyRevision, func(f webhooks.EndpointFields) (webhooks.EndpointFields, error) {
		f.State = webhooks.Enabled
		return f, nil
	})
	p.Must(err)
	p.happen("key.create", "key_c", 3)
	eventually(t, "two are delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == 2 })
	var got []string
	for _, one := range to.all() {
		got = append(got, one.Data.Object.ID)
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, []string{"key_a", "key_c"}) {
		t.Errorf("received %v", got)
	}
	// What it missed can be sent.
	eventually(t, "the range is sent", func() bool {
		r, err := p.service.ResendRange(t.Context(), p.owner, e.ID, webhooks.Range{From: p.now().Add(-time.Hour)})
		return err == nil && r.Queued == 1
	})
	eventually(t, "three are delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == 3 })
}

// TestStoreAway: with the store gone amid delivery nothing is lost.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	to := newReceiver(t, func(r received) int {
		if r.Data.After.N == 10 {
			p.store.down.Store(true)
		}
		return http.StatusOK
	})
	e, _ := p.endpoint(keys.FirstOrganization, to.URL, "key.created")
	p.start(p.service)
	const all = 60
	for i := range all {
		p.happen("key.create", name(i), i)
	}
	eventually(t, "the store is away", p.store.down.Load)
	before := len(to.all())
	time.AfterFunc(700*time.Millisecond, func() { p.store.down.Store(false) })
	eventually(t, "all are delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == all })
	arrived := map[int]int{}
	for _, one := range to.all() {
		arrived[one.Data.After.N]++
	}
	if len(arrived) != all {
		t.Errorf("%d of %d arrived", len(arrived), all)
	}
	t.Logf("%d requests for %d events, %d when the store went", len(to.all()), all, before)
}

// TestSlowTargetDelaysNoOther also shows what hangs.
func TestSlowTargetDelaysNoOther(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	stuck := make(chan struct{})
	slow := newReceiver(t, func(received) int { <-stuck; return http.StatusOK })
	t.Cleanup(func() { close(stuck) })
	quick := newReceiver(t, nil)
	s, _ := p.endpoint(keys.FirstOrganization, slow.URL, "key.created")
	q, _ := p.endpoint(keys.FirstOrganization, quick.URL, "key.created")
	p.start(p.service)
	began := time.Now()
	const all = 300
	for i := range all {
		p.happen("key.create", "key_"+strconv.Itoa(i), i)
	}
	eventually(t, "the quick one has all", func() bool { return p.count(q.ID, webhooks.Delivered) == all })
	t.Logf("the quick target had %d events after %s", all, time.Since(began))
	eventually(t, "the slow one has timed out", func() bool {
		for _, d := range p.deliveries(s.ID) {
			if len(d.Attempts) > 0 && d.Attempts[0].Fault == "timeout" && d.Attempts[0].Took >= time.Second {
				return true
			}
		}
		return false
	})
}

// TestTakesOver: what a node leaves when it dies is delivered by another.
func TestTakesOver(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	var open atomic.Bool
	to := newReceiver(t, func(received) int {
		if open.Load() {
			return http.StatusOK
		}
		return http.StatusServiceUnavailable
	})
	e, _ := p.endpoint(keys.FirstOrganization, to.URL, "key.created")
	stop := p.start(p.service)
	const all = 20
	for i := range all {
		p.happen("key.create", name(i), i)
	}
	eventually(t, "some are tried", func() bool { return len(to.all()) > all })
	stop()
	open.Store(true)
	for i := range all {
		p.happen("key.create", name(all+i), i)
	}
	p.start(p.node(nil))
	eventually(t, "all are delivered", func() bool { return p.count(e.ID, webhooks.Delivered) == 2*all })
}

func TestTest(t *testing.T) {
	t.Parallel()
	p := newPost(t, nil)
	to := newReceiver(t, nil)
	e, _ := p.endpoint(keys.FirstOrganization, to.URL, "key.created")
	d, err := p.service.Test(t.Context(), p.owner, e.ID)
	if err != nil || d.Outcome != webhooks.Delivered || d.Type != webhooks.TestType || len(to.all()) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	to.answer = func(received) int { return http.StatusTeapot }
	d, err = p.service.Test(t.Context(), p.owner, e.ID)
	if err != nil || d.Outcome != webhooks.Parked || d.Attempts[0].Status != http.StatusTeapot {
		t.Errorf("%+v, %v", d, err)
	}
	if got := p.count(e.ID, webhooks.Parked); got != 1 {
		t.Errorf("%d in the log", got)
	}
}
