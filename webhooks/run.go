package webhooks

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// work is the name of the lease.
const work = "webhooks"

// Run delivers while this node has the lease, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	defer s.client.Close()
	tick := time.NewTicker(s.Timing.Lease / 5)
	defer tick.Stop()
	var stop func()
	var until time.Time // the lease ends, on this process's clock
	for {
		asked := time.Now()
		mine, err := s.Turns.Lead(ctx, work, s.Timing.Lease)
		switch {
		case err == nil && mine:
			until = asked.Add(s.Timing.Lease)
			if stop == nil {
				stop = s.begin(ctx)
			}
		case stop != nil && (err == nil || !time.Now().Before(until)):
			stop()
			stop = nil
		}
		if ctx.Err() == nil && (err != nil || !mine) {
			s.Note(err)
		}
		select {
		case <-ctx.Done():
			if stop != nil {
				stop()
				s.handOver(ctx)
			}
			return
		case <-tick.C:
		}
	}
}

const handOverTime = 2 * time.Second

func (s *Service) handOver(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handOverTime)
	defer cancel()
	if err := s.Turns.Release(ctx, work); err != nil {
		s.Logger.WarnContext(ctx, "the delivery of webhooks was not handed over", "err", err)
	}
}

// begin starts a session. stop ends it and waits: what is being sent has grace to end.
func (s *Service) begin(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	n := &session{
		Service: s, ctx: ctx, sendCtx: sending, workers: map[string]*worker{},
		slots: make(chan struct{}, mostSending), results: make(chan *entry, mostSending),
	}
	var reading, saving sync.WaitGroup
	reading.Go(n.read)
	saving.Go(n.save)
	return func() {
		cancel()
		defer time.AfterFunc(grace, cut).Stop()
		defer cut()
		reading.Wait()
		n.working.Wait()
		close(n.results)
		saving.Wait()
	}
}

const (
	mostSending = 512 // requests at once, to all targets
	saveBatch   = 200
	saveRest    = 5 * time.Millisecond
	saveAgain   = 500 * time.Millisecond
	saveTime    = 10 * time.Second
	grace       = 2 * time.Second // for what is being sent when a session ends
)

// session is the work of a node while it has the lease.
type session struct {
	*Service
	ctx     context.Context //nolint:containedctx // of the session, which nothing of it but sendCtx outlives
	sendCtx context.Context //nolint:containedctx // ends a moment after ctx, for what is being sent
	slots   chan struct{}   // one for each request that is being sent
	results chan *entry     // to be saved
	working sync.WaitGroup  // workers, and what they send
	stalled atomic.Bool     // results cannot be saved
	ended   sync.Map        // endpoints that this session disabled, and the revisions that say so

	mu      sync.Mutex
	workers map[string]*worker // by endpoint, of those with something to do
}

// save stores what became of deliveries, in batches, until the session has ended.
func (n *session) save() {
	for first := range n.results {
		batch := []*entry{first}
		rest := time.After(saveRest)
	collect:
		for len(batch) < saveBatch {
			select {
			case one, ok := <-n.results:
				if !ok {
					break collect
				}
				batch = append(batch, one)
			case <-rest:
				break collect
			}
		}
		n.saveBatch(batch)
	}
}

// saveBatch tries until the store takes it, or, once the session has ended, once.
func (n *session) saveBatch(batch []*entry) {
	all := make([]Delivery, len(batch))
	for i, e := range batch {
		all[i] = *e.delivery
	}
	for {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(n.ctx), saveTime)
		left, err := n.Store.WebhookQueue().ReplaceAll(ctx, all)
		cancel()
		n.stalled.Store(err != nil)
		if err == nil {
			moved := map[string]bool{}
			for _, id := range left {
				moved[id] = true
			}
			for _, e := range batch {
				e.worker.saved(e, moved[e.id])
			}
			return
		}
		n.Note(err)
		select {
		case <-n.ctx.Done():
			return
		case <-time.After(saveAgain):
		}
	}
}
