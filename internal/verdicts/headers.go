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
	var buffer [512]byte
	var p parts
	b := buffer[:0] // a variable of its own: in a struct it would be allocated
	if v.Grant.Known() && (d.HasKey || d.HasAccount) {
		b = appendPolicies(b, v)
		p.end(b, "RateLimit-Policy")
		b = appendStates(b, d)
		p.end(b, "RateLimit")
	}
	if narrow, ok := narrowest(d); ok {
		b = p.bucket(b, &narrow)
	}
	if !d.Allowed && !d.Never {
		b = p.number(b, "Retry-After", max(1, WholeSeconds(d.RetryAfter)))
	}
	h.setParts(&p, string(b))
}

func appendPolicies(b []byte, v *verify.Verdict) []byte {
	first := true
	if v.Limits.HasKey {
		b, first = appendPolicy(b, "key", v.Grant.KeyRule(v.At)), false
	}
	if v.Limits.HasAccount {
		b = appendPolicy(separate(b, first), "account", v.Grant.AccountRule(v.At))
	}
	return b
}

func appendStates(b []byte, d *ratelimit.Decision) []byte {
	first := true
	if d.HasKey {
		b, first = appendState(b, "key", d.Key.Remaining, d.Key.ResetAfter), false
	}
	if d.HasAccount {
		b = appendState(separate(b, first), "account", d.Account.Remaining, d.Account.ResetAfter)
	}
	return b
}

func separate(b []byte, first bool) []byte {
	if first {
		return b
	}
	return append(b, ", "...)
}

// parts are the values of a few headers, one after the other in one text.
type parts struct {
	names [6]string
	ends  [6]int
	n     int
}

// end makes what b has more than at the last call the value of the header.
func (p *parts) end(b []byte, name string) {
	p.names[p.n], p.ends[p.n] = name, len(b)
	p.n++
}

func (p *parts) number(b []byte, name string, n int64) []byte {
	b = strconv.AppendInt(b, n, 10)
	p.end(b, name)
	return b
}

func (p *parts) bucket(b []byte, of *ratelimit.BucketState) []byte {
	b = p.number(b, "X-RateLimit-Limit", of.Limit)
	b = p.number(b, "X-RateLimit-Remaining", of.Remaining)
	return p.number(b, "X-RateLimit-Reset", WholeSeconds(of.ResetAfter))
}

func (h *headers) setParts(p *parts, text string) {
	from := 0
	for i, name := range p.names[:p.n] {
		h.set(name, text[from:p.ends[i]])
		from = p.ends[i]
	}
}

// WriteThrottle writes what is left of a bucket that belongs to no key.
func WriteThrottle(into http.Header, name string, rule ratelimit.Rule, b *ratelimit.BucketState) {
	h := newHeaders(into, 5)
	var p parts
	state := appendPolicy(nil, name, rule)
	p.end(state, "RateLimit-Policy")
	state = appendState(state, name, b.Remaining, b.ResetAfter)
	p.end(state, "RateLimit")
	h.setParts(&p, string(p.bucket(state, b)))
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
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"')
}
