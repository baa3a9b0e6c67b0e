package verify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// Account decides whether a service account that authenticated by other means than
// a key may act from the address. The verdict's grant has no key and all of the
// account's scopes; no limit is checked.
func (v *Verifier) Account(ctx context.Context, id string, address netip.Addr) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, v.grants.timeout)
	defer cancel()
	of := &Found{Key: keys.Key{ServiceAccountID: id}}
	g, err := v.grants.shared.grant(ctx, v.grants.source.Load(keys.Hash{}), of, credential{}, &fact{}, false)
	if errors.Is(err, errs.NotFound) {
		return Verdict{Code: NotFound, Detail: errs.Say("account_gone")}, nil
	}
	if err != nil {
		return Verdict{}, fmt.Errorf("read a service account: %w", err)
	}
	verdict := Verdict{Code: Valid, Grant: g}
	q := &Question{Address: address.Unmap()}
	for _, c := range checks {
		if no := c.refuse(&g, q, v.now()); no != nil {
			verdict.Code, verdict.Detail = c.code, no.detail
			break
		}
	}
	return verdict, nil
}

// Holder returns what the service account may do now: through the key with the id,
// or with all of its scopes if keyID is "". If the account or the key is no longer
// valid the error is errs.NotFound. Networks are not checked, because there is no
// caller.
func (v *Verifier) Holder(ctx context.Context, accountID, keyID string) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, v.grants.timeout)
	defer cancel()
	k := keys.Key{ServiceAccountID: accountID}
	if keyID != "" {
		var err error
		if k, err = v.grants.store.Keys().Get(ctx, keyID); err != nil {
			return Grant{}, keys.Missing(err, "no_key")
		}
	}
	g, err := v.grants.shared.grant(ctx, v.grants.source.Load(k.Hash), &Found{Key: k}, credential{}, &fact{hash: k.Hash}, true)
	if err != nil {
		return Grant{}, err
	}
	for _, c := range checks {
		if c.code == AddressNotAllowed {
			continue
		}
		if no := c.refuse(&g, &Question{}, v.now()); no != nil || g.Account.ID != accountID {
			return Grant{}, keys.Missing(errs.NotFound, "no_service_account")
		}
	}
	return g, nil
}
