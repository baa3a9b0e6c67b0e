package keys

import (
	"github.com/latchkey/latchkey/errs"
)

// CheckImported returns what is wrong with an imported key, by field. Where it has to fit
// its account and tier, a verification sees to that.
func (k *Key) CheckImported() error {
	var f errs.Faults
	k.checkShape(&f, KeyFields{})
	CheckTime(&f, "not_before", k.NotBefore)
	CheckTime(&f, "expires_at", k.ExpiresAt)
	f.Check(k.ExpiresAt.IsZero() || k.NotBefore.Before(k.ExpiresAt), "not_before", "before_expires_at")
	k.Scopes = tidy(k.Scopes)
	return f.Err()
}

// CheckImported returns what is wrong with an imported account, by field.
func (account *ServiceAccount) CheckImported() error {
	return account.check(AccountFields{})
}
