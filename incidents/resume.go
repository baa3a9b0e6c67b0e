package incidents

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

const releaseTimeout = time.Second

// release lets anybody continue an incident at once that this node does not finish. If
// that cannot be stored, others take it over after AliveFor without progress.
func (n *Service) release(ctx context.Context, current *Incident) {
	if !current.working() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	current.Released = true
	if err := n.save(ctx, current); err != nil {
		n.Logger.WarnContext(ctx, "an interrupted incident was not released", "incident_id", current.ID, "err", err)
	}
}

// behalf is an actor who continues what another one started.
type behalf struct {
	keys.Actor
	who audit.Subject
}

// Subject implements Actor.
func (b behalf) Subject() audit.Subject { return b.who }

// Resume continues every interrupted incident on behalf of the person who started it, and
// returns the longest time that one of them has made no progress. It is safe to call at
// any time and on several nodes. It repeats a dry run, unless that is of a pasted list,
// which is not stored.
func (n *Service) Resume(ctx context.Context, a keys.Actor) (still time.Duration, err error) {
	for after := ""; ; {
		some, err := n.Store.Incidents().List(ctx, keys.NoFilter{}, keys.Page{After: after, Limit: pageSize})
		if err != nil || len(some) == 0 {
			return still, err
		}
		for i := range some {
			now := n.Keys.Now()
			if !some[i].Interrupted(now) || some[i].lost() {
				continue
			}
			still = max(still, now.Sub(some[i].MovedAt))
			if err := n.resume(ctx, a, some[i]); err != nil {
				return still, err
			}
		}
		after = some[len(some)-1].ID
	}
}

func (n *Service) resume(ctx context.Context, a keys.Actor, found Incident) error {
	who := found.StartedBy
	if found.State == Undoing {
		who = found.UndoneBy
	}
	var err error
	if found.State == Planning {
		err = n.replan(ctx, behalf{a, found.PlannedBy}, found)
	} else {
		_, err = n.Within(0).goOn(ctx, a, behalf{a, who}, found)
	}
	if errors.Is(err, errs.Stale) { // another node was faster
		return nil
	}
	return err
}

// lost reports whether nobody can complete the dry run any more.
func (n *Incident) lost() bool { return n.State == Planning && n.Selection.Pasted > 0 }

// replan repeats a dry run, because what it found may have changed.
func (n *Service) replan(ctx context.Context, a keys.Actor, found Incident) error {
	found.Released, found.Pages, found.Count, found.Groups = false, 0, Count{}, []Group{}
	if err := n.save(ctx, &found); err != nil { // of two that start, one continues
		return err
	}
	_, err := n.Within(0).work(ctx, found, func(ctx context.Context, current *Incident) error {
		if err := n.removePages(ctx, current.ID); err != nil {
			return err
		}
		p := planner{n: n, current: current, names: map[string]bool{}}
		return p.plan(ctx, a, nil)
	})
	return err
}
