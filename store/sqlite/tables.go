package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/latchkey/latchkey/keys"
)

func stampValues(s *keys.Stamp) []any {
	return []any{s.Revision, putTime(s.CreatedAt), putTime(s.UpdatedAt)}
}

func stampColumns(s *keys.Stamp) []any {
	return []any{&s.Revision, timeColumn{&s.CreatedAt}, timeColumn{&s.UpdatedAt}}
}

func names(text string) []string { return strings.Fields(text) }

func withoutHash(context.Context, *sql.Tx, string) (any, error) { return nil, nil }

// Organizations returns the collection of organizations.
func (s *objects) Organizations() keys.Collection[keys.Organization, keys.OrganizationFilter] {
	return &table[keys.Organization, keys.OrganizationFilter]{
		store: s.engine, name: "organizations", descending: true, tombstone: withoutHash,
		columns:  names("id revision created_at updated_at name disabled metadata search"),
		identify: func(o *keys.Organization) (string, int64) { return o.ID, o.Revision },
		values: func(o *keys.Organization) []any {
			return append(append([]any{o.ID}, stampValues(&o.Stamp)...), o.Name, o.Disabled, putMetadata(o.Metadata), o.SearchText())
		},
		scan: func(row scanner, o *keys.Organization) error {
			return row.Scan(append(append([]any{&o.ID}, stampColumns(&o.Stamp)...), &o.Name, &o.Disabled,
				metadataColumn{&o.Metadata}, new(string))...)
		},
		where: func(f keys.OrganizationFilter) (c conditions) {
			c.oneOf("id", f.IDs)
			c.contains(f.Text)
			return c
		},
	}
}

// ServiceAccounts returns the collection of service accounts.
func (s *objects) ServiceAccounts() keys.Collection[keys.ServiceAccount, keys.AccountFilter] {
	return &table[keys.ServiceAccount, keys.AccountFilter]{
		store: s.engine, name: "service_accounts", descending: true, tombstone: withoutHash,
		columns: names(`id revision created_at updated_at organization_id created_by name description tier scopes
			allowed_networks rate_limit quota external_id metadata disabled search override move owner_id limit_resets`),
		identify: func(a *keys.ServiceAccount) (string, int64) { return a.ID, a.Revision },
		values: func(a *keys.ServiceAccount) []any {
			return append(append([]any{a.ID}, stampValues(&a.Stamp)...), a.OrganizationID, a.CreatedBy, a.Name, a.Description,
				a.Tier, putJSON(a.Scopes),
				putJSON(a.AllowedNetworks), putRule(a.RateLimit), putQuota(a.Quota), a.ExternalID, putMetadata(a.Metadata), a.Disabled, a.SearchText(),
				putOverride(a.Override), putMove(a.Move), a.OwnerID, a.LimitResets)
		},
		scan: func(row scanner, a *keys.ServiceAccount) error {
			return row.Scan(append(append([]any{&a.ID}, stampColumns(&a.Stamp)...), &a.OrganizationID, &a.CreatedBy, &a.Name,
				&a.Description, &a.Tier,
				jsonColumn[string]{&a.Scopes},
				networksColumn{&a.AllowedNetworks}, ruleColumn{&a.RateLimit}, quotaColumn{&a.Quota}, &a.ExternalID, metadataColumn{&a.Metadata},
				&a.Disabled, new(string), overrideColumn{&a.Override}, moveColumn{&a.Move}, &a.OwnerID, &a.LimitResets)...)
		},
		where: func(f keys.AccountFilter) (c conditions) {
			c.equal("external_id", f.ExternalID)
			c.equal("owner_id", f.OwnerID)
			c.oneOf("organization_id", f.OrganizationIDs)
			if f.Ownerless {
				c.add("owner_id = ''")
			}
			c.equal("tier", f.Tier)
			if f.Moving {
				c.use("service_accounts_moving")
				c.add("move IS NOT NULL")
			}
			c.contains(f.Text)
			return c
		},
	}
}

// Tiers returns the collection of tiers.
func (s *objects) Tiers() keys.Collection[keys.Tier, keys.NoFilter] {
	return &table[keys.Tier, keys.NoFilter]{
		store: s.engine, name: "tiers", tombstone: withoutHash,
		columns: names("name revision created_at updated_at title rate_limit account_rate_limit quota max_keys max_key_age key_retention " +
			"leak_policy"),
		identify: func(t *keys.Tier) (string, int64) { return t.Name, t.Revision },
		values: func(t *keys.Tier) []any {
			return append(append([]any{t.Name}, stampValues(&t.Stamp)...), t.Title, putTierRule(t.RateLimit), putRule(t.AccountRateLimit),
				putQuota(t.Quota), t.MaxKeys, int64(t.MaxKeyAge), int64(t.KeyRetention), t.LeakPolicy)
		},
		scan: func(row scanner, t *keys.Tier) error {
			age, retention := int64(0), int64(0)
			err := row.Scan(append(append([]any{&t.Name}, stampColumns(&t.Stamp)...), &t.Title, ruleColumn{&t.RateLimit},
				ruleColumn{&t.AccountRateLimit}, quotaColumn{&t.Quota}, &t.MaxKeys, &age, &retention, &t.LeakPolicy)...)
			if err == nil {
				t.MaxKeyAge, t.KeyRetention = time.Duration(age), time.Duration(retention)
			}
			return err
		},
		where: func(keys.NoFilter) (c conditions) { return c },
	}
}

// Scopes returns the catalogue of scopes.
func (s *objects) Scopes() keys.Collection[keys.Scope, keys.NoFilter] {
	return &table[keys.Scope, keys.NoFilter]{
		store: s.engine, name: "scopes",
		columns:  names("name revision created_at updated_at description retired_at renamed_to renamed_until rename_open"),
		identify: func(c *keys.Scope) (string, int64) { return c.Name, c.Revision },
		values: func(c *keys.Scope) []any {
			return append(append([]any{c.Name}, stampValues(&c.Stamp)...), c.Description, putTime(c.RetiredAt), c.RenamedTo,
				putTime(c.RenamedUntil), c.RenameOpen)
		},
		scan: func(row scanner, c *keys.Scope) error {
			return row.Scan(append(append([]any{&c.Name}, stampColumns(&c.Stamp)...), &c.Description, timeColumn{&c.RetiredAt}, &c.RenamedTo,
				timeColumn{&c.RenamedUntil}, &c.RenameOpen)...)
		},
		where: func(keys.NoFilter) (c conditions) { return c },
	}
}
