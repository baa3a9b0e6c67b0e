package webhooks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// Deliveries lists an endpoint's deliveries, the newest event first.
func (s *Service) Deliveries(ctx context.Context, a keys.Actor, id string, p keys.Page) ([]Delivery, error) {
	e, err := s.Get(ctx, a, id)
	if err != nil {
		return nil, err
	}
	if p.After != "" && !strings.HasPrefix(p.After, e.ID+".") {
		p.After = e.ID + "."
	}
	return s.Store.WebhookDeliveries().List(ctx, DeliveryFilter{EndpointID: e.ID}, p)
}

// Delivery returns the delivery of an event to an endpoint.
func (s *Service) Delivery(ctx context.Context, a keys.Actor, id, eventID string) (Endpoint, Delivery, error) {
	return s.delivered(ctx, a, keys.ReadWebhooks, id, eventID)
}

func (s *Service) delivered(ctx context.Context, a keys.Actor, action keys.Action, id, eventID string) (e Endpoint, d Delivery, err error) {
	if e, err = s.endpoint(ctx, a, action, id); err != nil {
		return e, d, err
	}
	if !ids.Valid(ids.Event, eventID) {
		return e, d, errs.New(errs.NotFound, "no_delivery")
	}
	d, err = s.Store.WebhookDeliveries().Get(ctx, DeliveryID(e.ID, eventID))
	if errors.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "no_delivery")
	}
	return e, d, err
}

// Test sends the endpoint an event that did not happen, once, and returns what became of
// it. The endpoint may be disabled.
func (s *Service) Test(ctx context.Context, a keys.Actor, id string) (Delivery, error) {
	e, err := s.endpoint(ctx, a, keys.WriteWebhooks, id)
	if err != nil {
		return Delivery{}, err
	}
	ev := e.testEvent(a.Subject(), s.Now())
	d, err := e.delivery(&ev, TestType, s.Now())
	if err != nil {
		return d, err
	}
	d.Queue, d.Outcome = Done, Parked // if this process ends meanwhile
	if err := s.Store.WebhookQueue().Insert(ctx, d); err != nil {
		return d, fmt.Errorf("store a test of a webhook: %w", err)
	}
	try := s.attempt(ctx, &e, &d)
	d.after(&try, s.Now(), &s.Timing)
	if d.Queue != Done {
		d.Queue, d.Outcome, d.NextAt = Done, Parked, time.Time{}
	}
	if err := s.Store.WebhookQueue().Replace(context.WithoutCancel(ctx), d); err != nil {
		return d, fmt.Errorf("store a test of a webhook: %w", err)
	}
	return d, nil
}

// Resend lets the delivery be sent again, in its place before later events of the same
// object that wait.
func (s *Service) Resend(ctx context.Context, a keys.Actor, id, eventID string) (Delivery, error) {
	e, d, err := s.delivered(ctx, a, keys.WriteWebhooks, id, eventID)
	if err != nil {
		return d, err
	}
	if err := mustHear(&e); err != nil {
		return d, err
	}
	_, d, err = keys.Revise(ctx, s.Store.WebhookQueue(), d.ID, keys.AnyRevision, s.Now, func(d *Delivery) error {
		d.again(s.Now())
		return nil
	})
	if err != nil {
		return d, fmt.Errorf("send a webhook again: %w", err)
	}
	return d, s.asked(ctx, e.ID)
}

func mustHear(e *Endpoint) error {
	if e.State != Enabled {
		return errs.New(errs.Conflict, "webhook_disabled")
	}
	return nil
}

// again queues the delivery with all its tries before it.
func (d *Delivery) again(now time.Time) {
	d.Queue, d.Outcome, d.Tries, d.FirstAt, d.NextAt = Failed, Waiting, 0, time.Time{}, keys.Moment(now)
}

// asked tells the node that delivers to look for what is to be sent again.
func (s *Service) asked(ctx context.Context, id string) error {
	_, err := s.reviseHealth(ctx, id, func(h *Health) { h.Asked++ })
	if err != nil {
		return fmt.Errorf("ask for a webhook: %w", err)
	}
	return nil
}

// MostResent bounds how many events ResendRange looks at, so that it ends in time.
const MostResent = 1000

// Range selects what ResendRange sends again.
type Range struct {
	From, Until time.Time // of events: From inclusive, Until exclusive
	All         bool      // also what was delivered
}

// Resent is what ResendRange did.
type Resent struct {
	Queued int
	Next   time.Time // where to go on, zero if the range is done
}

// ResendRange queues, from the audit log, the events of the range that the endpoint chose:
// those that were parked, and those that it was never sent because it was disabled, or
// younger. What waits already is left alone.
func (s *Service) ResendRange(ctx context.Context, a keys.Actor, id string, r Range) (out Resent, err error) {
	e, err := s.endpoint(ctx, a, keys.WriteWebhooks, id)
	if err != nil {
		return out, err
	}
	if err := mustHear(&e); err != nil {
		return out, err
	}
	var f errs.Faults
	f.Check(!r.From.IsZero(), "from", "required")
	f.Check(r.Until.IsZero() || r.From.Before(r.Until), "until", "webhook_range")
	if err := f.Err(); err != nil {
		return out, err
	}
	now := s.Now()
	// What the reader has not passed for the last time is on its way.
	if bound := now.Add(-s.Timing.longest()); r.Until.IsZero() || r.Until.After(bound) {
		r.Until = bound
	}
	events, err := s.Store.EventsFrom(ctx, ids.At(ids.Event, r.From), ids.At(ids.Event, r.Until), MostResent)
	if err != nil {
		return out, fmt.Errorf("read the audit log to send again: %w", err)
	}
	whole := e
	whole.Since = time.Time{}
	for i := range events {
		ev := &events[i]
		t := TypeOf(ev.Action)
		if t == nil || !whole.Hears(ev, t) {
			continue
		}
		d, err := e.delivery(ev, t.Name, now)
		if err != nil {
			return out, err
		}
		queued, err := s.requeue(ctx, &d, r.All)
		if err != nil {
			return out, err
		}
		if queued {
			out.Queued++
		}
	}
	if len(events) == MostResent {
		out.Next = events[len(events)-1].At
	}
	if out.Queued == 0 {
		return out, nil
	}
	return out, s.asked(ctx, e.ID)
}

func (s *Service) requeue(ctx context.Context, d *Delivery, all bool) (queued bool, err error) {
	d.again(s.Now())
	err = s.Store.WebhookQueue().Insert(ctx, *d)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, errs.Conflict) {
		return false, fmt.Errorf("queue a webhook again: %w", err)
	}
	_, _, err = keys.Revise(ctx, s.Store.WebhookQueue(), d.ID, keys.AnyRevision, s.Now, func(known *Delivery) error {
		if queued = known.Queue == Done && (all || known.Outcome == Parked); queued {
			known.again(s.Now())
		}
		return nil
	})
	if errors.Is(err, errs.NotFound) { // it was too old to be kept
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("queue a webhook again: %w", err)
	}
	return queued, nil
}
