package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/reminders"
	"github.com/latchkey/latchkey/retention"
	"github.com/latchkey/latchkey/webhooks"
)

const (
	cleanEvery      = time.Minute
	renameEvery     = 2 * time.Second
	resumeEvery     = 5 * time.Second
	moveLease       = 20 * time.Second
	cleanRest       = 50 * time.Millisecond // after each step
	cleanStep       = 500                   // rows
	cleanSteps      = 100                   // of each kind per round
	cleanLease      = 5 * time.Minute
	idempotencyLife = 48 * time.Hour
)

// cleaner removes expired data, or does other work in small steps, on one node at
// a time. All its work may run twice: a lease can end while its holder hangs.
type cleaner struct {
	lead    func(ctx context.Context, life time.Duration) (bool, error)
	release func(ctx context.Context) error
	work    string // its name
	kinds   []cleaned
	logger  *slog.Logger
	now     func() time.Time
	leased  time.Time // when the lease was last renewed
	every   time.Duration
	life    time.Duration // of the lease
	// due reports whether there is work, if checking is cheaper than taking the
	// lease; nil means always.
	due func(ctx context.Context) (bool, error)
	// note records the result of each step of a kind.
	note func(kind string, now time.Time, still time.Duration, err error)
}

// cleaned is one kind of data that expires. A step removes at most batch objects
// and returns how many it removed.
type cleaned struct {
	name  string
	batch int
	step  func(ctx context.Context, now time.Time) (int, error)
}

// background returns the work done in the background. Without a mail server there
// are no reminders.
func (a *app) background() []*cleaner {
	all := []*cleaner{a.newWorker("clean-up", a.cleanedKinds()), a.renamer(), a.resumer(), a.mover(), a.leakSweeper()}
	if a.config.smtpURL != "" {
		all = append(all, a.newWorker("reminders", []cleaned{
			{"reminders", reminders.Batch, func(ctx context.Context, _ time.Time) (int, error) { return a.Reminders.Step(ctx) }},
		}))
	}
	return all
}

func (a *app) newWorker(work string, kinds []cleaned) *cleaner {
	return &cleaner{
		lead:    func(ctx context.Context, life time.Duration) (bool, error) { return a.Nodes.Lead(ctx, work, life) },
		release: func(ctx context.Context) error { return a.Nodes.Release(ctx, work) },
		work:    work, kinds: kinds, logger: a.logger, now: time.Now, every: cleanEvery, life: cleanLease, note: a.standing.note,
	}
}

// renamer renames scopes and removes the old names. It runs often, so that an old
// name ends at the announced moment and not a minute later.
func (a *app) renamer() *cleaner {
	c := a.newWorker("scope names", []cleaned{
		{"names of scopes", keys.RenameBatch, func(ctx context.Context, _ time.Time) (int, error) {
			return a.Keys.RenameStep(ctx, auth.System())
		}},
	})
	c.every, c.due = renameEvery, a.Keys.RenameDue
	return c
}

// resumer resumes interrupted incidents. Every node looks for them, without a
// lease that a dead node could hold; if two find the same incident, one of them
// continues.
func (a *app) resumer() *cleaner {
	c := a.newWorker("incidents", []cleaned{{"interrupted incidents", 1, func(ctx context.Context, now time.Time) (int, error) {
		still, err := a.Incidents.Resume(ctx, auth.System())
		if err == nil {
			a.standing.note("incidents", now, still, nil)
		}
		return 0, err
	}}})
	c.every = resumeEvery
	c.lead = func(context.Context, time.Duration) (bool, error) { return true, nil }
	c.release = func(context.Context) error { return nil }
	return c
}

// mover moves the keys of a transferred account to the new organization. Its
// steps are short, and so is its lease, so a dead node does not block it for
// long.
func (a *app) mover() *cleaner {
	c := a.newWorker("transfers", []cleaned{
		{"keys of transfers", 1, func(ctx context.Context, _ time.Time) (int, error) { return a.Transfers.Hurry(ctx) }},
	})
	c.every, c.life = resumeEvery, moveLease
	return c
}

// cleanedKinds returns all kinds of data that expire.
func (a *app) cleanedKinds() []cleaned {
	return []cleaned{
		{"sessions", cleanStep, func(ctx context.Context, now time.Time) (int, error) {
			return a.store.DeleteSessionsBefore(ctx, now, now.Add(-auth.SessionIdle), cleanStep)
		}},
		{"idempotency records", cleanStep, func(ctx context.Context, now time.Time) (int, error) {
			return a.store.DeleteIdempotencyBefore(ctx, now.Add(-idempotencyLife), cleanStep)
		}},
		{"tokens and links", auth.CleanBatch, func(ctx context.Context, _ time.Time) (int, error) {
			return a.People.Sessions.Clean(ctx)
		}},
		{"tombstones", cleanStep, func(ctx context.Context, now time.Time) (int, error) {
			return a.store.DeleteTombstonesBefore(ctx, now.Add(-keys.TombstoneLife), cleanStep)
		}},
		{"use of quotas", cleanStep, func(ctx context.Context, now time.Time) (int, error) {
			before, except := ratelimit.PastWindows(now)
			return a.store.DeleteQuotaUse(ctx, before, except, cleanStep)
		}},
		{"dry runs of incidents", 1, func(ctx context.Context, _ time.Time) (int, error) { return a.Incidents.Clean(ctx) }},
		{"transfers", 1, func(ctx context.Context, _ time.Time) (int, error) { return a.Transfers.Step(ctx) }},
		{"records of nodes", 1, func(ctx context.Context, _ time.Time) (int, error) { return 0, a.Nodes.Forget(ctx) }},
		{"ended keys", retention.Batch, func(ctx context.Context, _ time.Time) (int, error) { return a.keeper.KeysStep(ctx) }},
		{"past incidents", 1, func(ctx context.Context, _ time.Time) (int, error) { return a.keeper.IncidentsStep(ctx) }},
		{"past leaks", 1, func(ctx context.Context, _ time.Time) (int, error) { return a.keeper.LeaksStep(ctx) }},
		{"exposures of keys", leaks.CleanBatch, a.cleanExposures()},
		{"deliveries of webhooks", webhooks.CleanBatch, cleanWebhooks(a.Webhooks)},
		{"old audit events", retention.Batch, func(ctx context.Context, _ time.Time) (int, error) { return a.keeper.EventsStep(ctx) }},
		{"usage", 1, func(ctx context.Context, _ time.Time) (int, error) { return 0, a.Recorder.Clean(ctx) }},
	}
}

// run does the work whenever it is due until ctx ends, and then releases the
// lease.
func (c *cleaner) run(ctx context.Context) {
	ticker := time.NewTicker(c.every)
	defer ticker.Stop()
	for {
		c.round(ctx)
		select {
		case <-ctx.Done():
			c.handOver(ctx)
			return
		case <-ticker.C:
		}
	}
}

func (c *cleaner) handOver(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if err := c.release(ctx); err != nil {
		c.logger.WarnContext(ctx, "background work was not handed over", "work", c.work, "err", err)
	}
}

// round removes some data of each kind if this node holds the lease. An error
// with one kind does not stop the others.
func (c *cleaner) round(ctx context.Context) {
	c.leased = time.Time{}
	if c.due != nil {
		if due, err := c.due(ctx); err != nil || !due {
			return // a store that is unavailable is reported elsewhere
		}
	}
	for _, kind := range c.kinds {
		for range cleanSteps {
			if !c.leading(ctx) {
				return
			}
			n, err := kind.step(ctx, c.now())
			if ctx.Err() == nil {
				c.note(kind.name, c.now(), 0, err)
			}
			if err != nil && ctx.Err() == nil {
				c.logger.WarnContext(ctx, "background work", "work", c.work, "kind", kind.name, "err", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(cleanRest):
			}
			if err != nil || n < kind.batch {
				break
			}
		}
	}
}

// leading reports whether this node holds the lease, renewing it early enough for
// a step.
func (c *cleaner) leading(ctx context.Context) bool {
	now := c.now()
	if now.Sub(c.leased) < c.life/4 {
		return true
	}
	mine, err := c.lead(ctx, c.life)
	if err != nil && ctx.Err() == nil {
		c.logger.WarnContext(ctx, "whose turn it is cannot be known", "work", c.work, "err", err)
	}
	if err == nil && !mine {
		for _, kind := range c.kinds { // another node does the work
			c.note(kind.name, now, 0, nil)
		}
	}
	if mine = mine && err == nil; mine {
		c.leased = now
	}
	return mine
}
