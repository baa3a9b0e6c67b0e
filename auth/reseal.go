package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

// Reseal seals the key of sign-in tokens and the secrets of one-time codes under
// the sealer's current secret, each in a write of its own, so that an interrupted
// call can be repeated. Without write it only counts. It returns how many secrets
// were, or need to be, sealed again.
func Reseal(ctx context.Context, s Store, sealer *seal.Sealer, now func() time.Time, write bool) (int, error) {
	n, err := resealTokenKey(ctx, s, sealer, now, write)
	if err != nil {
		return 0, fmt.Errorf("key of sign-in tokens: %w", err)
	}
	err = keys.Each(ctx, "users", s.Users(), UserFilter{}, func(u *User) string { return u.ID }, func(u *User) error {
		changed, err := resealUser(ctx, s, u, sealer, now, write)
		if err != nil {
			return fmt.Errorf("one-time codes of %s: %w", u.ID, err)
		}
		n += changed
		return nil
	})
	return n, err
}

func resealTokenKey(ctx context.Context, s Store, sealer *seal.Sealer, now func() time.Time, write bool) (int, error) {
	k, err := s.SealedKeys().Get(ctx, tokenKeyID)
	if errors.Is(err, errs.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	_, changed, err := sealer.Reseal(tokenKeyPurpose, k.Sealed)
	if err != nil || !changed || !write {
		return count(changed), err
	}
	_, _, err = keys.Revise(ctx, s.SealedKeys(), k.ID, keys.AnyRevision, now, func(k *SealedKey) (err error) {
		k.Sealed, _, err = sealer.Reseal(tokenKeyPurpose, k.Sealed)
		return err
	})
	return 1, err
}

func resealUser(ctx context.Context, s Store, u *User, sealer *seal.Sealer, now func() time.Time, write bool) (int, error) {
	if len(u.OTP.Sealed) == 0 {
		return 0, nil
	}
	_, changed, err := sealer.Reseal(otpPurpose, u.OTP.Sealed)
	if err != nil || !changed || !write {
		return count(changed), err
	}
	_, _, err = keys.Revise(ctx, s.Users(), u.ID, keys.AnyRevision, now, func(u *User) (err error) {
		if len(u.OTP.Sealed) > 0 { // not turned off meanwhile
			u.OTP.Sealed, _, err = sealer.Reseal(otpPurpose, u.OTP.Sealed)
		}
		return err
	})
	return 1, unlessGone(err)
}

func count(changed bool) int {
	if changed {
		return 1
	}
	return 0
}
