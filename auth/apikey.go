package auth

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// APIKey authenticates a service account by its key, sent as X-API-Key or in
// Authorization with the scheme Bearer or Api-Key.
type APIKey struct {
	verifier *verify.Verifier
	format   keys.Format
	recent   principals
}

// NewAPIKey returns the authenticator "api_key".
func NewAPIKey(v *verify.Verifier, f keys.Format) *APIKey {
	return &APIKey{verifier: v, format: f, recent: principals{seed: maphash.MakeSeed()}}
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
	text, several := KeyOf(r, a.format)
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

// CredentialOf returns the key or signed token that the request carries, or "".
// several is true if the request has two different keys: a proxy that passes it
// on might read the other one.
func CredentialOf(r *http.Request, f keys.Format) (text string, several bool) {
	if key, several := KeyOf(r, f); key != "" {
		return key, several
	}
	if text, ok := credentials(r, "Bearer"); ok {
		return text, false
	}
	return "", false
}

// KeyOf returns the key that the request carries, or "", and whether it also
// carries a different one. A bearer token that does not look like a key is
// ignored.
func KeyOf(r *http.Request, f keys.Format) (key string, several bool) {
	for _, text := range r.Header["X-Api-Key"] {
		key, several = other(key, text, several)
	}
	for _, value := range r.Header["Authorization"] {
		key, several = other(key, keyIn(value, f), several)
	}
	return key, several
}

// InAuthorization reports whether the credential that CredentialOf reads, or
// something like a key, is in Authorization. A proxy does not pass that on.
func InAuthorization(r *http.Request, f keys.Format) bool {
	values := r.Header["Authorization"]
	for _, value := range values {
		if keyIn(value, f) != "" || f.Within(value) != "" {
			return true
		}
	}
	if len(values) == 0 {
		return false
	}
	if key, _ := KeyOf(r, f); key != "" {
		return false
	}
	_, bearer := credentials(r, "Bearer")
	return bearer
}

// other returns the first key, and whether there are two different ones.
func other(key, next string, several bool) (first string, two bool) {
	if key == "" {
		return next, several
	}
	return key, several || next != "" && next != key
}

// keyIn returns the key in a value of Authorization, or "".
func keyIn(value string, f keys.Format) string {
	scheme, text, _ := strings.Cut(value, " ")
	switch {
	case strings.EqualFold(scheme, "Api-Key"):
		return strings.TrimSpace(text)
	case strings.EqualFold(scheme, "Bearer") && f.Looks(text):
		return text
	default:
		return ""
	}
}
