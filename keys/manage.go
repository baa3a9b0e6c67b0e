package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/nodes"
)

// Key returns one key that the actor may see.
func (s *Service) Key(ctx context.Context, a Actor, id string) (Key, error) {
	return s.KeyToRead(ctx, a, id, ReadKeys)
}

// KeyToRead returns one key that the actor may do the action about, which
// reads what belongs to it.
func (s *Service) KeyToRead(ctx context.Context, a Actor, id string, read Action) (Key, error) {
	k, err := s.store.Keys().Get(ctx, id)
	if err != nil {
		return Key{}, missing(err, keyWord)
	}
	if err := s.locate(ctx, &k); err != nil {
		return Key{}, err
	}
	if err := allow(a, read, read, k.OrganizationID, keyWord); err != nil {
		return Key{}, err
	}
	return k, nil
}

// ScopesOf returns the scopes that the key has now.
func (s *Service) ScopesOf(ctx context.Context, k *Key) ([]string, error) {
	a, err := s.store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if err != nil {
		return nil, missing(err, accountWord)
	}
	return effectiveScopes(k.Scopes, a.Scopes), nil
}

// keyFor returns the key if the actor may do write to it.
func (s *Service) keyFor(ctx context.Context, a Actor, id string, write Action) (Key, error) {
	k, err := s.store.Keys().Get(ctx, id)
	if err != nil {
		return Key{}, missing(err, keyWord)
	}
	if err := s.locate(ctx, &k); err != nil {
		return Key{}, err
	}
	if err := allow(a, ReadKeys, write, k.OrganizationID, keyWord); err != nil {
		return Key{}, err
	}
	return k, nil
}

// ChangeKey lets edit change the key's fields, disabling and enabling
// included. A revoked or expired key is not changed any more.
func (s *Service) ChangeKey(ctx context.Context, a Actor, id string, revision int64, edit func(KeyFields) (KeyFields, error)) (Key, error) {
	if _, err := s.keyFor(ctx, a, id, WriteKeys); err != nil {
		return Key{}, err
	}
	before, after, err := Revise(ctx, s.store.Keys(), id, revision, s.now, func(k *Key) error {
		if !k.Alive(s.now()) {
			return errs.New(errs.Conflict, "the key is "+string(k.Status(s.now()))+" and cannot be changed")
		}
		old := k.KeyFields
		fields, err := edit(old)
		if err != nil {
			return err
		}
		k.KeyFields = fields
		account, tier, err := s.planOf(ctx, k)
		if err != nil {
			return err
		}
		k.OrganizationID = account.OrganizationID
		if err := allow(a, ReadKeys, WriteKeys, k.OrganizationID, keyWord); err != nil { // it may have been transferred just now
			return err
		}
		return s.checkKey(a, k, old, account, tier)
	})
	if err != nil {
		return Key{}, missing(err, keyWord)
	}
	return after, s.recordKey(ctx, a, "key.update", &after, before, after)
}

func (s *Service) planOf(ctx context.Context, k *Key) (ServiceAccount, Tier, error) {
	account, err := s.store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if err != nil {
		return account, Tier{}, missing(err, accountWord)
	}
	tier, err := s.store.Tiers().Get(ctx, account.Tier)
	if err != nil {
		return account, tier, missing(err, tierWord)
	}
	return account, tier, nil
}

// DeleteKey removes the key and its row; Revoke keeps the row.
func (s *Service) DeleteKey(ctx context.Context, a Actor, id string, revision int64) error {
	known, err := s.keyFor(ctx, a, id, WriteKeys)
	if err != nil {
		return err
	}
	k, err := Remove(ctx, s.store.Keys(), id, revision, func(k *Key) error { return s.relocate(ctx, k, &known) })
	if err != nil {
		return missing(err, keyWord)
	}
	return s.recordKey(ctx, a, "key.delete", &k, k, nil)
}

// Effect is when a revoke holds on every node.
type Effect struct {
	By      time.Time // no question asked after it is answered VALID anywhere
	Waiting []nodes.Silent
}

// Revoke ends the key for good and keeps its row. It returns the key and when
// that holds everywhere. Revoking a revoked key changes nothing and keeps the
// first reason, but tells anew who may not have heard of it.
func (s *Service) Revoke(ctx context.Context, a Actor, id string, revision int64, reason RevokeReason, note string) (Key, Effect, error) {
	if reason == "" {
		reason = ReasonUnspecified
	}
	var f errs.Faults
	f.Check(reason.valid(), "reason", "must be unspecified, leaked, superseded, unused or abuse")
	checkText(&f, "note", note, MaxTextLength, true)
	if err := f.Err(); err != nil {
		return Key{}, Effect{}, err
	}
	known, err := s.keyFor(ctx, a, id, WriteKeys)
	if err != nil {
		return Key{}, Effect{}, err
	}
	before, after, err := Revise(ctx, s.store.Keys(), id, revision, s.now, func(k *Key) error {
		if !k.RevokedAt.IsZero() {
			return errAlreadyRevoked
		}
		k.RevokedAt, k.RevokeReason, k.RevokeNote = moment(s.now()), reason, note
		return s.relocate(ctx, k, &known)
	})
	if errors.Is(err, errAlreadyRevoked) {
		return before, s.effect(ctx), nil
	}
	if err != nil {
		return Key{}, Effect{}, missing(err, keyWord)
	}
	if err := s.recordKey(ctx, a, "key.revoke", &after, before, after); err != nil {
		return Key{}, Effect{}, err
	}
	return after, s.effect(ctx), nil
}

var errAlreadyRevoked = errors.New("the key is revoked already")

func (r RevokeReason) valid() bool {
	switch r {
	case ReasonUnspecified, ReasonLeaked, ReasonSuperseded, ReasonUnused, ReasonAbuse:
		return true
	default:
		return false
	}
}

// effectTimeout bounds how long a revoke waits for the records of other nodes.
const effectTimeout = 2 * time.Second

// effect is when every node has heard of a change made just now.
func (s *Service) effect(ctx context.Context) Effect {
	if s.nodes == nil {
		return Effect{By: moment(s.now().Add(PollBound))}
	}
	ctx, cancel := context.WithTimeout(ctx, effectTimeout)
	defer cancel()
	by, waiting := s.nodes.HeardBy(ctx, PollBound)
	return Effect{By: moment(by), Waiting: waiting}
}

// MaxGrace bounds the grace period of a rotation.
const MaxGrace = 90 * 24 * time.Hour

// Rotate issues a successor of the key with the id, or a new one where it is
// "", and lets the old key work until grace is over. The two are linked both
// ways. A key is rotated once.
func (s *Service) Rotate(ctx context.Context, a Actor, id, successorID string, revision int64, grace time.Duration) (Key, Secret, error) {
	if grace < 0 || grace > MaxGrace {
		return Key{}, Secret{}, badField("grace", fmt.Sprintf("must be between 0s and %s", MaxGrace))
	}
	old, err := s.keyFor(ctx, a, id, WriteKeys)
	if err == nil {
		err = old.At(revision)
	}
	if err != nil {
		return Key{}, Secret{}, err
	}
	account, tier, err := s.planOf(ctx, &old)
	if err != nil {
		return Key{}, Secret{}, err
	}
	if err := old.rotatable(s.now()); err != nil {
		return Key{}, Secret{}, err
	}
	if err := checkGrants(a, old.OrganizationID, "scopes", newlyGranted(old.Scopes, []string{}, account.Scopes)); err != nil {
		return Key{}, Secret{}, err
	}
	successor := old.successor(s.now(), a, tier)
	successor.ID = successorID
	// One place more than the tier allows: the predecessor is about to go.
	secret, err := s.insert(ctx, &successor, tier.MaxKeys+1)
	if err != nil {
		return Key{}, Secret{}, fmt.Errorf("rotate key %s: %w", id, err)
	}
	before, after, err := Revise(ctx, s.store.Keys(), id, revision, s.now, func(k *Key) error {
		if err := k.rotatable(s.now()); err != nil {
			return err
		}
		k.RotatedTo, k.GraceUntil = successor.ID, moment(s.now().Add(grace))
		return s.relocate(ctx, k, &old)
	})
	if err != nil {
		undo := s.store.Keys().Delete(context.WithoutCancel(ctx), successor.ID, successor.Revision)
		return Key{}, Secret{}, errors.Join(missing(err, keyWord), undo)
	}
	if err := s.recordKey(ctx, a, "key.rotate", &after, before, after); err != nil {
		return Key{}, Secret{}, err
	}
	return successor, secret, s.recordKey(ctx, a, "key.create", &successor, nil, successor)
}

func (k *Key) rotatable(now time.Time) error {
	if !k.Alive(now) {
		return errs.New(errs.Conflict, "the key is "+string(k.Status(now))+"; issue a new one instead")
	}
	if k.RotatedTo != "" {
		return errs.New(errs.Conflict, "the key was rotated already; rotate its successor "+k.RotatedTo)
	}
	return nil
}

// successor returns a new key like k, for as long again as k was made to live.
func (k *Key) successor(now time.Time, a Actor, tier Tier) Key {
	next := Key{
		Stamp: NewStamp(now), OrganizationID: k.OrganizationID, ServiceAccountID: k.ServiceAccountID,
		Environment: k.Environment, RotatedFrom: k.ID, CreatedBy: a.Subject().ID, KeyFields: k.KeyFields,
	}
	next.NotBefore = time.Time{}
	switch {
	case !k.ExpiresAt.IsZero():
		next.ExpiresAt = moment(now.Add(k.ExpiresAt.Sub(k.CreatedAt)))
	case tier.MaxKeyAge > 0:
		next.ExpiresAt = moment(now.Add(tier.MaxKeyAge))
	}
	if latest := now.Add(tier.MaxKeyAge); tier.MaxKeyAge > 0 && next.ExpiresAt.After(latest) {
		next.ExpiresAt = moment(latest)
	}
	return next
}
