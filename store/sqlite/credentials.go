package sqlite

import (
	"context"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/keys"
)

type digestColumn struct{ into *auth.TokenHash }

// Scan implements sql.Scanner.
func (c digestColumn) Scan(v any) error { return scanDigest(c.into[:], v) }

// expiresBefore adds the condition, which the index serves, unless the time is zero.
func (c *conditions) expiresBefore(t time.Time, index string) {
	if !t.IsZero() {
		c.use(index)
		c.add("expires_at < ?", t.UnixMilli())
	}
}

func whereOwned(index string) func(auth.OwnedFilter) conditions {
	return func(f auth.OwnedFilter) (c conditions) {
		c.equal("user_id", f.UserID)
		c.expiresBefore(f.ExpiresBefore, index)
		return c
	}
}

type tokenTable struct {
	*table[auth.Token, auth.OwnedFilter]
}

// Tokens returns the collection of users' tokens.
func (s *people) Tokens() auth.TokenCollection {
	return tokenTable{&table[auth.Token, auth.OwnedFilter]{
		store: s.engine, name: "tokens", descending: true, untouched: []string{"last_used_at"}, where: whereOwned("tokens_expires"),
		columns:  names("id revision created_at updated_at hash user_id name last4 last_used_at expires_at parent"),
		identify: func(n *auth.Token) (string, int64) { return n.ID, n.Revision },
		values: func(n *auth.Token) []any {
			return append(append([]any{n.ID}, stampValues(&n.Stamp)...), n.Hash[:], n.UserID, n.Name, n.Last4, putTime(n.LastUsedAt),
				putTime(n.ExpiresAt), n.Parent)
		},
		scan: func(row scanner, n *auth.Token) error {
			return row.Scan(append(append([]any{&n.ID}, stampColumns(&n.Stamp)...), digestColumn{&n.Hash}, &n.UserID, &n.Name, &n.Last4,
				timeColumn{&n.LastUsedAt}, timeColumn{&n.ExpiresAt}, &n.Parent)...)
		},
	}}
}

// ByHash returns the token with the digest.
func (t tokenTable) ByHash(ctx context.Context, hash auth.TokenHash) (auth.Token, error) {
	return t.one(ctx, "hash = ?", hash[:])
}

// TouchToken records when the token was last used.
func (t tokenTable) TouchToken(ctx context.Context, id string, at time.Time) error {
	_, err := t.store.writer.exec(ctx, "UPDATE tokens SET last_used_at = ? WHERE id = ?", at.UnixMilli(), id)
	return err
}

// Families returns the collection of sign-ins by refresh tokens.
func (s *people) Families() keys.Collection[auth.Family, auth.OwnedFilter] {
	return &table[auth.Family, auth.OwnedFilter]{
		store: s.engine, name: "families", descending: true, where: whereOwned("families_expires"),
		columns:  names("id revision created_at updated_at user_id current previous rotated_at expires_at ended_at address user_agent"),
		identify: func(n *auth.Family) (string, int64) { return n.ID, n.Revision },
		values: func(n *auth.Family) []any {
			return append(append([]any{n.ID}, stampValues(&n.Stamp)...), n.UserID, n.Current, n.Previous, putTime(n.RotatedAt), putTime(n.ExpiresAt),
				putTime(n.EndedAt), n.Address, n.UserAgent)
		},
		scan: func(row scanner, n *auth.Family) error {
			return row.Scan(append(append([]any{&n.ID}, stampColumns(&n.Stamp)...), &n.UserID, &n.Current, &n.Previous, timeColumn{&n.RotatedAt},
				timeColumn{&n.ExpiresAt}, timeColumn{&n.EndedAt}, &n.Address, &n.UserAgent)...)
		},
	}
}

// Identities returns the collection of users' accounts at other providers.
func (s *people) Identities() keys.Collection[auth.Identity, auth.OwnedFilter] {
	return &table[auth.Identity, auth.OwnedFilter]{
		store: s.engine, name: "identities", where: func(f auth.OwnedFilter) (c conditions) { c.equal("user_id", f.UserID); return c },
		columns:  names("id revision created_at updated_at provider subject user_id email"),
		identify: func(n *auth.Identity) (string, int64) { return n.ID(), n.Revision },
		values: func(n *auth.Identity) []any {
			return append(append([]any{n.ID()}, stampValues(&n.Stamp)...), n.Provider, n.Subject, n.UserID, n.Email)
		},
		scan: func(row scanner, n *auth.Identity) error {
			return row.Scan(append(append([]any{new(string)}, stampColumns(&n.Stamp)...), &n.Provider, &n.Subject, &n.UserID, &n.Email)...)
		},
	}
}

type linkTable struct {
	*table[auth.Link, auth.LinkFilter]
}

// Links returns the collection of mailed links.
func (s *people) Links() auth.LinkCollection {
	return linkTable{&table[auth.Link, auth.LinkFilter]{
		store: s.engine, name: "links", descending: true,
		columns: names("id revision created_at updated_at hash purpose email user_id organization_id role created_by created_with expires_at " +
			"used_at"),
		identify: func(n *auth.Link) (string, int64) { return n.ID, n.Revision },
		values: func(n *auth.Link) []any {
			return append(append([]any{n.ID}, stampValues(&n.Stamp)...), n.Hash[:], string(n.Purpose), n.Email, n.UserID, n.OrganizationID,
				string(n.Role), n.CreatedBy, n.CreatedWith, putTime(n.ExpiresAt), putTime(n.UsedAt))
		},
		scan: func(row scanner, n *auth.Link) error {
			return row.Scan(append(append([]any{&n.ID}, stampColumns(&n.Stamp)...), digestColumn{&n.Hash}, &n.Purpose, &n.Email, &n.UserID,
				&n.OrganizationID, &n.Role, &n.CreatedBy, &n.CreatedWith, timeColumn{&n.ExpiresAt}, timeColumn{&n.UsedAt})...)
		},
		where: func(f auth.LinkFilter) (c conditions) {
			c.equal("user_id", f.UserID)
			c.equal("organization_id", f.OrganizationID)
			if f.Purpose != "" {
				c.add("purpose = ?", string(f.Purpose))
			}
			c.expiresBefore(f.ExpiresBefore, "links_expires")
			return c
		},
	}}
}

// ByHash returns the link with the digest.
func (t linkTable) ByHash(ctx context.Context, hash auth.TokenHash) (auth.Link, error) {
	return t.one(ctx, "hash = ?", hash[:])
}

type certificateTable struct {
	*table[auth.Certificate, auth.CertificateFilter]
}

// Certificates returns the collection of client certificates.
func (s *people) Certificates() auth.CertificateCollection {
	return certificateTable{&table[auth.Certificate, auth.CertificateFilter]{
		store: s.engine, name: "certificates", descending: true,
		where: func(f auth.CertificateFilter) (c conditions) {
			c.equal("service_account_id", f.ServiceAccountID)
			return c
		},
		columns:  names("id revision created_at updated_at organization_id service_account_id name match created_by expires_at"),
		identify: func(n *auth.Certificate) (string, int64) { return n.ID, n.Revision },
		values: func(n *auth.Certificate) []any {
			return append(append([]any{n.ID}, stampValues(&n.Stamp)...), n.OrganizationID, n.ServiceAccountID, n.Name, n.Match, n.CreatedBy,
				putTime(n.ExpiresAt))
		},
		scan: func(row scanner, n *auth.Certificate) error {
			return row.Scan(append(append([]any{&n.ID}, stampColumns(&n.Stamp)...), &n.OrganizationID, &n.ServiceAccountID, &n.Name, &n.Match,
				&n.CreatedBy, timeColumn{&n.ExpiresAt})...)
		},
	}}
}

// ByMatch returns the certificate with the Match.
func (t certificateTable) ByMatch(ctx context.Context, match string) (auth.Certificate, error) {
	return t.one(ctx, "match = ?", match)
}

// SigningKeys returns the collection of keys that sign tokens.
func (s *people) SigningKeys() keys.Collection[signing.Key, keys.NoFilter] {
	return &table[signing.Key, keys.NoFilter]{
		store: s.engine, name: "signing_keys", where: func(keys.NoFilter) conditions { return conditions{} },
		columns:  names("id revision created_at updated_at algorithm public sealed active_at retire_at"),
		identify: func(n *signing.Key) (string, int64) { return n.ID, n.Revision },
		values: func(n *signing.Key) []any {
			return append(append([]any{n.ID}, stampValues(&n.Stamp)...), string(n.Algorithm), putMetadata(n.Public), n.Sealed, putTime(n.ActiveAt),
				putTime(n.RetireAt))
		},
		scan: func(row scanner, n *signing.Key) error {
			return row.Scan(append(append([]any{&n.ID}, stampColumns(&n.Stamp)...), &n.Algorithm, metadataColumn{&n.Public}, &n.Sealed,
				timeColumn{&n.ActiveAt}, timeColumn{&n.RetireAt})...)
		},
	}
}

// SealedKeys returns the collection of the service's own keys.
func (s *people) SealedKeys() keys.Collection[auth.SealedKey, keys.NoFilter] {
	return &table[auth.SealedKey, keys.NoFilter]{
		store: s.engine, name: "sealed_keys", where: func(keys.NoFilter) conditions { return conditions{} },
		columns:  names("id revision created_at updated_at sealed"),
		identify: func(n *auth.SealedKey) (string, int64) { return n.ID, n.Revision },
		values: func(n *auth.SealedKey) []any {
			return append(append([]any{n.ID}, stampValues(&n.Stamp)...), n.Sealed)
		},
		scan: func(row scanner, n *auth.SealedKey) error {
			return row.Scan(append(append([]any{&n.ID}, stampColumns(&n.Stamp)...), &n.Sealed)...)
		},
	}
}
