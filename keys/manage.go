package keys

import (
	"context"
	"errors"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/nodes"
)

// Key returns one key that the actor may see.
func (s *credentials) Key(ctx context.Context, a Actor, id string) (Key, error) {
	return s.KeyToRead(ctx, a, id, ReadKeys)
}

// KeyToRead returns one key for an actor who may do the action, which reads
// something that belongs to the key.
func (s *credentials) KeyToRead(ctx context.Context, a Actor, id string, read Action) (Key, error) {
	k, err := s.store.Keys().Get(ctx, id)
	if err != nil {
		return Key{}, Missing(err, noKey)
	}
	if err := s.Locate(ctx, &k); err != nil {
		return Key{}, err
	}
	if err := allow(a, read, read, k.OrganizationID, noKey); err != nil {
		return Key{}, err
	}
	return k, nil
}

// ScopesOf returns the scopes that the key has now.
func (s *credentials) ScopesOf(ctx context.Context, k *Key) ([]string, error) {
	a, err := s.store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if err != nil {
		return nil, Missing(err, noAccount)
	}
	return EffectiveScopes(k.Scopes, a.Scopes), nil
}

// keyFor returns the key if the actor may do write to it.
func (s *credentials) keyFor(ctx context.Context, a Actor, id string, write Action) (Key, error) {
	k, err := s.store.Keys().Get(ctx, id)
	if err != nil {
		return Key{}, Missing(err, noKey)
	}
	if err := s.Locate(ctx, &k); err != nil {
		return Key{}, err
	}
	if err := allow(a, ReadKeys, write, k.OrganizationID, noKey); err != nil {
		return Key{}, err
	}
	return k, nil
}

// ChangeKey applies edit to the key's fields, which include whether it is disabled.
// A revoked key cannot be changed. An expired one can be extended if its tier allows
// one more live key.
func (s *credentials) ChangeKey(ctx context.Context, a Actor, id string, revision int64, edit func(KeyFields) (KeyFields, error)) (Key,
	error,
) {
	if _, err := s.keyFor(ctx, a, id, WriteKeys); err != nil {
		return Key{}, err
	}
	before, after, err := Revise(ctx, s.store.Keys(), id, revision, s.now, func(k *Key) error {
		if !k.RevokedAt.IsZero() {
			return errs.New(errs.Conflict, "key_is_revoked")
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
		if err := allow(a, ReadKeys, WriteKeys, k.OrganizationID, noKey); err != nil { // it may have been transferred in the meantime
			return err
		}
		if err := s.checkKey(k, old, &account, tier); err != nil {
			return err
		}
		return k.mayBecome(a, old, &account, s.now())
	})
	if err == nil && !before.Alive(s.now()) && after.Alive(s.now()) {
		err = s.keepRevived(ctx, &before, &after)
	}
	if err != nil {
		return Key{}, Missing(err, noKey)
	}
	return after, s.RecordKey(ctx, a, "key.update", &after, before, after)
}

// keepRevived undoes the extension of an expired key if its tier allows no more live
// keys. As in insert, the count follows the write, so two nodes never both fill the
// last place.
func (s *credentials) keepRevived(ctx context.Context, before, after *Key) error {
	_, tier, err := s.planOf(ctx, after)
	if err != nil {
		return err
	}
	alive, err := s.AliveKeys(ctx, after.ServiceAccountID, tier.MaxKeys+1)
	if err != nil || alive <= tier.MaxKeys {
		return err
	}
	_, _, err = Revise(context.WithoutCancel(ctx), s.store.Keys(), after.ID, after.Revision, s.now, func(k *Key) error {
		k.KeyFields = before.KeyFields
		return nil
	})
	s.Bump(after.Mark())
	return errors.Join(tooManyKeys(tier.MaxKeys), err)
}

func (s *credentials) planOf(ctx context.Context, k *Key) (ServiceAccount, Tier, error) {
	account, err := s.store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if err != nil {
		return account, Tier{}, Missing(err, noAccount)
	}
	tier, err := s.store.Tiers().Get(ctx, account.Tier)
	if err != nil {
		return account, tier, Missing(err, noTier)
	}
	return account, tier, nil
}

// DeleteKey deletes the key and its row; Revoke keeps the row.
func (s *credentials) DeleteKey(ctx context.Context, a Actor, id string, revision int64) error {
	known, err := s.keyFor(ctx, a, id, WriteKeys)
	if err != nil {
		return err
	}
	k, err := Remove(ctx, s.store.Keys(), id, revision, func(k *Key) error { return s.relocate(ctx, k, &known) })
	if err != nil {
		return Missing(err, noKey)
	}
	return s.RecordKey(ctx, a, "key.delete", &k, k, nil)
}

// Effect says when a revoke has taken effect on every node.
type Effect struct {
	By      time.Time // no question asked after it is answered VALID by any node
	Waiting []nodes.Silent
}

// Revoke ends the key for good and keeps its row. It returns the key and when the
// revoke applies everywhere. A bad note never stops a revoke: forbidden characters
// and the end of a long note are removed. Revoking a revoked key changes nothing and
// keeps the first reason, but reports again which nodes may not know of it.
func (s *credentials) Revoke(ctx context.Context, a Actor, id string, revision int64, reason RevokeReason,
	note string,
) (Key, Effect, error) {
	if reason == "" {
		reason = ReasonUnspecified
	}
	var f errs.Faults
	f.Check(reason.Valid(), "reason", "reason_invalid")
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
		k.RevokedAt, k.RevokeReason, k.RevokeNote = Moment(s.now()), reason, Legible(note)
		return s.relocate(ctx, k, &known)
	})
	if errors.Is(err, errAlreadyRevoked) {
		return before, s.Effect(ctx), nil
	}
	if err != nil {
		return Key{}, Effect{}, Missing(err, noKey)
	}
	if err := s.RecordKey(ctx, a, "key.revoke", &after, before, after); err != nil {
		return Key{}, Effect{}, err
	}
	return after, s.Effect(ctx), nil
}

var errAlreadyRevoked = errors.New("the key is revoked already")

// Valid reports whether r is one of the reasons.
func (r RevokeReason) Valid() bool {
	switch r {
	case ReasonUnspecified, ReasonLeaked, ReasonSuperseded, ReasonUnused, ReasonAbuse, ReasonHolder:
		return true
	default:
		return false
	}
}

// effectTimeout bounds how long a revoke waits for the records of other nodes.
const effectTimeout = 2 * time.Second

// Effect returns when every node has learned of a change made just now.
func (s *credentials) Effect(ctx context.Context) Effect {
	if s.nodes == nil {
		return Effect{By: Moment(s.now().Add(PollBound))}
	}
	ctx, cancel := context.WithTimeout(ctx, effectTimeout)
	defer cancel()
	by, waiting := s.nodes.HeardBy(ctx, PollBound)
	return Effect{By: Moment(by), Waiting: waiting}
}
