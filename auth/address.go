package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// CanonicalEmail is the form in which e-mail addresses are stored and compared,
// as mail systems do; see text.Address. Text that is not an address only has its ASCII
// letters lower-cased, and equals no address.
func CanonicalEmail(email string) string {
	if canonical, ok := text.Address(email); ok {
		return canonical
	}
	return text.ASCIILower(email)
}

// sameEmail reports whether mail to both addresses arrives at the same place.
func sameEmail(a, b string) bool { return CanonicalEmail(a) == CanonicalEmail(b) }

// byEmail returns the user with the e-mail address, or errs.NotFound. Until they
// change, users of earlier releases are found by the fuller case folding that was
// stored then, which made one of addresses that differ; they are compared here.
func (p *Users) byEmail(ctx context.Context, email string) (User, error) {
	canonical := CanonicalEmail(email)
	stored := []string{canonical}
	if older := keys.Fold(email); older != canonical {
		stored = append(stored, older)
	}
	for _, form := range stored {
		u, err := p.Store.Users().ByEmail(ctx, form)
		if err == nil && CanonicalEmail(u.Email) == canonical {
			return u, nil
		}
		if err != nil && !errors.Is(err, errs.NotFound) {
			return User{}, fmt.Errorf("read user: %w", err)
		}
	}
	return User{}, errs.New(errs.NotFound, "no_user")
}
