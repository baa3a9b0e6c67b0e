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

// Grant is everything that a verification needs to know of a key: the key,
// its service account, organization and tier as they were at one time, and
// what follows from them. It is immutable, and passed by value: a full cache
// holds very many, and what the collector has to go through for each is what
// verifications wait for. So a grant has no memory of its own but its fact,
// where there is no pointer to follow.
type Grant struct {
	*terms
	*fact
	rare *rare
}

// Known reports whether there is a key.
func (g *Grant) Known() bool { return g.terms != nil }

// KeyID is the id of the key, which is Known; "" where a Grant is of an account
// alone.
func (g *Grant) KeyID() string { return g.texts(0, g.idLength) }

// Name is that of the key, which is Known.
func (g *Grant) Name() string { return g.texts(g.idLength, g.idLength+g.nameLength) }

// terms is what the keys of one account that may do the same have in common.
type terms struct {
	Account      *keys.ServiceAccount
	Organization *keys.Organization
	Tier         *keys.Tier

	scopes  *scopeSet
	holder  usage.Holder
	limitID string // of what the account's keys share
}

// fact is the part of a grant that differs for each key, and the state of the
// cached grant.
type fact struct {
	hash       keys.Hash
	marks      marks         // read before the store was
	loaded     time.Duration // since the cache was made
	touched    atomic.Int64  // Unix seconds of the last use passed on
	endsAt     int64         // Unix milliseconds, 0: never
	refreshing atomic.Bool
	test       bool // its environment
	disabled   bool
	token      bool // endsAt is that of a signed token, not of the key
	tokenEnded bool // the signed token was revoked
	counter    usage.Counter

	idLength, nameLength uint16
	text                 [factText]byte // id and name, unless that is rare
}

// factText has room for an id and the name of nearly every key.
const factText = 88

// texts returns a part of what the key is called. Nobody writes to a fact's
// text once there is a grant, so that strings may look at it.
func (g *Grant) texts(from, to uint16) string {
	if g.rare.texts != "" {
		return g.rare.texts[from:to]
	}
	return unsafe.String(&g.text[0], factText)[from:to] //nolint:gosec // G103: see above
}

// call notes the key's id and name, and returns them if they need another place.
func (f *fact) call(id, name string) (elsewhere string) {
	f.idLength, f.nameLength = uint16(len(id)), uint16(len(name)) //nolint:gosec // G115: ids and names are short
	if len(id)+len(name) > factText {
		return id + name
	}
	copy(f.text[copy(f.text[:], id):], name)
	return ""
}

// rare is what few keys have.
type rare struct {
	rotatedTo  string
	revokedAt  time.Time
	graceUntil time.Time
	notBefore  time.Time
	networks   []netip.Prefix // of the key; the account has its own
	metadata   keys.Metadata
	resets     int64 // how often its limit began anew
	rateLimit  *ratelimit.Rule
	token      *AccessToken // that stands for the key
	texts      string       // id and name, where they are long
	limitID    string       // of its bucket, where that is not the key's
}

// nothingRare is what most keys share.
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

// of is what is rare of the key where the token stands for it, where its texts are
// long, and where its limit was reset.
func (r *rare) of(t *AccessToken, texts, limitID string) *rare {
	if t == nil && texts == "" && limitID == "" {
		return r
	}
	made := *r
	made.token, made.texts, made.limitID = t, texts, limitID
	return &made
}

// scopeSet is a list of scopes with its text; many grants share one.
type scopeSet struct {
	list []string
	text string // separated by spaces
}

// newGrant puts a grant together. The fact, which it completes, is its own.
func newGrant(k *keys.Key, t *AccessToken, shared *terms, own *fact) Grant {
	own.test, own.disabled = k.Environment == keys.Test, k.Disabled
	if end := k.EndsAt(); !end.IsZero() {
		own.endsAt = end.UnixMilli()
	}
	if t != nil && (own.endsAt == 0 || t.ExpiresAt.UnixMilli() < own.endsAt) {
		own.endsAt, own.token = t.ExpiresAt.UnixMilli(), true
	}
	return Grant{terms: shared, fact: own, rare: rareOf(k).of(t, own.call(k.ID, k.Name), k.LimitID(shared.Account))}
}

// Environment is that of the key.
func (g *Grant) Environment() keys.Environment {
	if g.test {
		return keys.Test
	}
	return keys.Live
}

// EndsAt is when the key, or the signed token that stands for it, stops by
// itself: see Key.EndsAt.
func (g *Grant) EndsAt() time.Time {
	if g.endsAt == 0 {
		return time.Time{}
	}
	return time.UnixMilli(g.endsAt).UTC()
}

// Metadata is that of the key.
func (g *Grant) Metadata() keys.Metadata { return g.rare.metadata }

// Scopes is what the key may do.
func (g *Grant) Scopes() []string { return g.scopes.list }

// ScopeList is the same, separated by spaces.
func (g *Grant) ScopeList() string { return g.scopes.text }

// KeyRule is the token bucket that the key alone draws from at the time now: its
// own, as far as what its tier allows at that time goes.
func (g *Grant) KeyRule(now time.Time) ratelimit.Rule {
	most := g.Account.KeyRuleAt(g.Tier, now)
	if own := g.rare.rateLimit; own != nil {
		return own.Within(most)
	}
	return most
}

// AccountRule is the token bucket that all keys of the account share at the
// time now, or zero without a limit.
func (g *Grant) AccountRule(now time.Time) ratelimit.Rule { return g.Account.RuleAt(g.Tier, now) }

// Limits are what a verification of that cost at the time is charged to.
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

// Bounds is how far the key or token reaches; a grant that a certificate stands
// for is bound to its account's networks alone.
func (g *Grant) Bounds() keys.Bounds {
	b := keys.Bounds{EndsAt: g.EndsAt(), Networks: keys.Intersect(g.Account.AllowedNetworks, g.rare.networks), RateLimit: g.rare.rateLimit}
	if g.KeyID() != "" {
		b.Environment = g.Environment()
	}
	return b
}
