package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
)

const (
	// lookBack is how far behind the clock the log is read for the last time: an event's id
	// is made before it is stored, by another clock.
	lookBack    = nodes.MostSkew + keys.WriteBound + time.Second
	readBatch   = 500
	readBatches = 20 // of one pass in a row
	mostSeen    = 200_000
	saveEvery   = 2 * time.Second
	idleSave    = time.Minute
	positionID  = "audit"
)

// pass reads the log at a distance behind the clock. Each event is read by every pass, so
// that one that lands late is found by a later pass.
type pass struct {
	lag   time.Duration
	after string // id of the last event read
}

// reader reads the audit log and queues deliveries.
type reader struct {
	*session
	passes    []pass
	seen      map[string]struct{} // events that are queued and the last pass has not read
	endpoints map[string]*Endpoint
	asked     map[string]int // see Health.Asked
	loaded    time.Time
	next      time.Time // when to load endpoints again
	through   time.Time // position
	kept      time.Time // the stored position
	handled   bool      // events since the position was stored
	storedAt  time.Time
	expired   time.Time // when keys that expire were last looked for
}

// read queues deliveries until the session ends.
func (n *session) read() {
	r := &reader{session: n, seen: map[string]struct{}{}, endpoints: map[string]*Endpoint{}, asked: map[string]int{}}
	tick := time.NewTicker(n.Timing.Poll)
	defer tick.Stop()
	started := false
	for {
		var err error
		if !started {
			err = r.start()
			started = err == nil
		}
		if started {
			err = r.round()
		}
		if n.ctx.Err() == nil {
			n.Note(err)
			if err != nil {
				n.Logger.WarnContext(n.ctx, "webhooks wait", "err", err)
			}
		}
		select {
		case <-n.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// start goes on where the last session stopped, and with what it left in the queue.
func (r *reader) start() error {
	p, err := r.Store.WebhookPositions().Get(r.ctx, positionID)
	if err != nil && !errors.Is(err, errs.NotFound) {
		return fmt.Errorf("read the position of webhooks: %w", err)
	}
	r.through, r.kept = p.Through, p.Through
	for _, lag := range r.Timing.Lags {
		r.passes = append(r.passes, pass{lag: lag})
	}
	if err := r.load(); err != nil {
		return err
	}
	return r.resume()
}

// resume starts workers for what waits in the queue.
func (r *reader) resume() error {
	for _, q := range []Queue{Failed, Fresh} {
		for after := ""; ; {
			some, err := r.Store.WebhookQueue().List(r.ctx, DeliveryFilter{Queue: q}, keys.Page{After: after, Limit: 1})
			if err != nil {
				return fmt.Errorf("look for webhooks that wait: %w", err)
			}
			if len(some) == 0 {
				break
			}
			if e := r.endpoints[some[0].EndpointID]; e != nil && e.State == Enabled {
				r.on(e, (*worker).lookAgain)
			}
			_, after = within(some[0].EndpointID)
		}
	}
	return nil
}

// round reads what is new.
func (r *reader) round() error {
	if now := time.Now(); !now.Before(r.next) {
		if err := r.load(); err != nil {
			return err
		}
	}
	if err := r.expire(); err != nil {
		return err
	}
	if !r.listening() {
		return nil
	}
	for i := range r.passes {
		if err := r.advance(&r.passes[i], i == len(r.passes)-1); err != nil {
			return err
		}
	}
	return r.keep()
}

func (r *reader) listening() bool {
	for _, e := range r.endpoints {
		if e.State == Enabled {
			return true
		}
	}
	return false
}

// load reads the endpoints. Where they changed, the log is read again as far as it may be
// new to them.
func (r *reader) load() error {
	began := time.Now()
	all, err := allEndpoints(r.ctx, r.Store)
	if err != nil {
		return err
	}
	var health []Health
	err = keys.Each(r.ctx, "the health of webhooks", r.Store.WebhookHealth(), keys.NoFilter{}, func(h *Health) string { return h.ID },
		func(h *Health) error {
			health = append(health, *h)
			return nil
		})
	if err != nil {
		return err
	}
	now, changed := map[string]*Endpoint{}, false
	for i := range all {
		e := &all[i]
		now[e.ID] = e
		was := r.endpoints[e.ID]
		if was == nil || was.Revision != e.Revision {
			changed = true
			if !r.loaded.IsZero() { // at the start, the queue tells
				r.changed(e)
			}
		}
	}
	for id := range r.endpoints {
		if now[id] == nil {
			r.end(id)
		}
	}
	r.endpoints = now
	r.ask(health)
	if changed {
		r.rewind()
	}
	r.loaded = began
	r.next = time.Now().Add(max(r.Timing.Reload, 20*time.Since(began)))
	return nil
}

func allEndpoints(ctx context.Context, s Collections) (all []Endpoint, err error) {
	err = keys.Each(ctx, "webhooks", s.WebhookEndpoints(), Filter{}, func(e *Endpoint) string { return e.ID }, func(e *Endpoint) error {
		all = append(all, *e)
		return nil
	})
	return all, err
}

// ask lets workers look for what people want to be sent again.
func (r *reader) ask(health []Health) {
	for i := range health {
		h := &health[i]
		before := r.asked[h.ID]
		r.asked[h.ID] = h.Asked
		if e := r.endpoints[h.ID]; e != nil && e.State == Enabled && h.Asked != before && !r.loaded.IsZero() {
			r.on(e, (*worker).lookAgain)
		}
	}
}

// rewind lets every pass read again from the position: what is queued already is not
// queued twice.
func (r *reader) rewind() {
	from := time.Time{}
	for _, e := range r.endpoints {
		if e.State == Enabled && (from.IsZero() || e.Since.Before(from)) {
			from = e.Since
		}
	}
	from = from.Add(-nodes.MostSkew)
	if from.Before(r.through) {
		from = r.through
	}
	for i := range r.passes {
		r.passes[i].after = ids.At(ids.Event, from)
	}
	clear(r.seen)
}

// advance reads with the pass up to its distance behind the clock.
func (r *reader) advance(p *pass, last bool) error {
	bound := r.Now().Add(-p.lag)
	before := ids.At(ids.Event, bound)
	for range readBatches {
		if !last && len(r.seen) > mostSeen {
			return nil
		}
		some, err := r.Store.EventsFrom(r.ctx, p.after, before, readBatch)
		if err != nil {
			return fmt.Errorf("read the audit log for webhooks: %w", err)
		}
		if err := r.queue(some); err != nil {
			return err
		}
		for i := range some {
			if last {
				delete(r.seen, some[i].ID)
			}
			p.after = some[i].ID
		}
		if len(some) < readBatch {
			if last && bound.After(r.through) {
				r.through = keys.Moment(bound)
			}
			return nil
		}
	}
	return nil
}

// queue stores a delivery for each endpoint that hears one of the events, and passes it to
// the endpoint's worker. A stored one that a session left is found in the queue.
func (r *reader) queue(events []audit.Event) error {
	var all []Delivery
	for i := range events {
		ev := &events[i]
		if _, seen := r.seen[ev.ID]; seen {
			continue
		}
		t := TypeOf(ev.Action)
		if t == nil {
			continue
		}
		for _, e := range r.endpoints {
			if !e.Hears(ev, t) || r.over(e) {
				continue
			}
			d, err := e.delivery(ev, t.Name, r.Now())
			if err != nil {
				return err
			}
			all = append(all, d)
		}
	}
	if len(all) > 0 {
		taken, err := r.Store.WebhookQueue().InsertAll(r.ctx, all)
		if err != nil {
			return fmt.Errorf("queue webhooks: %w", err)
		}
		r.handled = true
		r.pass(all, taken)
	}
	for i := range events {
		r.seen[events[i].ID] = struct{}{}
	}
	return nil
}

// over reports whether the session has disabled the endpoint since it was loaded.
func (r *reader) over(e *Endpoint) bool {
	at, disabled := r.ended.Load(e.ID)
	return disabled && e.Revision < at.(int64)
}

func (r *reader) pass(all []Delivery, taken []string) {
	there := map[string]bool{}
	for _, id := range taken {
		there[id] = true
	}
	fresh := map[string][]*Delivery{}
	for i := range all {
		d := &all[i]
		if there[d.ID] {
			r.on(r.endpoints[d.EndpointID], func(w *worker) { w.look(d.ID) })
			continue
		}
		fresh[d.EndpointID] = append(fresh[d.EndpointID], d)
	}
	for id, some := range fresh {
		r.on(r.endpoints[id], func(w *worker) { w.offer(some) })
	}
}

// keep stores the position now and then.
func (r *reader) keep() error {
	now := time.Now()
	if !r.through.After(r.kept) || now.Sub(r.storedAt) < saveEvery || (!r.handled && now.Sub(r.storedAt) < idleSave) {
		return nil
	}
	p := Position{Stamp: keys.NewStamp(r.Now()), ID: positionID, Through: r.through}
	err := r.Store.WebhookPositions().Insert(r.ctx, p)
	if errors.Is(err, errs.Conflict) {
		_, _, err = keys.Revise(r.ctx, r.Store.WebhookPositions(), positionID, keys.AnyRevision, r.Now, func(p *Position) error {
			if r.through.After(p.Through) {
				p.Through = r.through
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("store the position of webhooks: %w", err)
	}
	r.kept, r.storedAt, r.handled = r.through, now, false
	return nil
}
