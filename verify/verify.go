// Package verify decides whether a key may do something now. It contains the
// question, the ordered checks, the cache of grants that makes them fast, and the
// polls that learn of changes. It depends on keys, limits, usage and nodes, but on
// no transport.
package verify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/elapsed"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
)

// Config is what a Verifier needs.
type Config struct {
	Store   keys.Store // or Source, which cannot read signed tokens or holders
	Source  Source
	Limiter ratelimit.Limiter
	Marks   *keys.Marks // shared with the Service
	Format  keys.Format
	Nodes   *nodes.Registry // nil: other nodes need not know of this one
	Tokens  TokenReader     // nil: signed tokens are malformed keys
	// Elsewhere decides what this process cannot; nil: nothing does.
	Elsewhere Elsewhere
	Logger    *slog.Logger
	Now       func() time.Time // time.Now if nil
	// Elapsed returns the time that has passed, including time in which the
	// machine slept; elapsed.Now if nil.
	Elapsed func() time.Duration

	CacheSize    int            // most grants cached, DefaultCacheSize if 0
	MaxStale     time.Duration  // how long grants are served after the last poll, DefaultMaxStale if 0
	GuessLimit   ratelimit.Rule // distinct unknown keys per client address, none if zero
	StoreTimeout time.Duration  // limit for one load, 2 s if 0
	PollEvery    time.Duration  // time between the starts of polls, a quarter of keys.PollBound if 0
	NoPolls      bool           // nothing is verified here, as in a command: changes of other nodes are not read
	LastUsed     func(keyID string, u usage.Use)
	Meter        *usage.Meter // nil: nothing is counted
}

// Defaults of Config.
const (
	DefaultCacheSize = 100_000
	DefaultMaxStale  = 5 * time.Minute
)

// Verifier answers whether a key may do something now. Everything it needs is in
// memory, except for keys that it has not seen lately.
type Verifier struct {
	format    keys.Format
	limiter   ratelimit.Limiter
	tokens    TokenReader
	elsewhere Elsewhere
	grants    *cache
	now       func() time.Time
	guesses   *guesses
	lastUsed  func(keyID string, u usage.Use)
	meter     *usage.Meter
}

// New returns a Verifier and starts to poll the store for changes by other nodes.
// Close ends the polling.
func New(c Config) (*Verifier, error) {
	if (c.Store == nil) == (c.Source == nil) || c.Limiter == nil || c.Marks == nil || c.Format.IsZero() || c.Logger == nil {
		return nil, errors.New("verify: either Store or Source, and Limiter, Marks, Format and Logger are required")
	}
	if c.Store != nil {
		c.Source = storeSource{c.Store}
	} else if c.Tokens != nil {
		return nil, errors.New("verify: Tokens need a Store")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Elapsed == nil {
		c.Elapsed = elapsed.Now
	}
	if c.LastUsed == nil {
		c.LastUsed = func(string, usage.Use) {}
	}
	unknown, err := newGuesses(c.GuessLimit, c.Limiter)
	if err != nil {
		return nil, err
	}
	grants, err := newCache(c)
	if err != nil {
		return nil, err
	}
	return &Verifier{
		format: c.Format, limiter: c.Limiter, tokens: c.Tokens, elsewhere: c.Elsewhere, grants: grants, now: c.Now,
		guesses: unknown, lastUsed: c.LastUsed, meter: c.Meter,
	}, nil
}

// Close stops the background work of the Verifier.
func (v *Verifier) Close() { v.grants.close() }

// Verify decides the question. An error means that it could not be decided,
// through no fault of the key: errs.Unavailable if the store is unavailable and
// nothing fresh enough is cached.
func (v *Verifier) Verify(ctx context.Context, q *Question) (Verdict, error) {
	switch {
	case q.Key == "":
		return v.unknown(q, Missing, "no_key_sent", "send_key"), nil
	case q.Several:
		return v.unknown(q, Malformed, "several_keys", "send_one_key"), nil
	}
	q.Address = q.Address.Unmap()
	now, hash := v.now(), keys.HashOf(q.Key)
	// The text of a key whose grant is cached needs no check.
	if g, cached := v.grants.ready(hash, q.Fresh, now); cached && g.Known() && v.visible(q, &g) {
		v.grants.counters.hit(&g)
		return v.decide(ctx, q, &g, now)
	}
	return v.verifyUncached(ctx, q, hash, now)
}

// verifyUncached decides a question whose key may have to be looked up, or may not
// even be one.
func (v *Verifier) verifyUncached(ctx context.Context, q *Question, hash keys.Hash, now time.Time) (Verdict, error) {
	signed := false
	if err := v.format.Check(q.Key); err != nil {
		if v.elsewhere != nil && v.elsewhere.Looks(q.Key) {
			return v.askElsewhere(ctx, q)
		}
		if signed = v.tokens != nil && v.tokens.Looks(q.Key); !signed {
			return v.unknown(q, Malformed, "key_shape", "copy_whole_key"), nil
		}
	}
	if verdict, refused, err := v.exhausted(ctx, q, hash, now); refused || err != nil {
		return verdict, err
	}
	from := credential{hash: hash, foreign: v.presented(q.Key)}
	found, throttled, err := v.find(ctx, q, from, signed, now)
	switch {
	case errors.Is(err, keys.ErrMalformed):
		return v.unknown(q, Malformed, "token_not_ours", "get_token"), nil
	case errors.Is(err, ErrTokenExpired):
		return v.unknown(q, Expired, "token_is_expired", "get_token"), nil
	case errors.Is(err, ErrElsewhere) && v.elsewhere != nil:
		return v.askElsewhere(ctx, q)
	case err != nil:
		return Verdict{}, fmt.Errorf("verify: %w", err)
	}
	if throttled.Refused != ratelimit.PartNone {
		verdict := v.unknown(q, RateLimited, "too_many_unknown", "wait_known")
		verdict.Limits, verdict.HasLimits = throttled, true
		return verdict, nil
	}
	if !found.Known() {
		return v.unknown(q, NotFound, "no_key", "use_known_key"), nil
	}
	return v.decide(ctx, q, &found, now)
}

// find returns the grant of the key, which is not Known if the caller may see none.
// A caller who asked for too many unknown keys must wait before anything is looked
// up.
func (v *Verifier) find(ctx context.Context, q *Question, from credential, signed bool, now time.Time) (Grant, ratelimit.Decision, error) {
	g, cached := v.grants.peek(ctx, from.hash, q.Fresh, now)
	cached = cached && from.answeredBy(&g)
	if !cached || !g.Known() {
		if d, err := v.guesses.may(ctx, q, from.hash); err != nil || !d.Allowed {
			return Grant{}, d, err
		}
	}
	if !cached {
		var err error
		v.grants.counters.misses.Add(1)
		if signed {
			if from.token, err = v.readToken(ctx, q, from.hash); err != nil {
				return Grant{}, ratelimit.Decision{}, err
			}
		}
		if g, err = v.grants.load(ctx, from, q.Fresh, now); err != nil {
			return Grant{}, ratelimit.Decision{}, err
		}
	} else {
		v.grants.counters.hit(&g)
	}
	if g.Known() && v.visible(q, &g) {
		return g, ratelimit.Decision{}, nil
	}
	if v.elsewhere != nil && from.foreign != nil {
		return Grant{}, ratelimit.Decision{}, ErrElsewhere // which has its digest, and charges a guess
	}
	return Grant{}, ratelimit.Decision{}, v.guesses.charge(ctx, q, from.hash)
}

// visible reports whether the asker may see the grant.
func (v *Verifier) visible(q *Question, g *Grant) bool {
	if q.Asker == nil {
		return true
	}
	needed := keys.VerifyKeys
	if q.feeds {
		needed = keys.EdgeKeys
	}
	return q.Asker.May(needed, g.Account.OrganizationID)
}

func (v *Verifier) decide(ctx context.Context, q *Question, g *Grant, now time.Time) (Verdict, error) {
	if q.DryRun {
		return v.explain(ctx, q, g, now)
	}
	verdict := Verdict{Code: Valid, Grant: *g, At: now}
	for _, c := range checks {
		if no := c.refuse(g, q, now); no != nil {
			verdict.Code, verdict.Detail = c.code, no.detail
			if c.code == InsufficientScope {
				verdict.Missing = g.missing(q.Scopes)
			}
			v.refused(q, &verdict, now)
			return verdict, nil
		}
	}
	if !q.Unmetered {
		if err := v.charge(ctx, q, &verdict); err != nil {
			return Verdict{}, err
		}
	}
	if verdict.Code == Valid {
		v.used(q, g, now)
	} else {
		v.refused(q, &verdict, now)
	}
	return verdict, nil
}

// charge asks the limiter. A refusal becomes the verdict.
func (v *Verifier) charge(ctx context.Context, q *Question, verdict *Verdict) error {
	d, err := v.limiter.Take(ctx, verdict.Grant.limits(q, verdict.At))
	if err != nil {
		return fmt.Errorf("charge the limits: %w", err)
	}
	verdict.Limits, verdict.HasLimits = d, true
	if d.Allowed {
		return nil
	}
	verdict.Code, verdict.Detail = refusedLimit(d)
	return nil
}

func refusedLimit(d ratelimit.Decision) (Code, errs.Text) {
	switch {
	case d.Refused == ratelimit.PartUnreachable:
		return RateLimited, errs.Say("limits_unreachable")
	case d.Refused == ratelimit.PartQuota && d.Never:
		return QuotaExceeded, errs.Say("cost_beyond_quota")
	case d.Refused == ratelimit.PartQuota:
		return QuotaExceeded, errs.Say("quota_used_up")
	case d.Never:
		return RateLimited, errs.Say("cost_beyond_burst")
	case d.Refused == ratelimit.PartAccount:
		return RateLimited, errs.Say("account_over_rate")
	default:
		return RateLimited, errs.Say("key_over_rate")
	}
}

// Shapes returns the shapes of imported keys, which must not be changed.
func (v *Verifier) Shapes() []keys.Shape { return v.format.Foreign().Shapes() }

// Brand returns the brand of the keys that are verified.
func (v *Verifier) Brand() string { return v.format.Brand() }
