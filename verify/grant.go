package verify

import (
	"net/netip"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
)

// Grant is everything a verification needs to know of a key: the key, its
// service account, organization and tier as they were at one time, and what
// follows from them. It is immutable and passed by value. A full cache holds very
// many grants, and verifications wait for the garbage collector, so a grant
// allocates nothing but its fact and has no pointers to follow elsewhere.
type Grant struct {
	*terms
	*fact
	rare *rare
}

// Known reports whether there is a key.
func (g *Grant) Known() bool { return g.terms != nil }

// KeyID returns the id of the key, which is Known, or "" if the Grant is of an
// account alone.
func (g *Grant) KeyID() string { return g.texts(0, g.idLength) }

// Name returns the name of the key, which is Known.
func (g *Grant) Name() string { return g.texts(g.idLength, g.idLength+g.nameLength) }

// terms is what keys of one account with the same scopes have in common.
type terms struct {
	Account      *keys.ServiceAccount
	Organization *keys.Organization
	Tier         *keys.Tier

	scopes  *scopeSet
	holder  usage.Holder
	limitID string // of the limits that the account's keys share
}

// fact is the part of a grant that differs for each key, and the state of the
// cached grant.
type fact struct {
	hash       keys.Hash
	marks      marks         // read before the store was read
	loaded     time.Duration // time since the cache was created
	touched    atomic.Int64  // Unix seconds of the last recorded use
	endsAt     int64         // Unix milliseconds, 0: never
	refreshing atomic.Bool
	test       bool // whether its environment is test
	disabled   bool
	token      bool // endsAt belongs to a signed token, not the key
	tokenEnded bool // the signed token was revoked
	counter    usage.Counter

	idLength, nameLength uint16
	text                 [factText]byte // id and name, unless they are in rare
}

// factText has room for an id and a name of 28 bytes, and lets a fact fill a size class
// of the allocator, factSize.
const (
	factText = 64
	factSize = 256
)

// texts returns part of the key's id and name. Nobody writes to a fact's text
// once its grant exists, so strings may point into it.
func (g *Grant) texts(from, to uint16) string {
	if g.rare.texts != "" {
		return g.rare.texts[from:to]
	}
	return unsafe.String(&g.text[0], factText)[from:to] //nolint:gosec // G103: see above
}

// call stores the key's id and name, and returns them if they do not fit.
func (f *fact) call(id, name string) (elsewhere string) {
	f.idLength, f.nameLength = uint16(len(id)), uint16(len(name)) //nolint:gosec // G115: ids and names are short
	if len(id)+len(name) > factText {
		return id + name
	}
	copy(f.text[copy(f.text[:], id):], name)
	return ""
}

// rare holds what few keys have.
type rare struct {
	rotatedTo  string
	revokedAt  time.Time
	graceUntil time.Time
	notBefore  time.Time
	networks   []netip.Prefix // of the key; the account has its own
	metadata   keys.Metadata
	resets     int64 // number of resets of its limit
	rateLimit  *ratelimit.Rule
	token      *AccessToken // the token that represents the key
	proven     *proven      // how a key that is stored with another digest was found
	texts      string       // id and name, if they do not fit in fact
	limitID    string       // of its bucket, if it is not the key's
}

// nothingRare is the value that most keys share.
var nothingRare = &rare{}

func rareOf(k *keys.Key) *rare {
	if k.RotatedTo == "" && k.RevokedAt.IsZero() && k.GraceUntil.IsZero() && k.NotBefore.IsZero() &&
		len(k.AllowedNetworks) == 0 && len(k.Metadata) == 0 && k.RateLimit == nil && k.LimitResets == 0 {
		return nothingRare
	}
	return &rare{
		rotatedTo: k.RotatedTo, revokedAt: k.RevokedAt, graceUntil: k.GraceUntil, notBefore: k.NotBefore,
		networks: k.AllowedNetworks, metadata: k.Metadata, rateLimit: k.RateLimit, resets: k.LimitResets,
	}
}

// of returns what is rare about the key: what else it was found by, long texts, a
// limit that was reset.
func (r *rare) of(by credential, texts, limitID string) *rare {
	if by.token == nil && by.proven == nil && texts == "" && limitID == "" {
		return r
	}
	made := *r
	made.token, made.proven, made.texts, made.limitID = by.token, by.proven, texts, limitID
	return &made
}

// scopeSet is a list of scopes with its text; many grants share one.
type scopeSet struct {
	list []string
	text string // separated by spaces
}

// newGrant assembles a grant. It completes fact and keeps it.
func newGrant(k *keys.Key, by credential, shared *terms, own *fact) Grant {
	t := by.token
	own.test, own.disabled = k.Environment == keys.Test, k.Disabled
	if end := k.EndsAt(); !end.IsZero() {
		own.endsAt = end.UnixMilli()
	}
	if t != nil && (own.endsAt == 0 || t.ExpiresAt.UnixMilli() < own.endsAt) {
		own.endsAt, own.token = t.ExpiresAt.UnixMilli(), true
	}
	return Grant{terms: shared, fact: own, rare: rareOf(k).of(by, own.call(k.ID, k.Name), k.LimitID(shared.Account))}
}

// Environment returns the key's environment.
func (g *Grant) Environment() keys.Environment {
	if g.test {
		return keys.Test
	}
	return keys.Live
}

// EndsAt returns when the key, or the signed token that represents it, ends by
// itself: see Key.EndsAt.
func (g *Grant) EndsAt() time.Time {
	if g.endsAt == 0 {
		return time.Time{}
	}
	return time.UnixMilli(g.endsAt).UTC()
}

// Metadata returns the key's metadata.
func (g *Grant) Metadata() keys.Metadata { return g.rare.metadata }

// Scopes returns what the key may do.
func (g *Grant) Scopes() []string { return g.scopes.list }

// ScopeList returns the scopes separated by spaces.
func (g *Grant) ScopeList() string { return g.scopes.text }

// KeyRule returns the token bucket of the key alone at the time now: its own,
// limited by what its tier allows at that time.
func (g *Grant) KeyRule(now time.Time) ratelimit.Rule {
	most := g.Account.KeyRuleAt(g.Tier, now)
	if own := g.rare.rateLimit; own != nil {
		return own.Within(most)
	}
	return most
}

// AccountRule returns the token bucket that all keys of the account share at the
// time now, or zero if there is no limit.
func (g *Grant) AccountRule(now time.Time) ratelimit.Rule { return g.Account.RuleAt(g.Tier, now) }

// Limits returns what a verification of that cost at that time is charged to.
func (g *Grant) Limits(cost int64, dry bool, now time.Time) ratelimit.Request {
	return g.limits(&Question{Cost: cost, DryRun: dry}, now)
}

func (g *Grant) limits(q *Question, now time.Time) ratelimit.Request {
	id := g.rare.limitID
	if id == "" {
		id = g.KeyID()
	}
	return ratelimit.Request{
		Group:   g.Account.ID,
		Key:     ratelimit.Bucket{ID: id, Rule: g.KeyRule(now)},
		Account: ratelimit.Bucket{ID: g.limitID, Rule: g.AccountRule(now)},
		Quota:   ratelimit.QuotaCharge{ID: g.limitID, Quota: g.Account.QuotaAt(g.Tier, now)},
		Cost:    q.Cost, DryRun: q.DryRun,
		Digest: (*[32]byte)(&g.hash),
	}
}

// Bounds returns how far the key or token reaches. A grant that a certificate
// represents is bound by its account's networks alone.
func (g *Grant) Bounds() keys.Bounds {
	b := keys.Bounds{EndsAt: g.EndsAt(), Networks: keys.Intersect(g.Account.AllowedNetworks, g.rare.networks), RateLimit: g.rare.rateLimit}
	if g.KeyID() != "" {
		b.Environment = g.Environment()
	}
	return b
}
