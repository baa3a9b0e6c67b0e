package leaks

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// RevokeHeld revokes the key with the text, which its holder sends from the address.
// Unknown and revoked keys are no error, so the answer does not tell which exist. The
// error is errs.Invalid for a text that cannot be a key, and errs.Limited for an
// address that has tried too many unknown ones.
func (s *Service) RevokeHeld(ctx context.Context, from netip.Addr, text string) error {
	hash := keys.HashOf(text)
	if err := s.Guesses.MayGuess(ctx, from, hash); err != nil {
		return err
	}
	k, err := s.Finder.Find(ctx, text)
	switch {
	case errors.Is(err, keys.ErrMalformed):
		return errs.BadField("key", "key_incomplete")
	case errors.Is(err, errs.NotFound):
		return s.guess(ctx, from, text)
	case err != nil:
		return fmt.Errorf("find a key to revoke: %w", err)
	case !k.RevokedAt.IsZero():
		return nil
	}
	_, wide, err := s.policy(ctx, &k)
	if err != nil {
		return err
	}
	_, _, err = s.Keys.Revoke(ctx, holder{auth.System(), k.ServiceAccountID, k.ID}, k.ID, keys.AnyRevision, keys.ReasonHolder, "")
	if errors.Is(err, errs.Conflict) { // others change it all the time: no conflict that its holder could settle
		e := errs.New(errs.Unavailable, "too_many_writers")
		e.RetryAfter = time.Second
		return e
	}
	if err != nil {
		return unlessGone(err, "revoke a key for its holder")
	}
	return s.tellOf(ctx, &Leak{Source: Holder, Keys: []Key{{
		ID: k.ID, OrganizationID: k.OrganizationID, Name: k.Name, Start: k.Start, Last4: k.Last4, Wide: wide, Outcome: heldOutcome,
	}}})
}

// heldOutcome is the outcome of a key that its holder revoked, in mails.
const heldOutcome Outcome = "holder"

// holder acts for whoever holds a key: they may do nothing but end it.
type holder struct {
	keys.Actor
	account, key string
}

// Subject names the key in audit events.
func (h holder) Subject() audit.Subject {
	return audit.Subject{Kind: string(auth.ServiceAccountKind), ID: h.account, KeyID: h.key}
}
