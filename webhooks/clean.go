package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

// CleanBatch is how many deliveries one step of Clean deletes at most.
const CleanBatch = 500

// Clean deletes, of the next endpoint after the given one that has deliveries, those that
// are too old or too many, or all if the endpoint is gone. It returns the endpoint to go on
// after, "" at the end.
func (s *Service) Clean(ctx context.Context, last string) (next string, err error) {
	after := ""
	if last != "" {
		_, after = within(last)
	}
	some, err := s.Store.WebhookQueue().List(ctx, DeliveryFilter{}, keys.Page{After: after, Limit: 1})
	if err != nil || len(some) == 0 {
		return "", err
	}
	id := some[0].EndpointID
	n, err := s.trim(ctx, id)
	if err != nil {
		return last, fmt.Errorf("clean the log of webhook %s: %w", id, err)
	}
	if n == CleanBatch { // there may be more
		return last, nil
	}
	return id, nil
}

func (s *Service) trim(ctx context.Context, id string) (int, error) {
	first, end := within(id)
	_, err := s.Store.WebhookEndpoints().Get(ctx, id)
	if errors.Is(err, errs.NotFound) {
		n, err := s.Store.DeleteWebhookDeliveries(ctx, first, end, false, CleanBatch)
		if err != nil || n == CleanBatch {
			return n, err
		}
		return n, s.forgetHealth(ctx, id)
	}
	if err != nil {
		return 0, err
	}
	before := DeliveryID(id, ids.At(ids.Event, s.Now().Add(-s.Timing.Keep)))
	if n, err := s.Store.DeleteWebhookDeliveries(ctx, first, before, false, CleanBatch); err != nil || n > 0 {
		return n, err
	}
	many, err := s.Store.OldWebhookDelivery(ctx, id, s.Timing.KeepCount)
	if err != nil || many == "" {
		return 0, err
	}
	// What the position has not passed would be queued again.
	p, err := s.Store.WebhookPositions().Get(ctx, positionID)
	if err != nil {
		return 0, unlessGone(err)
	}
	if passed := DeliveryID(id, ids.At(ids.Event, p.Through)); passed < many {
		many = passed
	}
	return s.Store.DeleteWebhookDeliveries(ctx, first, many, true, CleanBatch)
}

func unlessGone(err error) error {
	if errors.Is(err, errs.NotFound) || errors.Is(err, errs.Stale) {
		return nil
	}
	return err
}

func (s *Service) forgetHealth(ctx context.Context, id string) error {
	h, err := s.Store.WebhookHealth().Get(ctx, id)
	if err != nil {
		return unlessGone(err)
	}
	return unlessGone(s.Store.WebhookHealth().Delete(ctx, id, h.Revision))
}

// Reseal seals secrets under the sealer's current secret. Without write it only counts. It
// returns how many were, or need to be, sealed again.
func Reseal(ctx context.Context, s Collections, sealer *seal.Sealer, now func() time.Time, write bool) (n int, err error) {
	all, err := allEndpoints(ctx, s)
	if err != nil {
		return 0, err
	}
	for i := range all {
		changed := 0
		if _, changed, err = all[i].resealed(sealer); err != nil {
			return n, fmt.Errorf("webhook %s: %w", all[i].ID, err)
		}
		n += changed
		if changed == 0 || !write {
			continue
		}
		_, _, err := keys.Revise(ctx, s.WebhookEndpoints(), all[i].ID, keys.AnyRevision, now, func(e *Endpoint) (err error) {
			e.Secrets, _, err = e.resealed(sealer)
			return err
		})
		if err != nil && !errors.Is(err, errs.NotFound) {
			return n, fmt.Errorf("webhook %s: %w", all[i].ID, err)
		}
	}
	return n, nil
}

func (e *Endpoint) resealed(sealer *seal.Sealer) (all []Secret, changed int, err error) {
	for _, s := range e.Secrets {
		again, anew, err := sealer.Reseal(sealPurpose, s.Sealed)
		if err != nil {
			return nil, 0, err
		}
		if anew {
			changed++
		}
		s.Sealed = again
		all = append(all, s)
	}
	return all, changed, nil
}
