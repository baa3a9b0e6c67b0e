package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

const (
	gone      = 410            // a status with which a target ends its endpoint
	retell    = 24 * time.Hour // how long nobody is told again of parked deliveries
	noteTime  = 10 * time.Second
	healthTry = 5
)

// noted draws conclusions from an attempt: what it says of the target's health, whether the
// endpoint ends, and whom to tell.
func (w *worker) noted(e *Endpoint, a *Attempt, d *Delivery) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), noteTime)
	defer cancel()
	var err error
	switch {
	case a.Status == gone:
		err = w.disable(ctx, e, Gone)
	case a.Fault == "":
		err = w.recovered(ctx, e)
	default:
		err = w.failed(ctx, e, a)
	}
	if d.Outcome == Parked && err == nil {
		err = w.tellParked(ctx, e)
	}
	if err != nil {
		w.Note(err)
		w.Logger.WarnContext(ctx, "the health of a webhook was not recorded", "webhook_id", e.ID, "err", err)
	}
}

// condition returns what this worker knows of the target's health.
func (w *worker) condition(ctx context.Context, e *Endpoint) (Health, error) {
	w.sending.Lock()
	known := w.health
	w.sending.Unlock()
	if known != nil {
		return *known, nil
	}
	h, err := w.Store.WebhookHealth().Get(ctx, e.ID)
	if err != nil && !errors.Is(err, errs.NotFound) {
		return h, fmt.Errorf("read the health of a webhook: %w", err)
	}
	w.remember(&h)
	return h, nil
}

func (w *worker) remember(h *Health) {
	w.sending.Lock()
	w.health = h
	w.sending.Unlock()
}

func (w *worker) recovered(ctx context.Context, e *Endpoint) error {
	h, err := w.condition(ctx, e)
	if err != nil || h.FailingSince.IsZero() {
		return err
	}
	h, err = w.reviseHealth(ctx, e.ID, func(h *Health) { h.FailingSince = time.Time{} })
	w.remember(&h)
	return err
}

func (w *worker) failed(ctx context.Context, e *Endpoint, a *Attempt) error {
	h, err := w.condition(ctx, e)
	if err != nil {
		return err
	}
	if h.FailingSince.IsZero() {
		h, err = w.reviseHealth(ctx, e.ID, func(h *Health) {
			if h.FailingSince.IsZero() {
				h.FailingSince = a.At
			}
		})
		w.remember(&h)
	}
	if err == nil && w.Now().Sub(h.FailingSince) >= w.Timing.DisableIn {
		err = w.disable(ctx, e, Failing)
	}
	return err
}

// reviseHealth changes what is stored of the target's health, which may be nothing.
func (s *Service) reviseHealth(ctx context.Context, id string, edit func(*Health)) (Health, error) {
	for range healthTry {
		_, after, err := keys.Revise(ctx, s.Store.WebhookHealth(), id, keys.AnyRevision, s.Now, func(h *Health) error {
			edit(h)
			return nil
		})
		if !errors.Is(err, errs.NotFound) {
			return after, err
		}
		h := Health{Stamp: keys.NewStamp(s.Now()), ID: id}
		edit(&h)
		if err := s.Store.WebhookHealth().Insert(ctx, h); !errors.Is(err, errs.Conflict) {
			return h, err
		}
	}
	return Health{}, errs.New(errs.Conflict, "too_many_writers")
}

// healthy forgets how long the target failed.
func (s *Service) healthy(ctx context.Context, id string) error {
	_, err := s.reviseHealth(ctx, id, func(h *Health) { h.FailingSince = time.Time{} })
	return err
}

// disable disables the endpoint, unless it was changed meanwhile, and tells people.
func (w *worker) disable(ctx context.Context, e *Endpoint, why Reason) error {
	mine := false
	before, after, err := keys.Revise(ctx, w.Store.WebhookEndpoints(), e.ID, keys.AnyRevision, w.Now, func(now *Endpoint) error {
		if mine = now.State == Enabled && now.URL == e.URL && now.Since.Equal(e.Since); mine {
			now.State, now.Reason = Disabled, why
		}
		return nil
	})
	if errors.Is(err, errs.NotFound) || err == nil && !mine {
		return nil
	}
	if err != nil {
		return fmt.Errorf("disable webhook %s: %w", e.ID, err)
	}
	w.session.ended.Store(e.ID, after.Revision)
	w.end(e.ID)
	w.Logger.WarnContext(ctx, "a webhook was disabled", "webhook_id", e.ID, "reason", why)
	if err := w.record(ctx, auth.System().Subject(), "webhook.disable", &after, before.snapshot(), after.snapshot()); err != nil {
		return err
	}
	return w.tell(ctx, e, string(why))
}

func (w *worker) tellParked(ctx context.Context, e *Endpoint) error {
	h, err := w.condition(ctx, e)
	if err != nil || w.Now().Sub(h.ToldAt) < retell {
		return err
	}
	first := false
	h, err = w.reviseHealth(ctx, e.ID, func(h *Health) {
		if first = w.Now().Sub(h.ToldAt) >= retell; first {
			h.ToldAt = keys.Moment(w.Now())
		}
	})
	w.remember(&h)
	if err != nil || !first {
		return err
	}
	return w.tell(ctx, e, string(Parked))
}

// Health returns what is known of an endpoint's target.
func (s *Service) Health(ctx context.Context, e *Endpoint) (Health, error) {
	h, err := s.Store.WebhookHealth().Get(ctx, e.ID)
	if errors.Is(err, errs.NotFound) {
		return Health{ID: e.ID}, nil
	}
	return h, err
}
