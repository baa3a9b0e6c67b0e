// Package incidents disables and revokes many keys at once. It plans this as a dry run,
// runs it in steps that survive the process, undoes it, and reports on it.
package incidents

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// Config is what a Service needs. All fields are required.
type Config struct {
	Keys   *keys.Service
	Store  Store
	Logger *slog.Logger
	// Left reports whether the user is now neither staff nor a member of the
	// organization. A deleted user has left.
	Left func(ctx context.Context, userID, organizationID string) (bool, error)
}

// Service disables and revokes many keys at once, in steps that outlive the request. A
// node that stops leaves its incident interrupted; any node can take it over, see Resume.
type Service struct {
	Config
	*background
	within time.Duration // how long a call waits for background work
}

// background is the work that continues after the answers.
type background struct {
	life    context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
	places  chan struct{}
}

const (
	mostIncidents = 4               // incidents that one node works on at once
	answerWithin  = 2 * time.Second // default of Within
	stepWorkers   = 4               // keys of a step that are changed concurrently
)

// New returns a Service. Close stops its background work.
func New(c Config) (*Service, error) {
	if c.Keys == nil || c.Store == nil || c.Logger == nil || c.Left == nil {
		return nil, errors.New("incidents: Keys, Store, Logger and Left are required")
	}
	life, stop := context.WithCancel(context.Background())
	return &Service{c, &background{life: life, stop: stop, places: make(chan struct{}, mostIncidents)}, answerWithin}, nil
}

// Within returns the same Service for callers who wait that long for an answer. Longer
// work continues in the background.
func (n *Service) Within(d time.Duration) *Service {
	return &Service{n.Config, n.background, d}
}

// Close stops background work and waits for it to stop. Unfinished incidents are shown as
// interrupted.
func (n *Service) Close() {
	n.stop()
	n.running.Wait()
}

const noIncident = "no_incident"

// Incident returns one incident. Only admins may.
func (n *Service) Incident(ctx context.Context, a keys.Actor, id string) (Incident, error) {
	if err := keys.StaffOnly(a); err != nil {
		return Incident{}, err
	}
	found, err := n.Store.Incidents().Get(ctx, id)
	if err != nil {
		return Incident{}, keys.Missing(err, noIncident)
	}
	return found, nil
}

// List lists incidents and dry runs, newest first. Only admins may.
func (n *Service) List(ctx context.Context, a keys.Actor, p keys.Page) ([]Incident, error) {
	if err := keys.StaffOnly(a); err != nil {
		return nil, err
	}
	return n.Store.Incidents().List(ctx, keys.NoFilter{}, p)
}

// Page returns the keys of a page of the incident, counted from 0, and none after the
// last. Only admins may.
func (n *Service) Page(ctx context.Context, a keys.Actor, id string, number int) ([]Key, error) {
	if err := keys.StaffOnly(a); err != nil {
		return nil, err
	}
	p, err := n.Store.IncidentPages().Get(ctx, pageID(id, number))
	if errors.Is(err, errs.NotFound) {
		return nil, nil
	}
	return p.Keys, err
}

// Plan makes the dry run: it finds and lists the keys, and changes none. If that takes
// longer than a few seconds it continues in the background, and the returned State is
// Planning. Only admins may.
func (n *Service) Plan(ctx context.Context, a keys.Actor, r Request) (Incident, error) {
	if err := keys.StaffOnly(a); err != nil {
		return Incident{}, err
	}
	r = r.tidied()
	if err := r.check(n.Keys.Now()); err != nil {
		return Incident{}, err
	}
	if err := n.known(ctx, &r.Selection); err != nil {
		return Incident{}, err
	}
	wanted, unknown := n.wanted(r.List)
	made := Incident{
		Stamp: keys.NewStamp(n.Keys.Now()), ID: ids.New(ids.Incident), Action: r.Action, Reason: r.Reason, Note: r.Note, Selection: r.Selection,
		State: Planning, PlannedBy: a.Subject(), Groups: []Group{}, UnknownLines: unknown,
	}
	made.Count.Unknown = len(unknown)
	if err := n.Store.Incidents().Insert(ctx, made); err != nil {
		return Incident{}, fmt.Errorf("store an incident: %w", err)
	}
	return n.work(ctx, made, func(ctx context.Context, current *Incident) error {
		p := planner{n: n, current: current, names: map[string]bool{}}
		return p.plan(ctx, a, wanted)
	})
}

// line is a line of a pasted list that names a key.
type line struct {
	number int
	keys.Reference
}

// wanted parses a pasted list, without storing any of it.
func (n *Service) wanted(list []string) (all []line, unknown []int) {
	for i, text := range list {
		if text == "" {
			continue
		}
		if r, ok := n.Keys.Reference(text); ok {
			all = append(all, line{i + 1, r})
		} else {
			unknown = append(unknown, i+1)
		}
	}
	return all, unknown
}

// Run carries out a dry run that was confirmed with its Confirm. Only admins may.
func (n *Service) Run(ctx context.Context, a keys.Actor, confirm string) (Incident, error) {
	id, _, _ := strings.Cut(confirm, ".")
	found, err := n.Incident(ctx, a, id)
	if err != nil {
		return Incident{}, err
	}
	if subtle.ConstantTimeCompare([]byte(found.Confirm()), []byte(confirm)) != 1 {
		return Incident{}, errs.BadField("confirm", "not_of_dry_run")
	}
	now := n.Keys.Now()
	switch {
	case found.State == Planning:
		return Incident{}, errs.New(errs.Conflict, "dry_run_unfinished")
	case found.State != Planned:
		return found, nil // confirmed twice
	case now.Sub(found.CreatedAt) > PlanLife:
		return Incident{}, errs.New(errs.Conflict, "dry_run_old")
	}
	before := found.summary()
	found.State, found.StartedBy, found.StartedAt, found.MovedAt, found.Next = Running, a.Subject(), keys.Moment(now), keys.Moment(now), 0
	if err := n.save(ctx, &found); err != nil {
		return Incident{}, err
	}
	if err := n.Keys.Record(ctx, a, "incident.start", found.Object(), before, found.summary()); err != nil {
		return Incident{}, err
	}
	return n.work(ctx, found, func(ctx context.Context, current *Incident) error { return n.run(ctx, a, current, false) })
}

// Confirmed is Run for a request that repeats what the dry run showed. Its selection,
// unless omitted, must be the same.
func (n *Service) Confirmed(ctx context.Context, a keys.Actor, confirm string, r Request) (Incident, error) {
	if err := keys.StaffOnly(a); err != nil {
		return Incident{}, err
	}
	id, _, _ := strings.Cut(confirm, ".")
	if !ids.Valid(ids.Incident, id) {
		return Incident{}, errs.BadField("confirm", "not_a_dry_run")
	}
	found, err := n.Incident(ctx, a, id)
	if errors.Is(err, errs.NotFound) {
		return Incident{}, errs.BadField("confirm", "not_a_dry_run")
	}
	if err != nil {
		return Incident{}, err
	}
	r = r.tidied()
	if r.Action != found.Action || (r.Selection != Selection{} && r.Selection != found.Selection) {
		return Incident{}, errs.BadField("confirm", "of_another_dry_run")
	}
	return n.Run(ctx, a, confirm)
}

// Continue takes over an interrupted incident. Only admins may.
func (n *Service) Continue(ctx context.Context, a keys.Actor, id string) (Incident, error) {
	found, err := n.Incident(ctx, a, id)
	if err != nil {
		return Incident{}, err
	}
	if !found.Interrupted(n.Keys.Now()) || found.State == Planning {
		return Incident{}, errs.New(errs.Conflict, "nothing_to_continue")
	}
	return n.goOn(ctx, a, a, found)
}

// goOn continues the interrupted incident for a, and changes its keys in the name of
// behalf.
func (n *Service) goOn(ctx context.Context, a, behalf keys.Actor, found Incident) (Incident, error) {
	before, began, was := found.summary(), "incident.start", found
	if was.State = Planned; found.State == Undoing {
		began, was.State = "incident.undo", Done
	}
	found.Released = false
	if err := n.save(ctx, &found); err != nil { // of two that continue, one wins
		return Incident{}, err
	}
	if err := n.recordFirst(ctx, behalf, began, &found, was.summary(), before); err != nil { // the starter may have died before writing it
		return Incident{}, err
	}
	if err := n.Keys.Record(ctx, a, "incident.continue", found.Object(), before, found.summary()); err != nil {
		return Incident{}, err
	}
	return n.work(ctx, found, func(ctx context.Context, current *Incident) error {
		if current.State == Undoing {
			return n.undo(ctx, behalf, current, true)
		}
		return n.run(ctx, behalf, current, true)
	})
}

// Undo enables what the incident disabled and nobody has changed since. Only admins may,
// within UndoTime.
func (n *Service) Undo(ctx context.Context, a keys.Actor, id string) (Incident, error) {
	found, err := n.Incident(ctx, a, id)
	if err != nil {
		return Incident{}, err
	}
	switch now := n.Keys.Now(); {
	case found.Action == Revoke:
		return Incident{}, errs.New(errs.Conflict, "revoke_is_final")
	case found.State != Done:
		return Incident{}, errs.New(errs.Conflict, "undo_not_possible")
	case !found.Undoable(now):
		return Incident{}, errs.New(errs.Conflict, "undo_too_late")
	}
	before := found.summary()
	found.State, found.UndoneBy, found.MovedAt, found.Next = Undoing, a.Subject(), keys.Moment(n.Keys.Now()), 0
	if err := n.save(ctx, &found); err != nil {
		return Incident{}, err
	}
	if err := n.Keys.Record(ctx, a, "incident.undo", found.Object(), before, found.summary()); err != nil {
		return Incident{}, err
	}
	return n.work(ctx, found, func(ctx context.Context, current *Incident) error { return n.undo(ctx, a, current, false) })
}

// save stores the incident, unless another node has it now.
func (n *Service) save(ctx context.Context, current *Incident) error {
	next := *current
	next.Revision++
	next.UpdatedAt = keys.Moment(n.Keys.Now()) // may be earlier than before if the clock was set back; it shows who is alive
	if err := n.Store.Incidents().Replace(ctx, next); err != nil {
		return fmt.Errorf("store incident %s: %w", current.ID, err)
	}
	*current = next
	return nil
}

// work runs the background work and waits briefly for it. An error within that time is
// returned.
func (n *Service) work(ctx context.Context, current Incident, do func(context.Context, *Incident) error) (Incident, error) {
	select {
	case n.places <- struct{}{}:
	default:
		return current, errs.New(errs.Unavailable, "too_many_incidents")
	}
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := context.AfterFunc(n.life, cancel)
	done, mine := make(chan error, 1), current
	n.running.Go(func() {
		defer func() { ended(); cancel(); <-n.places }()
		err := do(working, &mine)
		if err != nil {
			n.release(working, &mine)
		}
		if err != nil && n.life.Err() == nil {
			n.Logger.ErrorContext(working, "an incident is interrupted", "incident_id", mine.ID, "err", err)
		}
		done <- err
	})
	timer := time.NewTimer(n.within)
	defer timer.Stop()
	select {
	case err := <-done:
		if err != nil {
			return current, err
		}
	case <-timer.C:
	case <-ctx.Done():
	}
	found, err := n.Store.Incidents().Get(ctx, current.ID)
	if err != nil {
		return current, keys.Missing(err, noIncident)
	}
	return found, nil
}

// planKept is how long an unconfirmed dry run is kept.
const planKept = 24 * time.Hour

// Clean deletes one expired dry run, and returns how many it deleted.
func (n *Service) Clean(ctx context.Context) (int, error) {
	now := n.Keys.Now()
	for after := ids.At(ids.Incident, now.Add(-planKept)); ; {
		some, err := n.Store.Incidents().List(ctx, keys.NoFilter{}, keys.Page{After: after, Limit: pageSize})
		if err != nil || len(some) == 0 {
			return 0, err
		}
		for i := range some {
			if some[i].State == Planned || some[i].State == Planning {
				return 1, n.remove(ctx, &some[i])
			}
		}
		after = some[len(some)-1].ID
	}
}

// Forget deletes one incident that was finished or undone before the time, and returns how
// many it deleted. It first passes the incident to export, then the pages of its keys.
func (n *Service) Forget(ctx context.Context, before time.Time, export func(part any) error) (int, error) {
	for after := ids.At(ids.Incident, before); ; {
		some, err := n.Store.Incidents().List(ctx, keys.NoFilter{}, keys.Page{After: after, Limit: pageSize})
		if err != nil || len(some) == 0 {
			return 0, err
		}
		for i := range some {
			if some[i].overBefore(before) {
				if err := n.export(ctx, &some[i], export); err != nil {
					return 0, err
				}
				return 1, n.remove(ctx, &some[i])
			}
		}
		after = some[len(some)-1].ID
	}
}

// overBefore reports whether the incident was finished or undone before the time.
func (n *Incident) overBefore(at time.Time) bool {
	return (n.State == Done && n.FinishedAt.Before(at)) || (n.State == Undone && n.UndoneAt.Before(at))
}

func (n *Service) export(ctx context.Context, one *Incident, export func(part any) error) error {
	if err := export(one); err != nil {
		return err
	}
	for number := range one.Pages {
		p, err := n.Store.IncidentPages().Get(ctx, pageID(one.ID, number))
		if errors.Is(err, errs.NotFound) {
			continue // deleted by the node that started on it
		}
		if err == nil {
			err = export(&p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *Service) remove(ctx context.Context, one *Incident) error {
	if err := n.removePages(ctx, one.ID); err != nil {
		return err
	}
	return n.Store.Incidents().Delete(ctx, one.ID, one.Revision)
}

// removePages deletes the pages of the incident, starting with the last, so that none
// remains after a deleted one.
func (n *Service) removePages(ctx context.Context, id string) error {
	pages := 0
	for ; ; pages++ {
		_, err := n.Store.IncidentPages().Get(ctx, pageID(id, pages))
		if errors.Is(err, errs.NotFound) {
			break
		}
		if err != nil {
			return fmt.Errorf("count the pages of %s: %w", id, err)
		}
	}
	for number := pages - 1; number >= 0; number-- {
		p, err := n.Store.IncidentPages().Get(ctx, pageID(id, number))
		if err == nil {
			err = n.Store.IncidentPages().Delete(ctx, p.ID, p.Revision)
		}
		if err != nil && !errors.Is(err, errs.NotFound) {
			return fmt.Errorf("remove a page of %s: %w", id, err)
		}
	}
	return nil
}
