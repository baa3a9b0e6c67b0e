package verdicts

import (
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// headers sets single values in a header map, or in a list if there is no map. All
// values share one backing array, and names are written as documented, not in Go's
// canonical form.
type headers struct {
	into   http.Header
	values []string
	list   []Header
}

func newHeaders(into http.Header, most int) headers {
	return headers{into: into, values: make([]string, 0, most)}
}

func (h *headers) set(name, value string) {
	if h.into == nil {
		h.list = append(h.list, Header{name, value})
		return
	}
	h.values = append(h.values, value)
	n := len(h.values)
	h.into[name] = h.values[n-1 : n : n]
}

// Header is the name of a header, as documented, and its value.
type Header struct{ Name, Value string }

// Identity appends the headers that WriteIdentity writes.
func Identity(to []Header, v *verify.Verdict) []Header {
	h := headers{list: to}
	h.identity(v)
	return h.list
}

// WriteIdentity writes headers for a gateway to pass on: whose the key is, and its
// limits.
func WriteIdentity(into http.Header, v *verify.Verdict) {
	h := newHeaders(into, 13)
	h.identity(v)
}

func (h *headers) identity(v *verify.Verdict) {
	h.set("X-Latchkey-Code", string(v.Code))
	if g := &v.Grant; g.Known() {
		h.set("X-Latchkey-Key-Id", g.KeyID())
		h.set("X-Latchkey-Service-Account-Id", g.Account.ID)
		h.set("X-Latchkey-Organization-Id", g.Account.OrganizationID)
		h.set("X-Latchkey-Tier", g.Tier.Name)
		h.set("X-Latchkey-Scopes", g.ScopeList())
		h.set("X-Latchkey-Environment", string(g.Environment()))
	}
	h.limits(v)
}

// WriteLimits writes what is left of the limits that the verdict checked, if any.
func WriteLimits(into http.Header, v *verify.Verdict) {
	h := newHeaders(into, 6)
	h.limits(v)
}

// limits writes RateLimit-Policy and RateLimit as in the IETF httpapi draft "RateLimit
// header fields for HTTP", and their older forms.
func (h *headers) limits(v *verify.Verdict) {
	if !v.HasLimits {
		return
	}
	d := &v.Limits
	var policy, state [192]byte
	p, s := policy[:0], state[:0]
	if v.Grant.Known() && d.HasKey {
		p = appendPolicy(p, "key", v.Grant.KeyRule(v.At))
		s = appendState(s, "key", d.Key.Remaining, d.Key.ResetAfter)
	}
	if v.Grant.Known() && d.HasAccount {
		p = appendPolicy(p, "account", v.Grant.AccountRule(v.At))
		s = appendState(s, "account", d.Account.Remaining, d.Account.ResetAfter)
	}
	if len(p) > 0 {
		h.set("RateLimit-Policy", string(p))
		h.set("RateLimit", string(s))
	}
	if b, ok := narrowest(d); ok {
		h.set("X-RateLimit-Limit", strconv.FormatInt(b.Limit, 10))
		h.set("X-RateLimit-Remaining", strconv.FormatInt(b.Remaining, 10))
		h.set("X-RateLimit-Reset", strconv.FormatInt(WholeSeconds(b.ResetAfter), 10))
	}
	if !d.Allowed && !d.Never {
		h.set("Retry-After", strconv.FormatInt(max(1, WholeSeconds(d.RetryAfter)), 10))
	}
}

// WriteThrottle writes what is left of a bucket that belongs to no key.
func WriteThrottle(into http.Header, name string, rule ratelimit.Rule, b *ratelimit.BucketState) {
	h := newHeaders(into, 5)
	h.set("RateLimit-Policy", string(appendPolicy(nil, name, rule)))
	h.set("RateLimit", string(appendState(nil, name, b.Remaining, b.ResetAfter)))
	h.set("X-RateLimit-Limit", strconv.FormatInt(b.Limit, 10))
	h.set("X-RateLimit-Remaining", strconv.FormatInt(b.Remaining, 10))
	h.set("X-RateLimit-Reset", strconv.FormatInt(WholeSeconds(b.ResetAfter), 10))
}

// appendPolicy appends "name";q=quota;w=seconds. A window that is not a whole number of
// seconds is given as one second.
func appendPolicy(b []byte, name string, r ratelimit.Rule) []byte {
	q, w := r.Requests, int64(r.Per/time.Second)
	if r.Per%time.Second != 0 {
		q, w = max(1, int64(float64(r.Requests)*float64(time.Second)/float64(r.Per))), 1
	}
	b = appendName(b, name)
	b = strconv.AppendInt(append(b, ";q="...), q, 10)
	return strconv.AppendInt(append(b, ";w="...), w, 10)
}

func appendState(b []byte, name string, remaining int64, reset time.Duration) []byte {
	b = appendName(b, name)
	b = strconv.AppendInt(append(b, ";r="...), remaining, 10)
	return strconv.AppendInt(append(b, ";t="...), WholeSeconds(reset), 10)
}

func appendName(b []byte, name string) []byte {
	if len(b) > 0 {
		b = append(b, ", "...)
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"')
}
