package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/webhooks"
)

func webhookCollections(t *testing.T, s store.Store) {
	t.Run("webhooks of organizations", func(t *testing.T) { webhooksOf(t, s) })
	t.Run("places in the queue", func(t *testing.T) { places(t, s) })
	t.Run("many deliveries", func(t *testing.T) { manyDeliveries(t, s) })
	t.Run("webhooks", func(t *testing.T) { life(t, webhookKind(s)) })
	t.Run("health of webhooks", func(t *testing.T) { life(t, webhookHealthKind(s)) })
	t.Run("positions of webhooks", func(t *testing.T) { life(t, webhookPositionKind(s)) })
	t.Run("deliveries", func(t *testing.T) {
		life(t, deliveryKind(s, false))
		_, err := s.DeleteWebhookDeliveries(t.Context(), "", "~", false, 100)
		must(t, err)
	})
	t.Run("queue of deliveries", func(t *testing.T) { life(t, deliveryKind(s, true)) })
	t.Run("events from a position", func(t *testing.T) { eventsFrom(t, s) })
}

func webhookKind(s store.Store) kind[webhooks.Endpoint, webhooks.Filter] {
	return kind[webhooks.Endpoint, webhooks.Filter]{
		in: s.WebhookEndpoints(), id: func(e *webhooks.Endpoint) string { return e.ID },
		stamp: func(e *webhooks.Endpoint) *keys.Stamp { return &e.Stamp },
		make: func(i int) webhooks.Endpoint {
			return webhooks.Endpoint{
				Stamp: keys.NewStamp(now()), ID: ids.New(ids.Webhook), OrganizationID: fmt.Sprintf("org_%d", i),
				EndpointFields: webhooks.EndpointFields{URL: "https://example.com/ü", Types: []string{"key.*"}, State: webhooks.Enabled},
				Since:          now(), Secrets: []webhooks.Secret{{Sealed: []byte{0, 255}, CreatedAt: now()}},
			}
		},
		change: func(e *webhooks.Endpoint) { e.State, e.Reason, e.Types = webhooks.Disabled, webhooks.Gone, nil },
	}
}

func webhookHealthKind(s store.Store) kind[webhooks.Health, keys.NoFilter] {
	return kind[webhooks.Health, keys.NoFilter]{
		in: s.WebhookHealth(), id: func(h *webhooks.Health) string { return h.ID },
		stamp:     func(h *webhooks.Health) *keys.Stamp { return &h.Stamp },
		ascending: true,
		make: func(int) webhooks.Health {
			return webhooks.Health{Stamp: keys.NewStamp(now()), ID: ids.New(ids.Webhook)}
		},
		change: func(h *webhooks.Health) { h.FailingSince, h.Asked = now(), 3 },
	}
}

func webhookPositionKind(s store.Store) kind[webhooks.Position, keys.NoFilter] {
	return kind[webhooks.Position, keys.NoFilter]{
		in: s.WebhookPositions(), id: func(p *webhooks.Position) string { return p.ID },
		stamp: func(p *webhooks.Position) *keys.Stamp { return &p.Stamp }, ascending: true,
		make: func(i int) webhooks.Position {
			return webhooks.Position{Stamp: keys.NewStamp(now()), ID: fmt.Sprintf("p%02d", i), Through: now()}
		},
		change: func(p *webhooks.Position) { p.Through = now().Add(time.Hour) },
	}
}

func deliveryKind(s store.Store, ascending bool) kind[webhooks.Delivery, webhooks.DeliveryFilter] {
	in := s.WebhookDeliveries()
	if ascending {
		in = s.WebhookQueue()
	}
	return kind[webhooks.Delivery, webhooks.DeliveryFilter]{
		in: in, id: func(d *webhooks.Delivery) string { return d.ID }, stamp: func(d *webhooks.Delivery) *keys.Stamp { return &d.Stamp },
		ascending: ascending,
		make: func(i int) webhooks.Delivery {
			return aDelivery("wh_"+fmt.Sprint(ascending), ids.New(ids.Event), webhooks.Queue(i%3))
		},
		change: func(d *webhooks.Delivery) {
			d.Queue, d.Outcome, d.Attempts = webhooks.Done, webhooks.Delivered, []webhooks.Attempt{{
				At:   now(),
				Took: time.Second, Status: 200, Answer: "Ü",
			}}
		},
	}
}

func aDelivery(endpoint, event string, q webhooks.Queue) webhooks.Delivery {
	return webhooks.Delivery{
		Stamp: keys.NewStamp(now()), ID: webhooks.DeliveryID(endpoint, event), EndpointID: endpoint, EventID: event, Type: "key.created",
		About: "key key_a", At: now(), Payload: json.RawMessage(`{"a":"b"}`), Queue: q, Outcome: webhooks.Waiting,
	}
}

func webhooksOf(t *testing.T, s store.Store) {
	made := map[string]string{}
	for _, organization := range []string{"org_a", "org_b", ""} {
		e := webhookKind(s).make(0)
		e.OrganizationID = organization
		must(t, s.WebhookEndpoints().Insert(t.Context(), e))
		made[organization] = e.ID
	}
	for _, tt := range []struct{ asked, want []string }{
		{nil, []string{made[""], made["org_b"], made["org_a"]}},
		{[]string{}, []string{}},
		{[]string{""}, []string{made[""]}},
		{[]string{"org_a"}, []string{made["org_a"]}},
		{[]string{"org_a", "org_b", "org_c"}, []string{made["org_b"], made["org_a"]}},
	} {
		got, err := s.WebhookEndpoints().List(t.Context(), webhooks.Filter{OrganizationIDs: tt.asked}, keys.Page{Limit: 10})
		must(t, err)
		names := make([]string, len(got))
		for i := range got {
			names[i] = got[i].ID
		}
		same(t, names, tt.want)
	}
	for _, id := range made {
		must(t, s.WebhookEndpoints().Delete(t.Context(), id, 1))
	}
}

func deliveryIDs(t *testing.T, c webhooks.DeliveryCollection, f webhooks.DeliveryFilter, p keys.Page) []string {
	t.Helper()
	got, err := c.List(t.Context(), f, p)
	must(t, err)
	names := []string{}
	for i := range got {
		names = append(names, got[i].ID)
	}
	return names
}

func places(t *testing.T, s store.Store) {
	q := s.WebhookQueue()
	for _, d := range []webhooks.Delivery{
		aDelivery("wh_a", "evt_1", webhooks.Done), aDelivery("wh_a", "evt_2", webhooks.Fresh), aDelivery("wh_a", "evt_3", webhooks.Failed),
		aDelivery("wh_a", "evt_4", webhooks.Fresh), aDelivery("wh_ab", "evt_1", webhooks.Fresh),
	} {
		must(t, q.Insert(t.Context(), d))
	}
	page := keys.Page{Limit: 10}
	same(t, deliveryIDs(t, q, webhooks.DeliveryFilter{EndpointID: "wh_a"}, page), []string{
		"wh_a.evt_1", "wh_a.evt_2",
		"wh_a.evt_3", "wh_a.evt_4",
	})
	same(t, deliveryIDs(t, q, webhooks.DeliveryFilter{EndpointID: "wh_a", Queue: webhooks.Fresh}, page), []string{"wh_a.evt_2", "wh_a.evt_4"})
	same(t, deliveryIDs(t, q, webhooks.DeliveryFilter{EndpointID: "wh_a", Queue: webhooks.Failed}, page), []string{"wh_a.evt_3"})
	same(t, deliveryIDs(t, q, webhooks.DeliveryFilter{Queue: webhooks.Fresh}, keys.Page{After: "wh_a/", Limit: 10}), []string{"wh_ab.evt_1"})
	same(t, deliveryIDs(t, q, webhooks.DeliveryFilter{EndpointID: "wh_a", Queue: webhooks.Fresh}, keys.Page{After: "wh_a.evt_2", Limit: 10}),
		[]string{"wh_a.evt_4"})
	same(t, deliveryIDs(t, s.WebhookDeliveries(), webhooks.DeliveryFilter{EndpointID: "wh_a"}, keys.Page{Limit: 2}),
		[]string{"wh_a.evt_4", "wh_a.evt_3"})
	same(t, deliveryIDs(t, s.WebhookDeliveries(), webhooks.DeliveryFilter{EndpointID: "wh_a"}, keys.Page{After: "wh_a.evt_3", Limit: 2}),
		[]string{"wh_a.evt_2", "wh_a.evt_1"})
	for n, want := range map[int]string{0: "wh_a.evt_4", 2: "wh_a.evt_2", 3: "wh_a.evt_1", 4: ""} {
		got, err := s.OldWebhookDelivery(t.Context(), "wh_a", n)
		must(t, err)
		same(t, got, want)
	}
	for _, tt := range []struct {
		before string
		done   bool
		limit  int
		want   int
	}{{"wh_a.evt_3", true, 10, 1}, {"wh_a/", true, 10, 0}, {"wh_a/", false, 2, 2}, {"wh_a/", false, 2, 1}, {"wh_ab/", false, 2, 1}} {
		n, err := s.DeleteWebhookDeliveries(t.Context(), "wh_a.", tt.before, tt.done, tt.limit)
		must(t, err)
		same(t, n, tt.want)
	}
}

func manyDeliveries(t *testing.T, s store.Store) {
	q, all := s.WebhookQueue(), []webhooks.Delivery{}
	for range 5 {
		all = append(all, aDelivery("wh_many", ids.New(ids.Event), webhooks.Fresh))
	}
	taken, err := q.InsertAll(t.Context(), all[:3])
	must(t, err)
	same(t, len(taken), 0)
	taken, err = q.InsertAll(t.Context(), all)
	must(t, err)
	slices.Sort(taken)
	same(t, taken, []string{all[0].ID, all[1].ID, all[2].ID})
	must(t, q.Delete(t.Context(), all[1].ID, 1))
	other := all[2]
	other.Advance(now().Add(time.Second))
	must(t, q.Replace(t.Context(), other))
	for i := range all {
		all[i].Advance(now())
		all[i].Queue = webhooks.Done
	}
	left, err := q.ReplaceAll(t.Context(), all)
	must(t, err)
	same(t, left, []string{all[1].ID, all[2].ID})
	same(t, len(deliveryIDs(t, q, webhooks.DeliveryFilter{EndpointID: "wh_many", Queue: webhooks.Fresh}, keys.Page{Limit: 9})), 1)
	_, err = s.DeleteWebhookDeliveries(t.Context(), "wh_many.", "wh_many/", false, 10)
	must(t, err)
}

func eventsFrom(t *testing.T, s store.Store) {
	base := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC) // before all other events
	all := []string{}
	for i := range 4 {
		id := ids.At(ids.Event, base.Add(time.Duration(i)*time.Millisecond))
		must(t, s.AppendEvent(t.Context(), audit.Event{ID: id, At: base, Action: "key.create", After: json.RawMessage(`{}`)}))
		all = append(all, id)
	}
	for _, tt := range []struct {
		after, before string
		limit         int
		want          []string
	}{
		{"", all[3], 10, all[:3]},
		{all[0], all[3], 10, all[1:3]},
		{all[0], all[3], 1, all[1:2]},
		{all[2], all[3], 10, nil},
	} {
		got, err := s.EventsFrom(t.Context(), tt.after, tt.before, tt.limit)
		must(t, err)
		var names []string
		for i := range got {
			names = append(names, got[i].ID)
		}
		same(t, names, tt.want)
	}
	must(t, s.DeleteEvents(t.Context(), all))
}
