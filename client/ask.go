package client

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Question asks whether a key may do something now. It never prints the key.
type Question struct {
	Key       string          `json:"-"`
	Scopes    []string        // all required
	Cost      Optional[int64] // charged to limits and quota; 1 if left out
	Address   netip.Addr      // of the key's user; needed for keys with allowed networks
	UserAgent string          // of the key's user
	DryRun    bool            // charge nothing, and explain every check
	Fresh     bool            // read the store, not the cache
}

// Format writes the question without the key, for every verb.
func (q Question) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "key %s, scopes %v, address %v", redacted, q.Scopes, q.Address)
}

// LogValue returns the question without the key.
func (q Question) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(q)) }

// wire returns the question in the format of POST /verify, with the key.
func (q Question) wire() VerifyRequest {
	r := VerifyRequest{Key: q.Key, Scopes: q.Scopes, UserAgent: q.UserAgent, DryRun: q.DryRun}
	if cost, ok := q.Cost.Get(); ok {
		r.Cost = &cost
	}
	if q.Address.IsValid() {
		r.IP = q.Address.WithZone("").String()
	}
	return r
}

// Codes of verdicts.
const (
	CodeValid             = "VALID"
	CodeMissing           = "MISSING"
	CodeMalformed         = "MALFORMED"
	CodeNotFound          = "NOT_FOUND"
	CodeRevoked           = "REVOKED"
	CodeExpired           = "EXPIRED"
	CodeNotYetValid       = "NOT_YET_VALID"
	CodeDisabled          = "DISABLED"
	CodePlainHTTP         = "PLAIN_HTTP"
	CodeIPNotAllowed      = "IP_NOT_ALLOWED"
	CodeInsufficientScope = "INSUFFICIENT_SCOPE"
	CodeRateLimited       = "RATE_LIMITED"
	CodeQuotaExceeded     = "QUOTA_EXCEEDED"
)

// Verdict is the decision. Check Valid: a refusal is a verdict, not an error.
type Verdict struct {
	VerifyResponse
	RetryAfter time.Duration // for a key over its limit; 0: the request can never pass
	limits     LimitHeaders  // nil: no limit was checked
}

// LimitHeaders returns RateLimit and related headers. The caller may change what it
// returns.
type LimitHeaders interface{ LimitHeaders() http.Header }

// NewVerdict returns the verdict of an engine in this process, package edge. Most callers
// never ask for the headers, so they are made when they are asked for; limits may be nil.
func NewVerdict(r VerifyResponse, retryAfter time.Duration, limits LimitHeaders) Verdict {
	return Verdict{VerifyResponse: r, RetryAfter: retryAfter, limits: limits}
}

// Limits returns RateLimit and related headers, to pass on to the key's user. The caller
// may change them.
func (v *Verdict) Limits() http.Header {
	if v.limits == nil {
		return http.Header{}
	}
	return v.limits.LimitHeaders()
}

// StaticLimits are LimitHeaders that exist already: those of a response, or of a test.
type StaticLimits http.Header

// LimitHeaders implements LimitHeaders.
func (r StaticLimits) LimitHeaders() http.Header { return http.Header(r).Clone() }

// limitHeaders are the headers about limits.
var limitHeaders = []string{
	"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After",
}

// Status returns the HTTP status for the key's user: 200, 401, 403 or 429.
func (v *Verdict) Status() int { return statusOf(v.Code) }

func statusOf(code string) int {
	switch code {
	case CodeValid:
		return http.StatusOK
	case CodePlainHTTP, CodeIPNotAllowed, CodeInsufficientScope, "PENDING", "ROUTE_NOT_ALLOWED", "RESOURCE_NOT_ALLOWED":
		return http.StatusForbidden
	case CodeRateLimited, CodeQuotaExceeded, "BUDGET_EXCEEDED":
		return http.StatusTooManyRequests
	default:
		return http.StatusUnauthorized
	}
}

// Verify asks whether the key may do what the question says. A refusal is a
// verdict that is not Valid; an error means that there is no decision. A
// verification charges the key's limits, so it is not retried once sent, unless
// the response says that nothing was decided.
func (c *Client) Verify(ctx context.Context, q Question) (Verdict, error) {
	var v Verdict
	r := &request{
		method: "POST", path: "/verify", body: q.wire(), out: &v.VerifyResponse,
		verifies: true, charges: !q.DryRun, reads: q.DryRun,
	}
	if q.Fresh {
		r.header = http.Header{"Cache-Control": {"no-cache"}}
	}
	a, err := c.do(ctx, r)
	if err != nil {
		return Verdict{}, err
	}
	v.take(a, c.now())
	return v.checked(a, "POST /verify", v.Valid)
}

// checked returns the verdict if it is consistent, and an error if not.
func (v Verdict) checked(a *answer, operation string, valid bool) (Verdict, error) {
	if v.Code == "" || v.Valid != (v.Code == CodeValid) || v.Valid != valid || v.Valid && a.status != http.StatusOK {
		return Verdict{}, &Error{Kind: BadAnswer, Operation: operation, Status: a.status, Detail: "no verdict, or one that contradicts itself"}
	}
	return v, nil
}

// take reads the headers about limits.
func (v *Verdict) take(a *answer, now time.Time) {
	v.RetryAfter = retryAfter(a.header, now)
	limits := StaticLimits{}
	for _, name := range limitHeaders {
		if values := a.header.Values(name); len(values) > 0 {
			limits[http.CanonicalHeaderKey(name)] = values
		}
	}
	v.limits = limits
}

// VerifySelf asks whether the client's own credential, a key or an access token,
// has the scopes. It charges cost, which is 1 if left out. The verdict contains
// only what the credential's holder may know.
func (c *Client) VerifySelf(ctx context.Context, cost Optional[int64], scopes ...string) (Verdict, error) {
	q := url.Values{}
	if len(scopes) > 0 {
		q["scope"] = scopes
	}
	if n, ok := cost.Get(); ok {
		q.Set("cost", fmt.Sprint(n))
	}
	var v Verdict
	a, err := c.do(ctx, &request{
		method: "GET", path: "/verify", query: q, out: &v.VerifyResponse, verifies: true, charges: true,
		refusals: func(a *answer) bool { return a.header.Get("X-Latchkey-Code") != "" && isJSON(a) },
	})
	if err != nil {
		return Verdict{}, err
	}
	v.take(a, c.now())
	said := v.Valid
	v.identify(a.header)
	return v.checked(a, "GET /verify", said)
}

// identify fills in what GET /verify sends in headers. The body of a refusal is a
// problem, whose code, detail and missing scopes have the same names as in a
// verdict.
func (v *Verdict) identify(h http.Header) {
	v.Code = h.Get("X-Latchkey-Code")
	v.Valid = v.Code == CodeValid
	v.KeyID, v.OrganizationID = h.Get("X-Latchkey-Key-Id"), h.Get("X-Latchkey-Organization-Id")
	v.Tier, v.Environment = h.Get("X-Latchkey-Tier"), h.Get("X-Latchkey-Environment")
	v.Scopes = strings.Fields(h.Get("X-Latchkey-Scopes"))
	if id := h.Get("X-Latchkey-Service-Account-Id"); id != "" && v.ServiceAccount == nil {
		v.ServiceAccount = &VerifiedAccount{ID: id}
	}
}
