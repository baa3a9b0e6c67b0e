package verify

import (
	"context"
	"net/netip"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// MayGuess returns errs.Limited if the address has sent too many unknown keys to
// GET /verify, counting those that it was charged for by Guessed. A key that it was
// charged for lately costs nothing.
func (v *Verifier) MayGuess(ctx context.Context, from netip.Addr, hash keys.Hash) error {
	d, err := v.guesses.may(ctx, &Question{Address: from.Unmap()}, hash)
	if err != nil || d.Allowed {
		return err
	}
	e := errs.WithCode(errs.Limited, string(RateLimited), "too_many_unknown")
	e.RetryAfter = d.RetryAfter
	return e
}

// Guessed charges the address for an unknown key that came another way, as if it had
// sent it to GET /verify.
func (v *Verifier) Guessed(ctx context.Context, from netip.Addr, hash keys.Hash) error {
	return v.guesses.charge(ctx, &Question{Address: from.Unmap()}, hash)
}
