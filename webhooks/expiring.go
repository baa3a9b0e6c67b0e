package webhooks

import (
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

const (
	// expiringIn is how long before its end a key is said to expire.
	expiringIn    = 7 * 24 * time.Hour
	expiringEvery = time.Minute
	expiringBatch = 200
	expiringID    = "expiring"
)

// expiry is what the audit log has of a key that expires soon.
type expiry struct {
	Name             string    `json:"name"`
	ServiceAccountID string    `json:"service_account_id"`
	Start            string    `json:"start"`
	Last4            string    `json:"last4"`
	EndsAt           time.Time `json:"ends_at"`
}

// expire records in the audit log which keys expire in a week, so that webhooks tell of
// them like of everything else. It leaves out keys whose whole life is shorter. A key that
// is recorded twice, after a crash, is told of twice.
func (r *reader) expire() error {
	now := r.Now()
	if time.Since(r.expired) < expiringEvery {
		return nil
	}
	p, err := r.Store.WebhookPositions().Get(r.ctx, expiringID)
	if errors.Is(err, errs.NotFound) {
		p = Position{Stamp: keys.NewStamp(now), ID: expiringID, Through: keys.Moment(now)}
		err = r.Store.WebhookPositions().Insert(r.ctx, p)
	}
	if err != nil {
		return unlessConflict(fmt.Errorf("read which keys were said to expire: %w", err))
	}
	from := p.Through
	if floor := now.Add(-expiringIn); from.Before(floor) {
		from = floor // those have ended
	}
	if err := r.expireBetween(from, now); err != nil {
		return err
	}
	p.Advance(now)
	p.Through = keys.Moment(now)
	if err := r.Store.WebhookPositions().Replace(r.ctx, p); err != nil {
		return unlessConflict(fmt.Errorf("note which keys were said to expire: %w", err))
	}
	r.expired = time.Now()
	return nil
}

func unlessConflict(err error) error {
	if errors.Is(err, errs.Conflict) || errors.Is(err, errs.Stale) {
		return nil
	}
	return err
}

// expireBetween records the keys that came within expiringIn of their end between the two
// times.
func (r *reader) expireBetween(from, until time.Time) error {
	no := false
	f := keys.KeyFilter{
		Revoked: &no, Disabled: &no, Rotated: &no, Order: keys.EndFirst, EndsAfter: from.Add(expiringIn), EndsBy: until.Add(expiringIn),
	}
	for p := (keys.Page{Limit: expiringBatch}); ; {
		some, err := r.Store.Keys().List(r.ctx, f, p)
		if err != nil {
			return fmt.Errorf("look for keys that expire: %w", err)
		}
		var all []audit.Change
		for i := range some {
			k := &some[i]
			if k.CreatedAt.After(k.EndsAt().Add(-expiringIn)) {
				continue
			}
			all = append(all, audit.Change{
				Subject: auth.System().Subject(), Action: "key.expiring", Object: k.Object(),
				After: expiry{k.Name, k.ServiceAccountID, k.Start, k.Last4, k.EndsAt()},
			})
		}
		if err := r.Audit.RecordAll(r.ctx, all); err != nil {
			return err
		}
		if len(some) < expiringBatch {
			return nil
		}
		p.After = f.Order.Cursor(&some[len(some)-1])
	}
}
