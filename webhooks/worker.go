package webhooks

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

const (
	window      = 200  // deliveries that were not tried yet, in memory
	mostKnown   = 1000 // deliveries of one endpoint in memory; while so many fail, later ones wait in the store
	firstWidth  = 4    // requests to one target at once, at first
	mostWidth   = 16
	slow        = 3 * time.Second // after which a target gets one request at a time
	downAfter   = 5               // failures in a row, after which a success brings all others forward
	storeAgain  = time.Second
	longestWait = time.Minute
)

// entry is a delivery that a worker knows.
type entry struct {
	id       string
	about    string
	next     time.Time
	delivery *Delivery // nil if it has to be read again
	worker   *worker
	flying   bool // it is sent or saved
}

// worker delivers to one endpoint. Events of one object are sent one after the other.
type worker struct {
	*session
	wake chan struct{}

	sending sync.Mutex // guards the fields below
	target  *Endpoint
	ended   bool
	order   []*entry // by id
	known   map[string]*entry
	more    bool   // there may be others in the store
	cursor  string // after which they are
	again   bool   // those that failed are to be read, too
	flights int
	width   int
	streak  int // failures in a row
	health  *Health
}

// on calls do with the endpoint's worker, which it starts if there is none. do runs under
// both locks, so that the worker does not end meanwhile.
func (n *session) on(e *Endpoint, do func(*worker)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.workers[e.ID]
	if w == nil {
		w = &worker{session: n, wake: make(chan struct{}, 1), target: e, known: map[string]*entry{}, width: firstWidth}
		n.workers[e.ID] = w
		n.working.Go(w.run)
	}
	w.sending.Lock()
	do(w)
	w.sending.Unlock()
	w.kick()
}

// changed tells the endpoint's worker of a change. One that was disabled may have left
// something in the queue.
func (n *session) changed(e *Endpoint) {
	if e.State != Enabled {
		n.end(e.ID)
		return
	}
	n.on(e, func(w *worker) {
		w.target = e
		w.lookAgain()
	})
}

// end ends the endpoint's worker.
func (n *session) end(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.workers[id]
	if w == nil {
		return
	}
	delete(n.workers, id)
	w.sending.Lock()
	w.ended = true
	w.sending.Unlock()
	w.kick()
}

func (w *worker) kick() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// offer takes deliveries that were just stored. The caller holds the lock.
func (w *worker) offer(all []*Delivery) {
	for _, d := range all {
		if w.more || len(w.order) >= window {
			w.seek(d.ID)
			continue
		}
		w.admit(&entry{id: d.ID, about: d.About, delivery: d})
	}
}

// look lets the worker look for the delivery in the store. The caller holds the lock.
func (w *worker) look(id string) {
	if w.known[id] == nil {
		w.seek(id)
	}
}

// lookAgain lets the worker look for everything in the store. The caller holds the lock.
func (w *worker) lookAgain() { w.more, w.cursor, w.again = true, "", true }

// seek lets the next refill begin at the id or before. The caller holds the lock.
func (w *worker) seek(id string) {
	from := id[:len(id)-1] // sorts before the id
	if !w.more || from < w.cursor {
		w.cursor = from
	}
	w.more = true
}

// admit adds the entry unless it is known. The caller holds the lock.
func (w *worker) admit(e *entry) {
	if w.known[e.id] != nil {
		return
	}
	e.worker = w
	w.known[e.id] = e
	at, _ := slices.BinarySearchFunc(w.order, e.id, func(o *entry, id string) int { return strings.Compare(o.id, id) })
	w.order = slices.Insert(w.order, at, e)
}

// drop forgets the entry. The caller holds the lock.
func (w *worker) drop(e *entry) {
	delete(w.known, e.id)
	if at, ok := slices.BinarySearchFunc(w.order, e.id, func(o *entry, id string) int { return strings.Compare(o.id, id) }); ok {
		w.order = slices.Delete(w.order, at, at+1)
	}
}

// run sends until there is nothing left to send, the endpoint ends, or the session does.
func (w *worker) run() {
	for {
		err := w.refill()
		if err != nil && w.ctx.Err() == nil {
			w.Note(err)
		}
		wait, over := w.start(err)
		if over {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-w.ctx.Done():
			timer.Stop()
			return
		case <-w.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// refill reads deliveries from the store: first those that failed, then the others.
func (w *worker) refill() error {
	w.sending.Lock()
	again, more, cursor, room := w.again, w.more, w.cursor, len(w.order) < window/2
	w.again = false
	w.sending.Unlock()
	if again {
		some, err := w.Store.WebhookQueue().List(w.ctx, DeliveryFilter{EndpointID: w.target.ID, Queue: Failed}, keys.Page{Limit: mostKnown})
		if err != nil {
			w.sending.Lock()
			w.again = true
			w.sending.Unlock()
			return err
		}
		w.take(some, false)
	}
	if !more || !room && !w.stuck() {
		return nil
	}
	some, err := w.Store.WebhookQueue().List(w.ctx, DeliveryFilter{EndpointID: w.target.ID, Queue: Fresh},
		keys.Page{After: cursor, Limit: window})
	if err != nil {
		return err
	}
	w.sending.Lock()
	if w.cursor == cursor {
		w.more = len(some) == window
		if w.more {
			w.cursor = some[window-1].ID
		}
	}
	w.sending.Unlock()
	w.take(some, true)
	return nil
}

// stuck reports whether the window is full of deliveries that fail or wait behind one that
// does, and there is room beside it.
func (w *worker) stuck() bool {
	w.sending.Lock()
	defer w.sending.Unlock()
	if len(w.order) >= mostKnown {
		return false
	}
	return w.ready(w.Now(), func(*entry) bool { return true }) == 0 && w.flights == 0
}

func (w *worker) take(all []Delivery, whole bool) {
	w.sending.Lock()
	defer w.sending.Unlock()
	for i := range all {
		d := &all[i]
		if e := w.known[d.ID]; e != nil {
			if !e.flying {
				e.next, e.delivery = d.NextAt, nil
			}
			continue
		}
		e := &entry{id: d.ID, about: d.About, next: d.NextAt}
		if whole {
			e.delivery = d
		}
		w.admit(e)
	}
}

// ready calls begin for each entry that may be sent now, until begin returns false, and
// returns for how many it did. The caller holds the lock.
func (w *worker) ready(now time.Time, begin func(*entry) bool) (n int) {
	busy := make(map[string]bool, len(w.order))
	for _, e := range w.order {
		if !busy[e.about] && !e.flying && !e.next.After(now) {
			if n++; !begin(e) {
				return n
			}
		}
		busy[e.about] = true
	}
	return n
}

// start sends what is due, and returns how long to wait for more. over is set if the worker
// has ended.
func (w *worker) start(fault error) (wait time.Duration, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sending.Lock()
	defer w.sending.Unlock()
	if w.ended {
		return 0, true
	}
	if len(w.order) == 0 && !w.more && !w.again && fault == nil {
		delete(w.workers, w.target.ID)
		w.ended = true
		return 0, true
	}
	now := w.Now()
	if w.flights < w.width && !w.stalled.Load() {
		w.ready(now, func(e *entry) bool {
			e.flying = true
			w.flights++
			w.working.Go(func() { w.fly(e) })
			return w.flights < w.width
		})
	}
	wait = longestWait
	if fault != nil || w.stalled.Load() {
		wait = storeAgain
	}
	for _, e := range w.order {
		if d := e.next.Sub(now); !e.flying && d > 0 && d < wait {
			wait = d
		}
	}
	if w.more && fault == nil && len(w.order) < window/2 {
		wait = 0
	}
	return wait, false
}

// fly sends one delivery.
func (w *worker) fly(e *entry) {
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-w.ctx.Done():
		return
	}
	d, err := w.fresh(e)
	if err != nil || d.Queue == Done {
		w.landed(e, err)
		return
	}
	w.sending.Lock()
	target := w.target
	w.sending.Unlock()
	a := w.attempt(w.sendCtx, target, &d)
	if a.Fault != "" && w.sendCtx.Err() != nil {
		return // the session ended, and not the target's patience
	}
	d.after(&a, w.Now(), &w.Timing)
	w.noted(target, &a, &d)
	w.sending.Lock()
	e.delivery = &d
	w.flights--
	w.learn(&a)
	w.sending.Unlock()
	w.kick()
	w.results <- e
}

// fresh returns the entry's delivery, as it is stored.
func (w *worker) fresh(e *entry) (Delivery, error) {
	w.sending.Lock()
	known := e.delivery
	w.sending.Unlock()
	if known != nil {
		return *known, nil
	}
	return w.Store.WebhookQueue().Get(w.ctx, e.id)
}

// landed ends the flight of an entry that was not sent.
func (w *worker) landed(e *entry, err error) {
	w.sending.Lock()
	w.flights--
	e.flying = false
	if err == nil || errors.Is(err, errs.NotFound) {
		w.drop(e)
	} else {
		e.next = w.Now().Add(storeAgain)
	}
	w.sending.Unlock()
	w.kick()
}

// learn adapts the number of requests at once. The caller holds the lock.
func (w *worker) learn(a *Attempt) {
	switch {
	case a.Took >= slow:
		w.width = 1
	case a.Fault == "":
		w.width = min(w.width+1, mostWidth)
	}
	if a.Fault != "" {
		w.streak++
		return
	}
	if w.streak >= downAfter {
		now := w.Now()
		for _, e := range w.order {
			if e.next.After(now) {
				e.next = now
			}
		}
	}
	w.streak = 0
}

// saved is called once the entry's delivery is stored; moved, if another writer was first.
func (w *worker) saved(e *entry, moved bool) {
	w.sending.Lock()
	e.flying = false
	switch {
	case moved:
		e.delivery, e.next = nil, time.Time{}
	case e.delivery.Queue == Done:
		w.drop(e)
	default:
		e.next, e.delivery = e.delivery.NextAt, nil
	}
	w.sending.Unlock()
	w.kick()
}
