package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// MaxGrace is the longest grace period of a rotation.
const MaxGrace = 90 * 24 * time.Hour

// RotateInput describes a rotation.
type RotateInput struct {
	SuccessorID string        // set by the caller, or "" for a new one
	Claim       Claim         // on the successor; nil: none
	Revision    int64         // the key's current one, or AnyRevision
	Grace       time.Duration // how long the old key keeps working, at most MaxGrace
	// ExpiresAt is when the successor expires. Zero gives it the same lifetime as the
	// old key, but no longer than the actor's own credential.
	ExpiresAt time.Time
}

// Rotate issues a successor of the key, and keeps the old key valid for the grace
// period. The two are linked both ways. A key is rotated once. An expired key can be
// rotated, a revoked one cannot. The actor must be allowed to issue the successor.
func (s *credentials) Rotate(ctx context.Context, a Actor, id string, in RotateInput) (Key, Secret, error) {
	if in.Grace < 0 || in.Grace > MaxGrace {
		return Key{}, Secret{}, errs.BadField("grace", "grace_out_of_range", "most", MaxGrace)
	}
	old, err := s.keyFor(ctx, a, id, WriteKeys)
	if err == nil {
		err = old.At(in.Revision)
	}
	if err == nil {
		err = old.rotatable()
	}
	if err != nil {
		return Key{}, Secret{}, err
	}
	successor, most, err := s.successor(ctx, a, &old, in)
	if err != nil {
		return Key{}, Secret{}, err
	}
	secret, err := s.insert(ctx, &successor, most, in.Claim)
	if err != nil {
		return Key{}, Secret{}, fmt.Errorf("rotate key %s: %w", id, err)
	}
	before, after, err := Revise(ctx, s.store.Keys(), id, in.Revision, s.now, func(k *Key) error {
		if err := k.rotatable(); err != nil {
			return err
		}
		k.RotatedTo, k.GraceUntil = successor.ID, Moment(s.now().Add(in.Grace))
		return s.relocate(ctx, k, &old)
	})
	if err != nil {
		undo := s.store.Keys().Delete(context.WithoutCancel(ctx), successor.ID, successor.Revision)
		return Key{}, Secret{}, errors.Join(Missing(err, noKey), undo)
	}
	if err := s.RecordKey(ctx, a, "key.rotate", &after, before, after); err != nil {
		return Key{}, Secret{}, err
	}
	return successor, secret, s.RecordKey(ctx, a, "key.create", &successor, nil, successor)
}

func (k *Key) rotatable() error {
	if !k.RevokedAt.IsZero() {
		return errs.New(errs.Conflict, "key_revoked_no_rotation")
	}
	if k.RotatedTo != "" {
		return errs.New(errs.Conflict, "key_already_rotated", "successor", k.RotatedTo)
	}
	return nil
}

// successor returns the new key that the actor may make of old, and how many keys may
// then be alive: one more than the tier allows if the old key ends soon.
func (s *credentials) successor(ctx context.Context, a Actor, old *Key, in RotateInput) (next Key, most int, err error) {
	account, tier, err := s.planOf(ctx, old)
	if err != nil {
		return next, 0, err
	}
	now := s.now()
	next = old.next(now, account.KeyRuleAt(&tier, now))
	next.ID, next.CreatedBy = in.SuccessorID, a.Subject().ID
	if in.ExpiresAt.IsZero() {
		next.ExpiresAt = sooner(next.lifeOf(old, &tier), a.Bounds().EndsAt)
	} else {
		var f errs.Faults
		next.ExpiresAt = in.ExpiresAt
		s.checkTimes(&f, &next, KeyFields{}, tier)
		if err := f.Err(); err != nil {
			return next, 0, err
		}
	}
	most = tier.MaxKeys
	if old.Alive(now) {
		most++
	}
	return next, most, MayConfer(a, next.OrganizationID, nil, next.power(&account))
}

// next returns a new key like k, with a limit of its own that does not exceed most.
func (k *Key) next(now time.Time, most ratelimit.Rule) Key {
	next := Key{
		Stamp: NewStamp(now), OrganizationID: k.OrganizationID, ServiceAccountID: k.ServiceAccountID,
		Environment: k.Environment, RotatedFrom: k.ID, KeyFields: k.KeyFields,
	}
	next.NotBefore = time.Time{}
	if next.RateLimit != nil {
		rule := next.RateLimit.Within(most)
		next.RateLimit = &rule
	}
	return next
}

// lifeOf returns when k ends if it has the lifetime that old was created with, but no
// longer than the tier allows. Zero means never.
func (k *Key) lifeOf(old *Key, tier *Tier) time.Time {
	var end, latest time.Time
	if !old.ExpiresAt.IsZero() {
		end = k.CreatedAt.Add(old.ExpiresAt.Sub(old.CreatedAt))
	}
	if tier.MaxKeyAge > 0 {
		latest = k.CreatedAt.Add(tier.MaxKeyAge)
	}
	return Moment(sooner(end, latest))
}

// sooner returns the earlier of two times; zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
