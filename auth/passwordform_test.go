package auth_test

import (
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// TestPasswordsHaveOneForm: what one keyboard composes and another does not is
// the same password, and white space is part of it. A hash of an earlier release,
// of the bytes as they were sent, still matches and is written anew.
func TestPasswordsHaveOneForm(t *testing.T) {
	t.Parallel()
	const composed, decomposed = "caf\u00e9 horse battery ", "cafe\u0301 horse battery "
	o := newOffice(t, ratelimit.Rule{})
	u, err := o.Users.Create(t.Context(), o.admin, "", auth.UserFields{Email: "ada@example.com", Password: decomposed})
	o.must(err)
	try := func(password string) error {
		_, err := o.Sessions.Check(t.Context(), auth.Login{Name: u.Email, Password: password})
		return err
	}
	o.must(try(composed))
	o.must(try(decomposed))
	o.refused("without its white space", try("caf\u00e9 horse battery"), errs.Unauthenticated)

	old, err := argon2id.CreateHash(decomposed, &argon2id.Params{
		Memory: 19 * 1024, Iterations: 2, Parallelism: 1,
		SaltLength: 16, KeyLength: 32,
	})
	o.must(err)
	_, _, err = keys.Revise(t.Context(), o.store.Users(), u.ID, keys.AnyRevision, o.Now, func(u *auth.User) error {
		u.PasswordHash = old
		return nil
	})
	o.must(err)
	o.refused("composed, before it was written anew", try(composed), errs.Unauthenticated)
	o.must(try(decomposed))
	o.must(try(composed))
}
