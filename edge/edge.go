// Package edge verifies keys in the caller's own process, or in a sidecar. It is the same
// engine as in a Latchkey node, and a node feeds it. A decision on a key that was seen
// lately needs no request. The edge stores hashes, never keys, and no more about a key
// than a verdict needs.
//
// What it has cached is valid for a lease of one second, which each poll renews: a revoke
// takes effect here within the same second as on every node. While it is cut off, it
// continues for as long as the node allowed (LATCHKEY_MAX_STALE), and then answers
// nothing. See docs/edge-protocol.md.
package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/verdicts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// Config is what an Edge needs. Upstream and Key are required.
type Config struct {
	Upstream []string   // nodes, such as https://keys.example.com; http for loopback addresses only
	Key      Credential // with the scope latchkey:edge, for the keys of its organization, or latchkey:edge-all
	Name     string     // for people, the host name if ""

	CacheSize  int            // most keys cached, verify.DefaultCacheSize if 0
	DenyLimits bool           // while cut off, refuse keys with limits; otherwise count rates here alone
	Guesses    ratelimit.Rule // distinct unknown keys per client address, none if zero
	Logger     *slog.Logger   // no log if nil
	HTTPClient *http.Client   // its own client if nil; it must not follow redirects
}

// Edge verifies keys. It is safe for concurrent use. Close stops it.
type Edge struct {
	verifier *verify.Verifier
	format   keys.Format
	limits   *limits
	source   *source
	reporter *reporter
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// New asks a node what an edge has to know, and returns an Edge that the node feeds. It
// fails if no node can be reached, or none accepts the key.
func New(ctx context.Context, c Config) (*Edge, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Name == "" {
		c.Name, _ = os.Hostname()
	}
	version := buildinfo.Current().Version
	up, err := newUpstream(c.Upstream, c.Key, c.HTTPClient, version)
	if err != nil {
		return nil, err
	}
	s := &source{up: up, marks: keys.NewDigestMarks(), self: edgewire.Edge{
		ID: ids.New(ids.Edge), Name: c.Name, Version: version, StartedAt: time.Now().UTC(),
	}}
	if _, err := s.changes(ctx, 0); err != nil {
		return nil, fmt.Errorf("edge: ask %s: %w", up.addresses[0].Redacted(), err)
	}
	e := &Edge{source: s, reporter: newReporter(s, c.Logger)}
	if e.limits, err = newLimits(up, s.self.ID, &c, nil); err != nil {
		return nil, err
	}
	s.answered = e.limits.connected
	if e.verifier, err = e.engine(&c); err != nil {
		return nil, errors.Join(err, e.limits.close(ctx))
	}
	_ = s.feeds(e.verifier) // if it fails, each question asks the node until a poll is answered
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	e.running.Go(func() { s.listen(listening) })
	e.running.Go(func() { e.reporter.run(listening) })
	return e, nil
}

func (e *Edge) engine(c *Config) (*verify.Verifier, error) {
	format, err := keys.NewFormat(e.source.brand)
	if err != nil {
		return nil, fmt.Errorf("edge: what the node says of keys: %w", err)
	}
	format = format.Knowing(&e.source.known)
	e.format = format
	return verify.New(verify.Config{
		Source: e.source, Limiter: e.limits, Elsewhere: elsewhere{e.source.up}, Marks: e.source.marks, Format: format,
		Logger: c.Logger, CacheSize: c.CacheSize,
		MaxStale: e.source.stale, GuessLimit: c.Guesses, StoreTimeout: loadTimeout, PollEvery: pollEvery,
		Meter: e.reporter.meter, LastUsed: e.reporter.used,
	})
}

// Close stops the edge, and reports to a node what it has decided and not yet reported.
// The Edge must not be used afterwards.
func (e *Edge) Close(ctx context.Context) error {
	e.stop()
	e.running.Wait()
	e.verifier.Close()
	err := errors.Join(e.limits.close(ctx), e.reporter.flush(ctx))
	e.source.leave(ctx)
	return err
}

// Verifier returns the engine, for a server that answers as a node does.
func (e *Edge) Verifier() *verify.Verifier { return e.verifier }

// Format returns the format of the keys.
func (e *Edge) Format() keys.Format { return e.format }

// ArrivedPlain tells the nodes that a key was presented without TLS, so that it is recorded
// as exposed and its owner told. It does not wait.
func (e *Edge) ArrivedPlain(keyID string) { e.reporter.arrivedPlain(keyID) }

// Refused returns why the nodes do not accept the edge's key, nil while they do.
func (e *Edge) Refused() error {
	if why := e.source.up.refused.Load(); why != nil {
		return *why
	}
	return nil
}

// Verify decides the question. A refusal is a verdict. The error is errs.Invalid for a
// question that makes no sense, and errs.Unavailable if the key is not known here and
// no node answers, or if the edge's own key is no longer accepted. Callers must deny
// access on an error.
func (e *Edge) Verify(ctx context.Context, q client.Question) (client.Verdict, error) {
	asked, err := question(&q)
	if err != nil {
		return client.Verdict{}, err
	}
	v, err := e.verifier.Verify(ctx, &asked)
	if errors.Is(err, errs.NotFound) { // the node, which charges the limits, no longer knows the key
		asked.Fresh = true
		v, err = e.verifier.Verify(ctx, &asked)
	}
	if err != nil {
		return client.Verdict{}, e.undecided(err)
	}
	return answerTo(v), nil
}

// undecided says why the edge could not decide. It is temporary if a node may answer
// again; it is not if the edge's own key is no longer accepted, nor if a node did answer:
// middleware that fails open would let in who brings that about by too many questions.
func (e *Edge) undecided(err error) error {
	answered := errors.Is(err, errs.Limited) || errors.Is(err, errs.Invalid) || errors.Is(err, errs.NotFound)
	if answered || !errors.Is(err, errs.Unavailable) {
		return err
	}
	if refused := e.Refused(); refused != nil {
		return errors.Join(err, refused)
	}
	return temporary{err}
}

// temporary tells middleware that a retry may succeed.
type temporary struct{ error }

// Unwrap returns the cause.
func (t temporary) Unwrap() error { return t.error }

// Temporary reports true.
func (temporary) Temporary() bool { return true }

// answer is a decision and all that it points to, in one piece of memory.
type answer struct {
	verdicts.Decision
	verdict verify.Verdict
	empty   [2][2]byte // metadata without members, one for each that may lack them
}

// answerTo returns the verdict as a client reads it from POST /verify.
func answerTo(v verify.Verdict) client.Verdict {
	a := &answer{verdict: v, empty: [2][2]byte{{'{', '}'}, {'{', '}'}}}
	a.Set(&a.verdict)
	if a.ServiceAccount != nil {
		if a.Metadata == nil {
			a.Metadata = a.empty[0][:]
		}
		if a.ServiceAccount.Metadata == nil {
			a.ServiceAccount.Metadata = a.empty[1][:]
		}
	}
	retryAfter := time.Duration(0)
	if v.HasLimits && !v.Limits.Allowed {
		retryAfter = v.Limits.RetryAfter
	}
	return client.NewVerdict(a.VerifyResponse, retryAfter, a)
}

// LimitHeaders implements client.LimitHeaders. Unlike on the wire, the names are in Go's
// canonical form, so that Get finds them.
func (a *answer) LimitHeaders() http.Header {
	written, h := http.Header{}, http.Header{}
	verdicts.WriteLimits(written, &a.verdict)
	for name, values := range written {
		h[http.CanonicalHeaderKey(name)] = values
	}
	return h
}

// question reads a question as POST /verify does.
func question(q *client.Question) (verify.Question, error) {
	var f errs.Faults
	cost, given := q.Cost.Get()
	if !given {
		cost = 1
	}
	f.Check(verify.ValidCost(cost), "cost", "cost_out_of_range")
	verify.CheckScopes(q.Scopes, "scopes", f.Add)
	return verify.Question{
		Key: q.Key, Scopes: q.Scopes, Cost: cost, Address: q.Address, UserAgent: q.UserAgent, DryRun: q.DryRun, Fresh: q.Fresh,
	}, f.Err()
}
