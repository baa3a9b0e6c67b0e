package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// CanonicalEmail returns the form in which e-mail addresses are stored and
// compared, following mail systems; see text.Address. In text that is not an
// address it only lower-cases ASCII letters; such text equals no address.
func CanonicalEmail(email string) string {
	if canonical, ok := text.Address(email); ok {
		return canonical
	}
	return text.ASCIILower(email)
}

// sameEmail reports whether both addresses receive the same mail.
func sameEmail(a, b string) bool { return CanonicalEmail(a) == CanonicalEmail(b) }

// byEmail returns the user with the e-mail address, or errs.NotFound. Users of
// earlier releases are stored under a fuller case folding until they change. That
// folding could make different addresses equal, so byEmail compares them again.
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
