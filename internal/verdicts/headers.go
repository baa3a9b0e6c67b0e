package verdicts

import (
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// headers sets single values in a header map. All values share one backing array, and
// names are written as documented, not in Go's canonical form.
type headers struct {
	into   http.Header
	values []string
}

func newHeaders(into http.Header, most int) headers {
	return headers{into: into, values: make([]string, 0, most)}
}

func (h *headers) set(name, value string) {
	h.values = append(h.values, value)
	n := len(h.values)
	h.into[name] = h.values[n-1 : n : n]
}

// WriteIdentity writes headers for a gateway to pass on: whose the key is, and its
// limits.
func WriteIdentity(into http.Header, v *verify.Verdict) {
	h := newHeaders(into, 13)
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
	t := texts{all: buffer[:0]}
	if v.Grant.Known() && (d.HasKey || d.HasAccount) {
		t.all = appendPolicies(t.all, v)
		t.end("RateLimit-Policy")
		t.all = appendStates(t.all, d)
		t.end("RateLimit")
	}
	if b, ok := narrowest(d); ok {
		t.number("X-RateLimit-Limit", b.Limit)
		t.number("X-RateLimit-Remaining", b.Remaining)
		t.number("X-RateLimit-Reset", WholeSeconds(b.ResetAfter))
	}
	if !d.Allowed && !d.Never {
		t.number("Retry-After", max(1, WholeSeconds(d.RetryAfter)))
	}
	t.set(h)
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

// texts builds the values of a few headers in one piece of memory.
type texts struct {
	all   []byte
	names [6]string
	ends  [6]int
	n     int
}

// end makes what was appended since the last call the value of the header.
func (t *texts) end(name string) {
	t.names[t.n], t.ends[t.n] = name, len(t.all)
	t.n++
}

func (t *texts) number(name string, n int64) {
	t.all = strconv.AppendInt(t.all, n, 10)
	t.end(name)
}

func (t *texts) set(h *headers) {
	all, from := string(t.all), 0
	for i, name := range t.names[:t.n] {
		h.set(name, all[from:t.ends[i]])
		from = t.ends[i]
	}
}

// WriteThrottle writes what is left of a bucket that belongs to no key.
func WriteThrottle(into http.Header, name string, rule ratelimit.Rule, b *ratelimit.BucketState) {
	h := newHeaders(into, 5)
	t := texts{}
	t.all = appendPolicy(t.all, name, rule)
	t.end("RateLimit-Policy")
	t.all = appendState(t.all, name, b.Remaining, b.ResetAfter)
	t.end("RateLimit")
	t.number("X-RateLimit-Limit", b.Limit)
	t.number("X-RateLimit-Remaining", b.Remaining)
	t.number("X-RateLimit-Reset", WholeSeconds(b.ResetAfter))
	t.set(&h)
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
