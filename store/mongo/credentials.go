package mongo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/keys"
)

func digestIn(b []byte) (h auth.TokenHash, err error) {
	if len(b) != len(h) {
		return h, fmt.Errorf("a digest is kept with %d bytes", len(b))
	}
	copy(h[:], b)
	return h, nil
}

// expiring adds a condition that a document expires before t, unless t is zero.
func expiring(d bson.D, t time.Time) bson.D {
	if t.IsZero() {
		return d
	}
	return append(d, bson.E{Key: "expires_at", Value: bson.D{{Key: "$lt", Value: t}}})
}

func whereOwned(f auth.OwnedFilter) bson.D {
	return expiring(equal(bson.D{}, "user_id", f.UserID), f.ExpiresBefore)
}

type token struct {
	ID         string `bson:"_id"`
	Stamp      `bson:",inline"`
	Hash       []byte     `bson:"hash"`
	UserID     string     `bson:"user_id"`
	Name       string     `bson:"name"`
	Last4      string     `bson:"last4"`
	LastUsedAt *time.Time `bson:"last_used_at"`
	ExpiresAt  *time.Time `bson:"expires_at"`
	Parent     string     `bson:"parent"`
}

type tokenCollection struct {
	*collection[auth.Token, auth.OwnedFilter, token]
}

// Tokens returns the collection of users' tokens.
func (s *people) Tokens() auth.TokenCollection {
	return tokenCollection{&collection[auth.Token, auth.OwnedFilter, token]{
		store: s.engine, name: "tokens", descending: true, untouched: []string{"last_used_at"}, where: whereOwned,
		identify: func(n *auth.Token) (string, int64) { return n.ID, n.Revision },
		encode: func(n *auth.Token) token {
			return token{n.ID, stampOf(&n.Stamp), n.Hash[:], n.UserID, n.Name, n.Last4, timeOf(n.LastUsedAt), timeOf(n.ExpiresAt), n.Parent}
		},
		decode: func(d *token) (auth.Token, error) {
			hash, err := digestIn(d.Hash)
			return auth.Token{
				Stamp: d.domain(), ID: d.ID, Hash: hash, UserID: d.UserID, Name: d.Name, Last4: d.Last4,
				LastUsedAt: timeIn(d.LastUsedAt), ExpiresAt: timeIn(d.ExpiresAt), Parent: d.Parent,
			}, err
		},
	}}
}

// ByHash returns the token with the digest.
func (c tokenCollection) ByHash(ctx context.Context, hash auth.TokenHash) (auth.Token, error) {
	return c.one(ctx, "hash", hash[:])
}

// TouchToken records when the token was last used.
func (c tokenCollection) TouchToken(ctx context.Context, id string, at time.Time) error {
	_, err := c.documents().update(ctx, byID(id), set(bson.E{Key: "last_used_at", Value: at}))
	return err
}

type family struct {
	ID        string `bson:"_id"`
	Stamp     `bson:",inline"`
	UserID    string     `bson:"user_id"`
	Current   string     `bson:"current"`
	Previous  string     `bson:"previous"`
	RotatedAt *time.Time `bson:"rotated_at"`
	ExpiresAt time.Time  `bson:"expires_at"`
	EndedAt   *time.Time `bson:"ended_at"`
	Address   string     `bson:"address"`
	UserAgent string     `bson:"user_agent"`
}

// Families returns the collection of sign-ins by refresh tokens.
func (s *people) Families() keys.Collection[auth.Family, auth.OwnedFilter] {
	return &collection[auth.Family, auth.OwnedFilter, family]{
		store: s.engine, name: "families", descending: true, where: whereOwned,
		identify: func(n *auth.Family) (string, int64) { return n.ID, n.Revision },
		encode: func(n *auth.Family) family {
			return family{
				n.ID, stampOf(&n.Stamp), n.UserID, n.Current, n.Previous, timeOf(n.RotatedAt), n.ExpiresAt, timeOf(n.EndedAt),
				n.Address, n.UserAgent,
			}
		},
		decode: func(d *family) (auth.Family, error) {
			return auth.Family{
				Stamp: d.domain(), ID: d.ID, UserID: d.UserID, Current: d.Current, Previous: d.Previous, RotatedAt: timeIn(d.RotatedAt),
				ExpiresAt: d.ExpiresAt.UTC(), EndedAt: timeIn(d.EndedAt), Address: d.Address, UserAgent: d.UserAgent,
			}, nil
		},
	}
}

type identity struct {
	ID       string `bson:"_id"`
	Stamp    `bson:",inline"`
	Provider string `bson:"provider"`
	Subject  string `bson:"subject"`
	UserID   string `bson:"user_id"`
	Email    string `bson:"email"`
}

// Identities returns the collection of users' accounts at other providers.
func (s *people) Identities() keys.Collection[auth.Identity, auth.OwnedFilter] {
	return &collection[auth.Identity, auth.OwnedFilter, identity]{
		store: s.engine, name: "identities", where: func(f auth.OwnedFilter) bson.D { return equal(bson.D{}, "user_id", f.UserID) },
		identify: func(n *auth.Identity) (string, int64) { return n.ID(), n.Revision },
		encode: func(n *auth.Identity) identity {
			return identity{n.ID(), stampOf(&n.Stamp), n.Provider, n.Subject, n.UserID, n.Email}
		},
		decode: func(d *identity) (auth.Identity, error) {
			return auth.Identity{Stamp: d.domain(), Provider: d.Provider, Subject: d.Subject, UserID: d.UserID, Email: d.Email}, nil
		},
	}
}

type link struct {
	ID             string `bson:"_id"`
	Stamp          `bson:",inline"`
	Hash           []byte     `bson:"hash"`
	Purpose        string     `bson:"purpose"`
	Email          string     `bson:"email"`
	UserID         string     `bson:"user_id"`
	OrganizationID string     `bson:"organization_id"`
	Role           string     `bson:"role"`
	CreatedBy      string     `bson:"created_by"`
	CreatedWith    string     `bson:"created_with"`
	ExpiresAt      time.Time  `bson:"expires_at"`
	UsedAt         *time.Time `bson:"used_at"`
}

type linkCollection struct {
	*collection[auth.Link, auth.LinkFilter, link]
}

// Links returns the collection of mailed links.
func (s *people) Links() auth.LinkCollection {
	return linkCollection{&collection[auth.Link, auth.LinkFilter, link]{
		store: s.engine, name: "links", descending: true,
		identify: func(n *auth.Link) (string, int64) { return n.ID, n.Revision },
		encode: func(n *auth.Link) link {
			return link{
				n.ID, stampOf(&n.Stamp), n.Hash[:], string(n.Purpose), n.Email, n.UserID, n.OrganizationID, string(n.Role), n.CreatedBy,
				n.CreatedWith, n.ExpiresAt, timeOf(n.UsedAt),
			}
		},
		decode: func(d *link) (auth.Link, error) {
			hash, err := digestIn(d.Hash)
			return auth.Link{
				Stamp: d.domain(), ID: d.ID, Hash: hash, Purpose: auth.Purpose(d.Purpose), Email: d.Email, UserID: d.UserID,
				OrganizationID: d.OrganizationID, Role: auth.Role(d.Role), CreatedBy: d.CreatedBy, CreatedWith: d.CreatedWith,
				ExpiresAt: d.ExpiresAt.UTC(), UsedAt: timeIn(d.UsedAt),
			}, err
		},
		where: func(f auth.LinkFilter) bson.D {
			d := equal(equal(bson.D{}, "organization_id", f.OrganizationID), "user_id", f.UserID)
			return expiring(equal(d, "purpose", string(f.Purpose)), f.ExpiresBefore)
		},
	}}
}

// ByHash returns the link with the digest.
func (c linkCollection) ByHash(ctx context.Context, hash auth.TokenHash) (auth.Link, error) {
	return c.one(ctx, "hash", hash[:])
}

type certificate struct {
	ID               string `bson:"_id"`
	Stamp            `bson:",inline"`
	OrganizationID   string     `bson:"organization_id"`
	ServiceAccountID string     `bson:"service_account_id"`
	Name             string     `bson:"name"`
	Match            string     `bson:"match"`
	CreatedBy        string     `bson:"created_by"`
	ExpiresAt        *time.Time `bson:"expires_at"`
}

type certificateCollection struct {
	*collection[auth.Certificate, auth.CertificateFilter, certificate]
}

// Certificates returns the collection of client certificates.
func (s *people) Certificates() auth.CertificateCollection {
	return certificateCollection{&collection[auth.Certificate, auth.CertificateFilter, certificate]{
		store: s.engine, name: "certificates", descending: true,
		where: func(f auth.CertificateFilter) bson.D {
			return equal(bson.D{}, "service_account_id", f.ServiceAccountID)
		},
		identify: func(n *auth.Certificate) (string, int64) { return n.ID, n.Revision },
		encode: func(n *auth.Certificate) certificate {
			return certificate{n.ID, stampOf(&n.Stamp), n.OrganizationID, n.ServiceAccountID, n.Name, n.Match, n.CreatedBy, timeOf(n.ExpiresAt)}
		},
		decode: func(d *certificate) (auth.Certificate, error) {
			return auth.Certificate{
				Stamp: d.domain(), ID: d.ID, OrganizationID: d.OrganizationID, ServiceAccountID: d.ServiceAccountID,
				Name:  d.Name,
				Match: d.Match, CreatedBy: d.CreatedBy, ExpiresAt: timeIn(d.ExpiresAt),
			}, nil
		},
	}}
}

// ByMatch returns the certificate with the Match.
func (c certificateCollection) ByMatch(ctx context.Context, match string) (auth.Certificate, error) {
	return c.one(ctx, "match", match)
}

type signingKey struct {
	ID        string `bson:"_id"`
	Stamp     `bson:",inline"`
	Algorithm string    `bson:"algorithm"`
	Public    string    `bson:"public"`
	Sealed    []byte    `bson:"sealed"`
	ActiveAt  time.Time `bson:"active_at"`
	RetireAt  time.Time `bson:"retire_at"`
}

// SigningKeys returns the collection of keys that sign tokens.
func (s *people) SigningKeys() keys.Collection[signing.Key, keys.NoFilter] {
	return &collection[signing.Key, keys.NoFilter, signingKey]{
		store: s.engine, name: "signing_keys", where: func(keys.NoFilter) bson.D { return bson.D{} },
		identify: func(n *signing.Key) (string, int64) { return n.ID, n.Revision },
		encode: func(n *signing.Key) signingKey {
			return signingKey{n.ID, stampOf(&n.Stamp), string(n.Algorithm), string(n.Public), n.Sealed, n.ActiveAt, n.RetireAt}
		},
		decode: func(d *signingKey) (signing.Key, error) {
			return signing.Key{
				Stamp: d.domain(), ID: d.ID, Algorithm: signing.Algorithm(d.Algorithm), Public: json.RawMessage(d.Public),
				Sealed: d.Sealed, ActiveAt: d.ActiveAt.UTC(), RetireAt: d.RetireAt.UTC(),
			}, nil
		},
	}
}

type sealedKey struct {
	ID     string `bson:"_id"`
	Stamp  `bson:",inline"`
	Sealed []byte `bson:"sealed"`
}

// SealedKeys returns the collection of the service's own keys.
func (s *people) SealedKeys() keys.Collection[auth.SealedKey, keys.NoFilter] {
	return &collection[auth.SealedKey, keys.NoFilter, sealedKey]{
		store: s.engine, name: "sealed_keys", where: func(keys.NoFilter) bson.D { return bson.D{} },
		identify: func(n *auth.SealedKey) (string, int64) { return n.ID, n.Revision },
		encode:   func(n *auth.SealedKey) sealedKey { return sealedKey{n.ID, stampOf(&n.Stamp), n.Sealed} },
		decode: func(d *sealedKey) (auth.SealedKey, error) {
			return auth.SealedKey{Stamp: d.domain(), ID: d.ID, Sealed: d.Sealed}, nil
		},
	}
}
