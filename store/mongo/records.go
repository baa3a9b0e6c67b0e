package mongo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// Stamp is what every document has; it is exported only for the encoder. Times are UTC
// in milliseconds.
type Stamp struct {
	Revision  int64     `bson:"revision"`
	CreatedAt time.Time `bson:"created_at"`
	UpdatedAt time.Time `bson:"updated_at"`
}

func stampOf(s *keys.Stamp) Stamp { return Stamp{s.Revision, s.CreatedAt, s.UpdatedAt} }

func (s *Stamp) domain() keys.Stamp {
	return keys.Stamp{Revision: s.Revision, CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC()}
}

// A time that never comes is stored as null.

func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func timeIn(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func networksOf(networks []netip.Prefix) []string {
	if networks == nil {
		return nil
	}
	texts := make([]string, len(networks))
	for i, n := range networks {
		texts[i] = n.String()
	}
	return texts
}

func networksIn(texts []string) ([]netip.Prefix, error) {
	if texts == nil {
		return nil, nil
	}
	networks := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		n, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("a stored network: %w", err)
		}
		networks[i] = n
	}
	return networks, nil
}

// rule and quota are stored as documents with fields.
type rule struct {
	Requests int64         `bson:"requests"`
	Per      time.Duration `bson:"per"` // nanoseconds
	Burst    int64         `bson:"burst"`
}

type quota struct {
	Requests int64  `bson:"requests"`
	Per      string `bson:"per"`
}

func ruleOf(r *ratelimit.Rule) *rule {
	if r == nil {
		return nil
	}
	return &rule{r.Requests, r.Per, r.Burst}
}

func (r *rule) domain() *ratelimit.Rule {
	if r == nil {
		return nil
	}
	return &ratelimit.Rule{Requests: r.Requests, Per: r.Per, Burst: r.Burst}
}

func quotaOf(q *ratelimit.Quota) *quota {
	if q == nil {
		return nil
	}
	return &quota{q.Requests, string(q.Per)}
}

func (q *quota) domain() *ratelimit.Quota {
	if q == nil {
		return nil
	}
	return &ratelimit.Quota{Requests: q.Requests, Per: ratelimit.Period(q.Per)}
}

// Metadata is stored as text: its names may have a special meaning in documents.

func rawIn(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

type organization struct {
	ID       string `bson:"_id"`
	Stamp    `bson:",inline"`
	Name     string `bson:"name"`
	Disabled bool   `bson:"disabled"`
	Metadata string `bson:"metadata"`
	Search   string `bson:"search"`
}

// Organizations returns the collection of organizations.
func (s *objects) Organizations() keys.Collection[keys.Organization, keys.OrganizationFilter] {
	return &collection[keys.Organization, keys.OrganizationFilter, organization]{
		store: s.engine, name: "organizations", descending: true,
		identify: func(o *keys.Organization) (string, int64) { return o.ID, o.Revision },
		encode: func(o *keys.Organization) organization {
			return organization{o.ID, stampOf(&o.Stamp), o.Name, o.Disabled, string(o.Metadata), o.SearchText()}
		},
		decode: func(d *organization) (keys.Organization, error) {
			return keys.Organization{Stamp: d.domain(), ID: d.ID, OrganizationFields: keys.OrganizationFields{
				Name: d.Name, Disabled: d.Disabled,
				Metadata: rawIn(d.Metadata),
			}}, nil
		},
		where: func(f keys.OrganizationFilter) bson.D {
			return containing(oneOf(bson.D{}, "_id", f.IDs), f.Text)
		},
		tombstone: func(o *keys.Organization) tombstone { return tombstone{ID: o.ID} },
	}
}

type account struct {
	ID              string `bson:"_id"`
	Stamp           `bson:",inline"`
	OrganizationID  string    `bson:"organization_id"`
	CreatedBy       string    `bson:"created_by"`
	Name            string    `bson:"name"`
	Description     string    `bson:"description"`
	Tier            string    `bson:"tier"`
	Scopes          []string  `bson:"scopes"`
	AllowedNetworks []string  `bson:"allowed_networks"`
	RateLimit       *rule     `bson:"rate_limit"`
	Quota           *quota    `bson:"quota"`
	ExternalID      string    `bson:"external_id"`
	Metadata        string    `bson:"metadata"`
	Disabled        bool      `bson:"disabled"`
	Search          string    `bson:"search"`
	Override        *override `bson:"override"`
	Move            *move     `bson:"move"`
	OwnerID         string    `bson:"owner_id"`
	LimitResets     int64     `bson:"limit_resets"`
}

// move is the last transfer of an account.
type move struct {
	From    string    `bson:"from"`
	At      time.Time `bson:"at"`
	Kind    string    `bson:"kind"`
	ID      string    `bson:"id"`
	Name    string    `bson:"name"`
	KeyID   string    `bson:"key_id"`
	OwnerID string    `bson:"owner_id"`
}

func moveOf(m *keys.Move) *move {
	if m == nil {
		return nil
	}
	return &move{m.From, m.At, m.By.Kind, m.By.ID, m.By.Name, m.By.KeyID, m.OwnerID}
}

func (m *move) domain() *keys.Move {
	if m == nil {
		return nil
	}
	return &keys.Move{
		From: m.From, OwnerID: m.OwnerID, At: m.At.UTC(), By: audit.Subject{Kind: m.Kind, ID: m.ID, Name: m.Name, KeyID: m.KeyID},
	}
}

func accountOf(a *keys.ServiceAccount) account {
	return account{
		ID: a.ID, Stamp: stampOf(&a.Stamp), OrganizationID: a.OrganizationID, CreatedBy: a.CreatedBy, Name: a.Name, Description: a.Description,
		Tier: a.Tier, Scopes: a.Scopes, AllowedNetworks: networksOf(a.AllowedNetworks), RateLimit: ruleOf(a.RateLimit), Quota: quotaOf(a.Quota),
		ExternalID: a.ExternalID, Metadata: string(a.Metadata), Disabled: a.Disabled, Search: a.SearchText(), Override: overrideOf(a.Override),
		Move: moveOf(a.Move), OwnerID: a.OwnerID, LimitResets: a.LimitResets,
	}
}

func accountIn(d *account) (keys.ServiceAccount, error) {
	networks, err := networksIn(d.AllowedNetworks)
	return keys.ServiceAccount{
		Stamp: d.domain(), ID: d.ID, OrganizationID: d.OrganizationID, CreatedBy: d.CreatedBy, Override: d.Override.domain(),
		Move: d.Move.domain(), LimitResets: d.LimitResets,
		AccountFields: keys.AccountFields{
			Name: d.Name, Description: d.Description, Tier: d.Tier, Scopes: d.Scopes, AllowedNetworks: networks, RateLimit: d.RateLimit.domain(),
			Quota: d.Quota.domain(), ExternalID: d.ExternalID, OwnerID: d.OwnerID, Metadata: rawIn(d.Metadata), Disabled: d.Disabled,
		},
	}, err
}

// ServiceAccounts returns the collection of service accounts.
func (s *objects) ServiceAccounts() keys.Collection[keys.ServiceAccount, keys.AccountFilter] {
	return &collection[keys.ServiceAccount, keys.AccountFilter, account]{
		store: s.engine, name: "service_accounts", descending: true,
		identify: func(a *keys.ServiceAccount) (string, int64) { return a.ID, a.Revision },
		encode:   accountOf, decode: accountIn,
		where: func(f keys.AccountFilter) bson.D {
			d := equal(oneOf(bson.D{}, "organization_id", f.OrganizationIDs), "tier", f.Tier)
			if f.Moving {
				d = append(d, bson.E{Key: "move.from", Value: bson.D{{Key: "$gt", Value: ""}}})
			}
			if f.Ownerless {
				d = append(d, bson.E{Key: "owner_id", Value: bson.D{{Key: "$in", Value: bson.A{"", nil}}}})
			}
			return containing(equal(equal(d, "owner_id", f.OwnerID), "external_id", f.ExternalID), f.Text)
		},
		tombstone: func(a *keys.ServiceAccount) tombstone { return tombstone{ID: a.ID} },
	}
}

type tier struct {
	ID               string `bson:"_id"`
	Stamp            `bson:",inline"`
	Title            string        `bson:"title"`
	RateLimit        *rule         `bson:"rate_limit"`
	AccountRateLimit *rule         `bson:"account_rate_limit"`
	Quota            *quota        `bson:"quota"`
	MaxKeys          int           `bson:"max_keys"`
	MaxKeyAge        time.Duration `bson:"max_key_age"` // nanoseconds
	KeyRetention     time.Duration `bson:"key_retention"`
	LeakPolicy       string        `bson:"leak_policy"` // absent in documents of earlier versions
}

// Tiers returns the collection of tiers.
func (s *objects) Tiers() keys.Collection[keys.Tier, keys.NoFilter] {
	return &collection[keys.Tier, keys.NoFilter, tier]{
		store: s.engine, name: "tiers",
		identify: func(t *keys.Tier) (string, int64) { return t.Name, t.Revision },
		encode: func(t *keys.Tier) tier {
			return tier{
				t.Name, stampOf(&t.Stamp), t.Title, ruleOf(t.RateLimit), ruleOf(t.AccountRateLimit), quotaOf(t.Quota), t.MaxKeys,
				t.MaxKeyAge, t.KeyRetention, string(t.LeakPolicy),
			}
		},
		decode: func(d *tier) (keys.Tier, error) {
			return keys.Tier{Stamp: d.domain(), Name: d.ID, TierFields: keys.TierFields{
				Title: d.Title, RateLimit: d.RateLimit.domain(), AccountRateLimit: d.AccountRateLimit.domain(), Quota: d.Quota.domain(),
				MaxKeys: d.MaxKeys, MaxKeyAge: d.MaxKeyAge, KeyRetention: d.KeyRetention,
				LeakPolicy: keys.LeakPolicy(d.LeakPolicy),
			}}, nil
		},
		where:     func(keys.NoFilter) bson.D { return bson.D{} },
		tombstone: func(t *keys.Tier) tombstone { return tombstone{ID: t.Name} },
	}
}

type scope struct {
	ID           string `bson:"_id"`
	Stamp        `bson:",inline"`
	Description  string     `bson:"description"`
	RetiredAt    *time.Time `bson:"retired_at"`
	RenamedTo    string     `bson:"renamed_to"`
	RenamedUntil *time.Time `bson:"renamed_until"`
	RenameOpen   bool       `bson:"rename_open"`
}

// Scopes returns the catalogue of scopes.
func (s *objects) Scopes() keys.Collection[keys.Scope, keys.NoFilter] {
	return &collection[keys.Scope, keys.NoFilter, scope]{
		store: s.engine, name: "scopes",
		identify: func(c *keys.Scope) (string, int64) { return c.Name, c.Revision },
		encode: func(c *keys.Scope) scope {
			return scope{c.Name, stampOf(&c.Stamp), c.Description, timeOf(c.RetiredAt), c.RenamedTo, timeOf(c.RenamedUntil), c.RenameOpen}
		},
		decode: func(d *scope) (keys.Scope, error) {
			return keys.Scope{
				Stamp: d.domain(), Name: d.ID, ScopeFields: keys.ScopeFields{Description: d.Description},
				RetiredAt: timeIn(d.RetiredAt), RenamedTo: d.RenamedTo, RenamedUntil: timeIn(d.RenamedUntil), RenameOpen: d.RenameOpen,
			}, nil
		},
		where: func(keys.NoFilter) bson.D { return bson.D{} },
	}
}

type key struct {
	ID               string `bson:"_id"`
	Stamp            `bson:",inline"`
	OrganizationID   string     `bson:"organization_id"`
	ServiceAccountID string     `bson:"service_account_id"`
	Environment      string     `bson:"environment"`
	Hash             []byte     `bson:"hash"`
	HashAlgorithm    string     `bson:"hash_algorithm"`
	Start            string     `bson:"start"`
	Last4            string     `bson:"last4"`
	RevokedAt        *time.Time `bson:"revoked_at"`
	RevokeReason     string     `bson:"revoke_reason"`
	RevokeNote       string     `bson:"revoke_note"`
	RotatedFrom      string     `bson:"rotated_from"`
	RotatedTo        string     `bson:"rotated_to"`
	GraceUntil       *time.Time `bson:"grace_until"`
	LastUsedAt       *time.Time `bson:"last_used_at"`
	LastUsedIP       string     `bson:"last_used_ip"`
	LastUsedAgent    string     `bson:"last_used_agent"`
	CreatedBy        string     `bson:"created_by"`
	Name             string     `bson:"name"`
	Note             string     `bson:"note"`
	Scopes           []string   `bson:"scopes"`
	AllowedNetworks  []string   `bson:"allowed_networks"`
	RateLimit        *rule      `bson:"rate_limit"`
	ExpiresAt        *time.Time `bson:"expires_at"`
	NotBefore        *time.Time `bson:"not_before"`
	Metadata         string     `bson:"metadata"`
	Disabled         bool       `bson:"disabled"`
	EndsAt           *time.Time `bson:"ends_at"`
	Search           string     `bson:"search"`
	LimitResets      int64      `bson:"limit_resets"`
	Digest           string     `bson:"digest"`
	ImportID         string     `bson:"import_id"`
}

func keyOf(k *keys.Key) key {
	return key{
		ID: k.ID, Stamp: stampOf(&k.Stamp), OrganizationID: k.OrganizationID, ServiceAccountID: k.ServiceAccountID,
		Environment: string(k.Environment),
		Hash:        k.Hash[:], HashAlgorithm: string(k.HashAlgorithm), Start: k.Start, Last4: k.Last4, RevokedAt: timeOf(k.RevokedAt),
		RevokeReason: string(k.RevokeReason),
		RevokeNote:   k.RevokeNote, RotatedFrom: k.RotatedFrom, RotatedTo: k.RotatedTo, GraceUntil: timeOf(k.GraceUntil),
		LastUsedAt: timeOf(k.LastUsedAt), LastUsedIP: k.LastUsedIP, LastUsedAgent: k.LastUsedAgent,
		CreatedBy: k.CreatedBy, Name: k.Name, Note: k.Note, Scopes: k.Scopes, AllowedNetworks: networksOf(k.AllowedNetworks),
		RateLimit: ruleOf(k.RateLimit),
		ExpiresAt: timeOf(k.ExpiresAt), NotBefore: timeOf(k.NotBefore), Metadata: string(k.Metadata), Disabled: k.Disabled,
		EndsAt: timeOf(k.EndsAt()), Search: k.SearchText(), LimitResets: k.LimitResets,
		Digest: string(k.Digest), ImportID: k.ImportID,
	}
}

func keyIn(d *key) (keys.Key, error) {
	networks, err := networksIn(d.AllowedNetworks)
	if err == nil && len(d.Hash) != len(keys.Hash{}) {
		err = fmt.Errorf("the stored digest of key %s has a wrong length", d.ID)
	}
	k := keys.Key{
		Stamp: d.domain(), ID: d.ID, OrganizationID: d.OrganizationID, ServiceAccountID: d.ServiceAccountID,
		Environment:   keys.Environment(d.Environment),
		HashAlgorithm: keys.HashAlgorithm(d.HashAlgorithm), Start: d.Start, Last4: d.Last4, RevokedAt: timeIn(d.RevokedAt),
		RevokeReason: keys.RevokeReason(d.RevokeReason),
		RevokeNote:   d.RevokeNote, RotatedFrom: d.RotatedFrom, RotatedTo: d.RotatedTo, GraceUntil: timeIn(d.GraceUntil),
		LastUsedAt: timeIn(d.LastUsedAt), LastUsedIP: d.LastUsedIP, LastUsedAgent: d.LastUsedAgent, CreatedBy: d.CreatedBy,
		LimitResets: d.LimitResets, Digest: keys.Digest(d.Digest), ImportID: d.ImportID,
		KeyFields: keys.KeyFields{
			Name: d.Name, Note: d.Note, Scopes: d.Scopes, AllowedNetworks: networks, RateLimit: d.RateLimit.domain(),
			ExpiresAt: timeIn(d.ExpiresAt), NotBefore: timeIn(d.NotBefore), Metadata: rawIn(d.Metadata), Disabled: d.Disabled,
		},
	}
	copy(k.Hash[:], d.Hash)
	return k, err
}

type keyCollection struct {
	*collection[keys.Key, keys.KeyFilter, key]
}

// Keys returns the collection of keys.
func (s *objects) Keys() keys.KeyCollection {
	return keyCollection{&collection[keys.Key, keys.KeyFilter, key]{
		store: s.engine, name: "keys", descending: true,
		identify: func(k *keys.Key) (string, int64) { return k.ID, k.Revision },
		shard:    func(k *keys.Key) bson.E { return bson.E{Key: "hash", Value: k.Hash[:]} },
		encode:   keyOf, decode: keyIn, where: whereKeys, untouched: []string{"last_used_at", "last_used_ip", "last_used_agent"},
		tombstone: func(k *keys.Key) tombstone { return tombstone{ID: k.ID, Hash: k.Hash[:]} },
	}}
}

func whereKeys(f keys.KeyFilter) bson.D {
	d := equal(bson.D{}, "service_account_id", f.ServiceAccountID)
	d = containing(equal(oneOf(d, "organization_id", f.OrganizationIDs), "environment", string(f.Environment)), f.Text)
	if f.Revoked != nil && *f.Revoked {
		d = append(d, bson.E{Key: "revoked_at", Value: bson.D{{Key: "$ne", Value: nil}}})
	}
	if f.Revoked != nil && !*f.Revoked {
		d = append(d, bson.E{Key: "revoked_at", Value: nil})
	}
	if f.Disabled != nil {
		d = append(d, bson.E{Key: "disabled", Value: *f.Disabled})
	}
	ends := bson.D{}
	if !f.EndsBy.IsZero() {
		ends = append(ends, bson.E{Key: "$lte", Value: f.EndsBy})
	}
	switch {
	case !f.EndsBy.IsZero() && !f.EndsAfter.IsZero():
		ends = append(ends, bson.E{Key: "$gt", Value: f.EndsAfter})
	case !f.EndsAfter.IsZero():
		d = append(d, neverOr("ends_at", "$gt", f.EndsAfter))
	}
	if len(ends) > 0 {
		d = append(d, bson.E{Key: "ends_at", Value: ends})
	}
	if !f.StartsBy.IsZero() {
		d = append(d, bson.E{Key: "$nor", Value: bson.A{bson.D{{Key: "not_before", Value: bson.D{{Key: "$gt", Value: f.StartsBy}}}}}})
	}
	if !f.StartsAfter.IsZero() {
		d = append(d, bson.E{Key: "not_before", Value: bson.D{{Key: "$gt", Value: f.StartsAfter}}})
	}
	return whereMore(d, f)
}

func whereMore(d bson.D, f keys.KeyFilter) bson.D {
	switch {
	case f.Rotated == nil:
	case *f.Rotated:
		d = append(d, bson.E{Key: "rotated_to", Value: bson.D{{Key: "$gt", Value: ""}}})
	default:
		d = append(d, bson.E{Key: "rotated_to", Value: ""})
	}
	d = equal(equal(d, "last4", f.Last4), "created_by", f.CreatedBy)
	d = equal(d, "import_id", f.ImportID)
	if f.Imported {
		d = also(d, "import_id", bson.D{{Key: "$gt", Value: ""}})
	}
	d = whereNeglected(oneOf(d, "start", f.Starts), f)
	d = oneOf(d, "service_account_id", f.ServiceAccountIDs)
	if len(f.ExceptAccounts) > 0 {
		d = also(d, "service_account_id", bson.D{{Key: "$nin", Value: f.ExceptAccounts}})
	}
	if f.Grants != nil {
		d = also(d, "$or", bson.A{bson.D{{Key: "scopes", Value: nil}}, bson.D{{Key: "scopes", Value: bson.D{{Key: "$in", Value: f.Grants}}}}})
	}
	d = oneOf(d, "_id", f.IDs)
	if f.Through == "" {
		return d
	}
	if f.Order == keys.Newest {
		return also(d, "_id", bson.D{{Key: "$gte", Value: f.Through}})
	}
	at, id := keys.ParseCursor(f.Through)
	moment := time.UnixMilli(at).UTC()
	return also(d, "$or", bson.A{
		bson.D{{Key: "ends_at", Value: bson.D{{Key: "$lt", Value: moment}}}},
		bson.D{{Key: "ends_at", Value: moment}, {Key: "_id", Value: bson.D{{Key: "$lte", Value: id}}}},
	})
}

// whereNeglected keeps keys that nobody looks after. Whether one was ever used is in
// another document, see keyCollection.List.
func whereNeglected(d bson.D, f keys.KeyFilter) bson.D {
	if f.Endless {
		d = also(d, "ends_at", bson.D{{Key: "$eq", Value: nil}})
	}
	if f.OwnScopes {
		d = also(d, "scopes", bson.D{{Key: "$ne", Value: nil}})
	}
	if f.Endless || f.NeverUsed || f.OwnScopes {
		d = also(d, "revoked_at", bson.D{{Key: "$eq", Value: nil}})
	}
	return d
}

// neverOr keeps documents whose time is null or satisfies the comparison.
func neverOr(field, operator string, t time.Time) bson.E {
	return bson.E{Key: "$or", Value: bson.A{bson.D{{Key: field, Value: nil}}, bson.D{{Key: field, Value: bson.D{{Key: operator, Value: t}}}}}}
}

// ByHash returns the key with the digest, without its last use, so that verification
// reads one document.
func (c keyCollection) ByHash(ctx context.Context, hash keys.Hash) (keys.Key, error) {
	return c.one(ctx, "hash", hash[:])
}

// Rehash replaces the key and its digest, which may move it to another shard.
func (c keyCollection) Rehash(ctx context.Context, k keys.Key, was keys.Hash) error {
	return c.replaceWhere(ctx, append(atRevision(k.ID, k.Revision-1), bson.E{Key: "hash", Value: was[:]}), &k)
}
