// Package guard protects an HTTP API: it admits requests whose key Latchkey
// verifies. It is middleware for net/http; separate modules adapt it to Gin and
// gRPC. Requests that cannot be decided are refused, unless Config.FailOpen is
// set.
package guard

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/latchkey/latchkey/client"
)

// Verifier verifies keys. *client.Client implements it. FailOpen depends on a
// method Temporary() bool of its errors, if they have one.
type Verifier interface {
	Verify(ctx context.Context, q client.Question) (client.Verdict, error)
}

// Config says who verifies keys, and how to find the caller. Only Verifier is
// required.
type Config struct {
	Verifier Verifier
	// TrustedProxies are the networks of the proxies in front of this server.
	// ForwardedHeader is ignored in requests from anywhere else.
	TrustedProxies []netip.Prefix
	// ForwardedHeader is the header in which the proxies send the client's
	// address: X-Forwarded-For if "", Forwarded (RFC 7239), or one that holds a
	// single address, such as X-Real-IP. They must overwrite or extend what
	// clients send in it.
	ForwardedHeader string
	// Realm is the name of the API in WWW-Authenticate; "api" if "".
	Realm string
	// OnError is called with each error of Verifier, for logs and metrics.
	OnError func(ctx context.Context, err error)
	// FailOpen admits requests with a key while Latchkey cannot be reached, does
	// not answer in time or cannot decide. They have no identity. It needs
	// OnError. It does not apply to errors that a retry would not change, such as
	// an invalid credential of the verifier, nor to errors that callers can
	// cause: giving up, setting a deadline too short for an answer, or asking too
	// often.
	FailOpen bool
}

// Guard decides which requests to admit. It is safe for concurrent use.
type Guard struct{ config Config }

// New returns a Guard for the configuration.
func New(config Config) (*Guard, error) {
	switch {
	case config.Verifier == nil:
		return nil, errors.New("guard: Config.Verifier is required")
	case config.FailOpen && config.OnError == nil:
		return nil, errors.New("guard: Config.FailOpen needs Config.OnError, so that somebody hears of requests that nobody decided")
	}
	if err := config.checkHeaders(); err != nil {
		return nil, err
	}
	if config.ForwardedHeader == "" {
		config.ForwardedHeader = "X-Forwarded-For"
	}
	config.ForwardedHeader = http.CanonicalHeaderKey(config.ForwardedHeader)
	if config.Realm == "" {
		config.Realm = "api"
	}
	return &Guard{config: config}, nil
}

// checkHeaders refuses settings that would never take effect or would break a
// header.
func (c *Config) checkHeaders() error {
	for _, p := range c.TrustedProxies {
		if !p.IsValid() || p.Addr().Is4In6() {
			return errors.New("guard: Config.TrustedProxies has a network that is none; IPv4 is written as such")
		}
	}
	switch {
	case c.ForwardedHeader != "" && len(c.TrustedProxies) == 0:
		return errors.New("guard: Config.ForwardedHeader is believed from Config.TrustedProxies alone, which is empty")
	case strings.ContainsFunc(c.ForwardedHeader, func(r rune) bool { return !isToken(r) }):
		return errors.New("guard: Config.ForwardedHeader is no name of a header")
	case strings.ContainsFunc(c.Realm, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }):
		return errors.New("guard: Config.Realm has characters that WWW-Authenticate cannot quote")
	}
	return nil
}

func isToken(r rune) bool {
	return r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z'
}

// Need is what a request needs: all of the scopes, and a cost, which is 1 if left
// out. The zero Need requires only a valid key.
type Need struct {
	Scopes []string
	Cost   client.Optional[int64]
	Public bool // admit everyone without a check; there is no identity
}

// Caller is the part of a request that the decision depends on. For gRPC, Header
// holds the metadata.
type Caller struct {
	Header     http.Header
	RemoteAddr string // host:port of the connection
}

// Decision says whether a request may pass, and what to answer.
type Decision struct {
	Allowed bool
	Verdict client.Verdict // of a key that was verified; see Known
	Known   bool           // false: no key, or no answer from Latchkey
	Problem client.Problem // the body of a refusal
	Header  http.Header    // for the response: limits, and the headers of a refusal
	Err     error          // why there is no answer from Latchkey
}

// Decide decides whether the caller may do what need says. It never fails: if
// there is no decision, it refuses the request, or admits it under FailOpen.
func (g *Guard) Decide(ctx context.Context, caller Caller, need Need) Decision {
	if need.Public {
		return Decision{Allowed: true, Header: http.Header{}}
	}
	key, code := keyOf(caller.Header)
	if code != "" {
		return g.refuse(client.Verdict{VerifyResponse: client.VerifyResponse{Code: code, Detail: details[code]}}, false)
	}
	verdict, err := g.config.Verifier.Verify(ctx, client.Question{
		Key: key, Scopes: need.Scopes, Cost: need.Cost, Address: g.addressOf(caller), UserAgent: userAgentOf(caller.Header),
	})
	if err == nil && verdict.Valid != (verdict.Code == client.CodeValid) {
		err = errors.New("guard: the verdict contradicts itself")
	}
	switch {
	case err != nil:
		return g.undecided(ctx, err)
	case !verdict.Valid:
		return g.refuse(verdict, true)
	}
	return Decision{Allowed: true, Known: true, Verdict: verdict, Header: limitsOf(&verdict)}
}

func (g *Guard) undecided(ctx context.Context, err error) Decision {
	if g.config.OnError != nil {
		g.config.OnError(ctx, err)
	}
	if g.config.FailOpen && !gaveUp(ctx) && passing(err) {
		return Decision{Allowed: true, Err: err, Header: http.Header{}}
	}
	return unavailable(err)
}

// gaveUp reports whether the caller no longer waits: they have disconnected, or
// the deadline has passed, which a gRPC client can set freely. A connection's
// timer may fire before the context's.
func gaveUp(ctx context.Context) bool {
	deadline, set := ctx.Deadline()
	return ctx.Err() != nil || set && !time.Now().Before(deadline)
}

// passing reports whether the fault is Latchkey's and may be temporary.
func passing(err error) bool {
	var e interface{ Temporary() bool }
	return errors.As(err, &e) && e.Temporary() && !errors.Is(err, client.Limited)
}

type identityKey struct{}

// WithIdentity returns a context that carries the verdict on the request's key.
// It is for adapters and for tests of handlers.
func WithIdentity(ctx context.Context, v client.Verdict) context.Context {
	return context.WithValue(ctx, identityKey{}, v)
}

// Identity returns the verdict on the request's key: key, service account,
// organization, tier and scopes. It is false outside a guard, and if the guard
// failed open.
func Identity(ctx context.Context) (client.Verdict, bool) {
	v, ok := ctx.Value(identityKey{}).(client.Verdict)
	return v, ok
}
