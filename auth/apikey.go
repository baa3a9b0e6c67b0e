package auth

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/verify"
)

// APIKey authenticates a service account by its key; see Carrier.
type APIKey struct {
	verifier *verify.Verifier
	carrier  Carrier
	recent   principals
}

// NewAPIKey returns the authenticator "api_key".
func NewAPIKey(v *verify.Verifier, c Carrier) *APIKey {
	return &APIKey{verifier: v, carrier: c, recent: principals{seed: maphash.MakeSeed()}}
}

const apiKeyScheme = "api_key"

// Name implements Authenticator.
func (a *APIKey) Name() string { return apiKeyScheme }

// Challenge implements Authenticator.
func (a *APIKey) Challenge() string { return `Bearer realm="latchkey"` }

// Authenticate implements Authenticator. The key must be valid. Its limits belong
// to the provider's API and are not charged here.
func (a *APIKey) Authenticate(r *http.Request) (*Principal, error) {
	return a.authenticate(proxies.ClientOf(r.Context()).Address, r)
}

func (a *APIKey) authenticate(from netip.Addr, r *http.Request) (*Principal, error) {
	text, several := a.carrier.Key(r)
	switch {
	case several:
		return nil, wrongCredential("several_keys")
	case text == "":
		return nil, nil
	}
	g, err := grantOf(r, a.verifier, from, text)
	if err != nil {
		return nil, err
	}
	return a.recent.of(&g), nil
}

// grantOf returns the grant of the key or signed token.
func grantOf(r *http.Request, v *verify.Verifier, from netip.Addr, text string) (verify.Grant, error) {
	q := verify.Question{Key: text, Address: from, Unmetered: true}
	if agent := r.Header["User-Agent"]; len(agent) > 0 {
		q.UserAgent = agent[0]
	}
	verdict, err := v.Verify(r.Context(), &q)
	switch {
	case err != nil:
		return verify.Grant{}, err
	case verdict.Code == verify.Valid:
		return verdict.Grant, nil
	case verdict.Code == verify.AddressNotAllowed:
		return verify.Grant{}, verdict.Refusal(errs.Forbidden)
	case verdict.Code == verify.RateLimited:
		e := verdict.Refusal(errs.Limited)
		e.RetryAfter = verdict.Limits.RetryAfter
		return verify.Grant{}, e
	default:
		return verify.Grant{}, verdict.Refusal(errs.Unauthenticated)
	}
}

// principals holds the principals of the grants seen last, so that verifiers, which
// send their key with every request, need none of their own each time.
type principals struct {
	seed  maphash.Seed
	slots [64]atomic.Pointer[Principal]
}

// of returns the principal of the grant.
func (p *principals) of(g *verify.Grant) *Principal {
	slot := &p.slots[maphash.String(p.seed, g.KeyID())%uint64(len(p.slots))]
	if recent := slot.Load(); recent != nil && recent.grant == *g {
		return recent
	}
	made := AccountPrincipal(g)
	made.Scheme = apiKeyScheme
	slot.Store(made)
	return made
}

// AccountPrincipal returns the service account of the grant, with the scopes of
// the key or token behind it.
func AccountPrincipal(g *verify.Grant) *Principal {
	return &Principal{
		Kind: ServiceAccountKind, AccountID: g.Account.ID, AccountName: g.Account.Name,
		OrganizationID: g.Account.OrganizationID, KeyID: g.KeyID(), Tier: g.Tier.Name, Scopes: g.Scopes(), grant: *g,
	}
}

// CertificatePrincipal returns the service account of the grant, authenticated by
// a certificate that ends at endsAt, or never if that is zero.
func CertificatePrincipal(g *verify.Grant, endsAt time.Time) *Principal {
	p := AccountPrincipal(g)
	p.endsAt = endsAt
	return p
}
