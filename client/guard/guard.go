// Package guard lets requests into an HTTP API whose key Latchkey finds valid.
// It is middleware for net/http; modules of their own adapt it to Gin and gRPC.
// Whoever cannot be decided about is not let in, unless Config.FailOpen says so.
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

// Verifier decides about keys. A *client.Client is one. Its errors may have a
// method Temporary() bool, by which FailOpen goes.
type Verifier interface {
	Verify(ctx context.Context, q client.Question) (client.Verdict, error)
}

// Config says who decides, and how the caller is found. Only Verifier is required.
type Config struct {
	Verifier Verifier
	// TrustedProxies are the networks of the proxies in front of this server.
	// From them alone ForwardedHeader is believed.
	TrustedProxies []netip.Prefix
	// ForwardedHeader is the one header in which they tell the client's address:
	// X-Forwarded-For if "", Forwarded (RFC 7239), or one that holds an address,
	// such as X-Real-IP. They must overwrite or extend what clients send in it.
	ForwardedHeader string
	// Realm is what WWW-Authenticate calls the API; "api" if "".
	Realm string
	// OnError hears why Latchkey could not be asked, for logs and metrics.
	OnError func(ctx context.Context, err error)
	// FailOpen lets requests with a key in while Latchkey cannot be reached, does
	// not answer in time or is not able to decide. They have no identity. It needs
	// OnError. What another try would not change, such as a wrong credential of
	// the verifier, lets nobody in, nor does what callers can bring about: that
	// they gave up, set a deadline too short for an answer, or asked too often.
	FailOpen bool
}

// Guard decides who may pass. It is safe for concurrent use.
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

// checkHeaders refuses what would be believed by nobody, or break a header.
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

// Need is what a request takes: all of the scopes, and a cost, which is 1 if it
// is left out. The zero Need takes a valid key.
type Need struct {
	Scopes []string
	Cost   client.Optional[int64]
	Public bool // everybody passes, without being asked about; they have no identity
}

// Caller is what of a request the decision depends on. For gRPC the header is
// the metadata.
type Caller struct {
	Header     http.Header
	RemoteAddr string // host:port of the connection
}

// Decision is whether a request may pass, and what to answer.
type Decision struct {
	Allowed bool
	Verdict client.Verdict // of a key that was decided about; see Known
	Known   bool           // false: no key, or Latchkey could not be asked
	Problem client.Problem // the body of a refusal
	Header  http.Header    // for the answer: limits, and of refusals what belongs to them
	Err     error          // why Latchkey could not be asked
}

// Decide asks whether the caller may do what the need says. It never fails: a
// decision that could not be made is a refusal, or an allowance by FailOpen.
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

// gaveUp reports whether the caller waits no longer: gone, or past the deadline,
// which a gRPC client sets as it likes. Timers of connections may fire before
// that of the context.
func gaveUp(ctx context.Context) bool {
	deadline, set := ctx.Deadline()
	return ctx.Err() != nil || set && !time.Now().Before(deadline)
}

// passing reports whether the fault is Latchkey's and may be gone later.
func passing(err error) bool {
	var e interface{ Temporary() bool }
	return errors.As(err, &e) && e.Temporary() && !errors.Is(err, client.Limited)
}

type identityKey struct{}

// WithIdentity returns a context that carries whose key was used. Adapters call
// it, and tests of handlers.
func WithIdentity(ctx context.Context, v client.Verdict) context.Context {
	return context.WithValue(ctx, identityKey{}, v)
}

// Identity returns whose key the request has: key, service account,
// organization, tier and scopes. It is false outside of a guard, and where the
// guard failed open.
func Identity(ctx context.Context) (client.Verdict, bool) {
	v, ok := ctx.Value(identityKey{}).(client.Verdict)
	return v, ok
}
