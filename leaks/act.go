package leaks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// retell is how long nobody is told again of a key that goes on working.
const retell = 24 * time.Hour

// act does what the policy of the key's tier says.
func (s *Service) act(ctx context.Context, r *Report, k *keys.Key) (Key, error) {
	policy, wide, err := s.policy(ctx, k)
	if err != nil {
		return Key{}, err
	}
	done := Key{ID: k.ID, OrganizationID: k.OrganizationID, Name: k.Name, Start: k.Start, Last4: k.Last4, Wide: wide}
	switch {
	case !k.Alive(s.Keys.Now()):
		done.Outcome = s.ended(r, k)
	case policy == keys.LeakTell || (wide && !r.Source.Trusted()):
		done.Outcome = Told
	case policy == keys.LeakDisable:
		done.Outcome, err = s.disable(ctx, r, k)
	default:
		done.Outcome = Revoked
		_, _, err = s.Keys.Revoke(ctx, actorOf(r.Source), k.ID, keys.AnyRevision, keys.ReasonLeaked, noteOf(r))
	}
	if errors.Is(err, errs.NotFound) { // deleted meanwhile
		done.Outcome, err = Already, nil
	}
	if err != nil || done.Outcome == Already {
		return done, err
	}
	done.At = keys.Moment(s.Keys.Now())
	lately, err := s.expose(ctx, k.ID, ByLeak, r.Source, r.CreatedAt)
	if err != nil {
		return done, err
	}
	if done.Outcome == Told && lately {
		done.Outcome = Already
		return done, nil
	}
	return done, s.Keys.Tell(ctx, audit.Change{
		Subject: actorOf(r.Source).Subject(), Action: "key.leaked", Object: k.Object(),
		After: event{Report: r.ID, Source: r.Source, Outcome: done.Outcome},
	})
}

// event is what the audit log has of a leak. The key's organization reads it, so it
// has nothing that a stranger typed.
type event struct {
	Report  string  `json:"report"`
	Source  Source  `json:"source"`
	Outcome Outcome `json:"outcome"`
}

// noteOf is the note of a key that was revoked because of the report. It tells who
// did it if the process ends before it writes that down.
func noteOf(r *Report) string { return "Report " + r.ID }

// ended returns Revoked if this report revoked the key in an earlier try.
func (s *Service) ended(r *Report, k *keys.Key) Outcome {
	if k.RevokeReason == keys.ReasonLeaked && k.RevokeNote == noteOf(r) {
		return Revoked
	}
	return Already
}

// disable disables the key. A key that was disabled since the report came may have been
// disabled by an earlier try; its owner is told of it once more at worst.
func (s *Service) disable(ctx context.Context, r *Report, k *keys.Key) (Outcome, error) {
	if k.Disabled && k.UpdatedAt.Before(r.CreatedAt) {
		return Already, nil
	}
	_, err := s.Keys.ChangeKey(ctx, actorOf(r.Source), k.ID, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
		f.Disabled = true
		return f, nil
	})
	return Disabled, err
}

// policy returns the policy of the key's tier, and whether the key reaches beyond its
// organization. A key of an account or tier that is gone is revoked.
func (s *Service) policy(ctx context.Context, k *keys.Key) (p keys.LeakPolicy, wide bool, err error) {
	account, err := s.Store.ServiceAccounts().Get(ctx, k.ServiceAccountID)
	if errors.Is(err, errs.NotFound) {
		return keys.LeakRevoke, false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read the account of a leaked key: %w", err)
	}
	wide = keys.ProviderWide(keys.EffectiveScopes(k.Scopes, account.Scopes))
	tier, err := s.Store.Tiers().Get(ctx, account.Tier)
	if err != nil && !errors.Is(err, errs.NotFound) {
		return "", false, fmt.Errorf("read the tier of a leaked key: %w", err)
	}
	return tier.LeakPolicy, wide, nil
}

// expose records that the key was exposed, and reports whether people were told of the
// same lately, before the given time.
func (s *Service) expose(ctx context.Context, keyID string, way Way, source Source, before time.Time) (lately bool, err error) {
	now := keys.Moment(s.Keys.Now())
	x := Exposure{Stamp: keys.NewStamp(now), ID: exposureID(keyID, way), KeyID: keyID, Way: way, Source: source, LastAt: now}
	err = s.Store.Exposures().Insert(ctx, x)
	if errors.Is(err, errs.Conflict) {
		_, _, err = keys.Revise(ctx, s.Store.Exposures(), x.ID, keys.AnyRevision, s.Keys.Now, func(known *Exposure) error {
			lately = known.LastAt.Before(before) && now.Sub(known.LastAt) < retell
			if !lately {
				known.LastAt, known.Source = now, source
			}
			return nil
		})
	}
	if err != nil {
		return false, fmt.Errorf("record an exposure: %w", err)
	}
	return lately, nil
}
