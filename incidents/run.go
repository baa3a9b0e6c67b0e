package incidents

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// run handles the pages that are left. After an interruption the first of them may be half
// done.
func (n *Service) run(ctx context.Context, a keys.Actor, current *Incident, resumed bool) error {
	for current.Next < current.Pages {
		page, err := n.turn(ctx, current, work{
			done: func(p *Page) *bool { return &p.Done },
			all: func(ctx context.Context, p *Page) (map[string]bool, error) {
				return n.strikeAll(ctx, a, current, p, resumed)
			},
			one: func(ctx context.Context, k *Key) error { return n.strike(ctx, a, current, k, resumed) },
		})
		if err != nil {
			return err
		}
		resumed = false
		current.countOutcomes(&page)
		current.Next++
		current.MovedAt = keys.Moment(n.Keys.Now())
		if err := n.save(ctx, current); err != nil {
			return err
		}
	}
	over := *current
	over.State, over.FinishedAt = Done, keys.Moment(n.Keys.Now())
	return n.end(ctx, a, "incident.finish", current, over)
}

// end writes the last event of the incident, and then its state: whoever sees that state
// finds the event.
func (n *Service) end(ctx context.Context, a keys.Actor, action string, current *Incident, over Incident) error {
	shown := over
	shown.Revision++
	if err := n.recordFirst(ctx, a, action, current, current.summary(), shown.summary()); err != nil {
		return err
	}
	if err := n.save(ctx, &over); err != nil {
		return err
	}
	*current = over
	return nil
}

// recordFirst writes an event that an incident has once, unless a process that died right
// afterwards has already written it.
func (n *Service) recordFirst(ctx context.Context, a keys.Actor, action string, of *Incident, before, after any) error {
	events, err := n.Keys.Told(ctx, audit.Filter{ObjectID: of.ID, Action: action}, 1)
	if err != nil {
		return fmt.Errorf("read events of %s: %w", of.ID, err)
	}
	if len(events) > 0 {
		return nil
	}
	return n.Keys.Record(ctx, a, action, of.Object(), before, after)
}

// work is what to do with the keys of a page: with as many as possible at once, then one
// by one with those that somebody changed or that need more checks.
type work struct {
	done func(*Page) *bool
	all  func(context.Context, *Page) (map[string]bool, error)
	one  func(context.Context, *Key) error
}

// step does the work on each key of the page, several at once. It stops at the first
// internal error.
func (n *Service) step(ctx context.Context, page *Page, w work) error {
	did, err := w.all(ctx, page)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(stepWorkers)
	for i := range page.Keys {
		if did[page.Keys[i].ID] {
			continue
		}
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return w.one(ctx, &page.Keys[i])
		})
	}
	return group.Wait()
}

// turn does the work on the incident's next page, unless that is done, and stores the
// outcomes. If it fails it is repeated later, and finds what it has done.
func (n *Service) turn(ctx context.Context, current *Incident, w work) (page Page, err error) {
	for range pageTries {
		page, err = n.Store.IncidentPages().Get(ctx, pageID(current.ID, current.Next))
		if err != nil {
			return page, fmt.Errorf("read a page of %s: %w", current.ID, err)
		}
		if *w.done(&page) {
			return page, nil
		}
		if err = n.step(ctx, &page, w); err != nil {
			return page, err
		}
		*w.done(&page) = true
		page.Revision++
		page.UpdatedAt = keys.Moment(n.Keys.Now())
		// A node that seemed dead may have been faster.
		if err = n.Store.IncidentPages().Replace(ctx, page); err == nil || !errors.Is(err, errs.Stale) {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("store page %s: %w", page.ID, err)
	}
	return page, err
}

// pageTries bounds how often a page is repeated because another node wrote it meanwhile.
const pageTries = 20

var (
	errEndedBefore = errors.New("the key has ended")
	errOursAlready = errors.New("this incident did it before it was interrupted")
	errAsIs        = errors.New("the key is as it should be")
)

// strike disables or revokes one key, even if it was changed since it was planned.
func (n *Service) strike(ctx context.Context, a keys.Actor, current *Incident, item *Key, resumed bool) error {
	s, action := n.Keys, "incident."+string(current.Action)
	before, after, err := keys.Revise(ctx, n.Store.Keys(), item.ID, keys.AnyRevision, s.Now, func(k *keys.Key) error {
		struck := !k.RevokedAt.IsZero()
		if current.Action == Disable {
			struck = k.Disabled
		}
		switch {
		case struck && resumed && k.Revision == item.Revision+1:
			return errOursAlready
		case !k.Alive(s.Now()):
			return errEndedBefore
		case struck:
			return errAsIs
		case current.Action == Disable:
			k.Disabled = true
		default:
			k.RevokedAt, k.RevokeReason, k.RevokeNote = keys.Moment(s.Now()), current.Reason, current.Note
		}
		return nil
	})
	item.At = keys.Moment(s.Now())
	switch {
	case errors.Is(err, errOursAlready):
		item.Outcome, item.After = OutcomeDone, before.Revision
		return n.recordOnce(ctx, a, action, &before)
	case errors.Is(err, errEndedBefore):
		item.Outcome = OutcomeEnded
	case errors.Is(err, errAsIs):
		item.Outcome = OutcomeAlready
	case errors.Is(err, errs.NotFound):
		item.Outcome = OutcomeGone
	case errors.Is(err, errs.Conflict):
		item.Outcome = OutcomeFailed
	case err != nil:
		return fmt.Errorf("%s key %s: %w", current.Action, item.ID, err)
	default:
		item.Outcome, item.After = OutcomeDone, after.Revision
		return s.RecordKey(ctx, a, action, &after, before, after)
	}
	return nil
}

// recordOnce writes the event of a change that was made right before an interruption,
// unless it was already written.
func (n *Service) recordOnce(ctx context.Context, a keys.Actor, action string, k *keys.Key) error {
	events, err := n.Keys.Told(ctx, audit.Filter{ObjectID: k.ID}, 1)
	if err != nil {
		return fmt.Errorf("read events of key %s: %w", k.ID, err)
	}
	if len(events) == 1 && events[0].Action == action {
		n.Keys.Bump(k.Mark(), k.ID)
		return nil
	}
	return n.Keys.RecordKey(ctx, a, action, k, nil, k)
}

// undo enables the keys of the remaining pages.
func (n *Service) undo(ctx context.Context, a keys.Actor, current *Incident, resumed bool) error {
	for current.Next < current.Pages {
		page, err := n.turn(ctx, current, work{
			done: func(p *Page) *bool { return &p.Undone },
			all: func(ctx context.Context, p *Page) (map[string]bool, error) {
				return n.restoreAll(ctx, a, p, resumed)
			},
			one: func(ctx context.Context, k *Key) error { return n.restore(ctx, a, k, resumed) },
		})
		if err != nil {
			return err
		}
		resumed = false
		undone := Incident{}
		undone.countOutcomes(&page)
		current.Count.Undone += undone.Count.Undone
		current.Count.Kept += undone.Count.Kept
		current.Next++
		current.MovedAt = keys.Moment(n.Keys.Now())
		if err := n.save(ctx, current); err != nil {
			return err
		}
	}
	over := *current
	over.State, over.UndoneAt = Undone, keys.Moment(n.Keys.Now())
	return n.end(ctx, a, "incident.undone", current, over)
}

// restore enables the key if the incident disabled it and nobody has changed it since.
func (n *Service) restore(ctx context.Context, a keys.Actor, item *Key, resumed bool) error {
	if item.Outcome != OutcomeDone {
		return nil
	}
	s, ours := n.Keys, false
	before, after, err := keys.Revise(ctx, n.Store.Keys(), item.ID, keys.AnyRevision, s.Now, func(k *keys.Key) error {
		// Enabled and one revision later: an interrupted undo did it.
		ours = resumed && !k.Disabled && k.Revision == item.After+1
		if !k.Disabled || k.Revision != item.After {
			return errAsIs
		}
		k.Disabled = false
		return nil
	})
	item.At = keys.Moment(s.Now())
	switch {
	case errors.Is(err, errAsIs) && ours:
		item.Outcome = OutcomeUndone
		return n.recordOnce(ctx, a, "incident.enable", &before)
	case errors.Is(err, errAsIs), errors.Is(err, errs.NotFound), errors.Is(err, errs.Conflict):
		item.Outcome = OutcomeKept
	case err != nil:
		return fmt.Errorf("enable key %s: %w", item.ID, err)
	default:
		item.Outcome = OutcomeUndone
		return s.RecordKey(ctx, a, "incident.enable", &after, before, after)
	}
	return nil
}
