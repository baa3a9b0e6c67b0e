package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

type keyTable struct {
	*table[keys.Key, keys.KeyFilter]
}

// Keys returns the collection of keys.
func (s *objects) Keys() keys.KeyCollection { return s.keyTable() }

func (s *engine) keyTable() keyTable {
	return keyTable{&table[keys.Key, keys.KeyFilter]{
		store: s, name: "keys", descending: true, tombstone: hashOfKey,
		untouched: names("last_used_at last_used_ip last_used_agent"), // written in the background, by TouchLastUsed
		columns: names(`id revision created_at updated_at organization_id service_account_id environment hash hash_algorithm
			start last4 revoked_at revoke_reason revoke_note rotated_from rotated_to grace_until last_used_at last_used_ip last_used_agent
			created_by name note
			scopes allowed_networks rate_limit expires_at not_before metadata disabled ends_at search limit_resets digest import_id`),
		identify: func(k *keys.Key) (string, int64) { return k.ID, k.Revision },
		values:   keyValues,
		scan:     scanKey,
		where:    whereKeys,
	}}
}

func keyValues(k *keys.Key) []any {
	return append(append([]any{k.ID}, stampValues(&k.Stamp)...),
		k.OrganizationID, k.ServiceAccountID, string(k.Environment), k.Hash[:], string(k.HashAlgorithm),
		k.Start, k.Last4, putTime(k.RevokedAt), string(k.RevokeReason), k.RevokeNote, k.RotatedFrom, k.RotatedTo, putTime(k.GraceUntil),
		putTime(k.LastUsedAt), k.LastUsedIP, k.LastUsedAgent, k.CreatedBy, k.Name, k.Note,
		putJSON(k.Scopes), putJSON(k.AllowedNetworks), putRule(k.RateLimit), putTime(k.ExpiresAt), putTime(k.NotBefore), putMetadata(k.Metadata),
		k.Disabled, putTime(k.EndsAt()), k.SearchText(), k.LimitResets, string(k.Digest), k.ImportID)
}

func scanKey(row scanner, k *keys.Key) error {
	return row.Scan(append(append([]any{&k.ID}, stampColumns(&k.Stamp)...),
		&k.OrganizationID, &k.ServiceAccountID, &k.Environment, hashColumn{&k.Hash}, &k.HashAlgorithm,
		&k.Start, &k.Last4, timeColumn{&k.RevokedAt}, &k.RevokeReason, &k.RevokeNote, &k.RotatedFrom, &k.RotatedTo, timeColumn{&k.GraceUntil},
		timeColumn{&k.LastUsedAt}, &k.LastUsedIP, &k.LastUsedAgent, &k.CreatedBy, &k.Name, &k.Note,
		jsonColumn[string]{&k.Scopes}, networksColumn{&k.AllowedNetworks}, ruleColumn{&k.RateLimit}, timeColumn{&k.ExpiresAt},
		timeColumn{&k.NotBefore}, metadataColumn{&k.Metadata}, &k.Disabled, new(any), new(any), &k.LimitResets, &k.Digest, &k.ImportID)...)
}

// keyIndex returns the index for a list of keys: that of the first row that applies, so
// the index that leaves the fewest keys to read comes first. "" leaves the choice to the
// planner, which has the primary key.
func keyIndex(f keys.KeyFilter) string {
	one, ends, used := len(f.OrganizationIDs) == 1, f.Order == keys.EndFirst, f.Order == keys.UsedLast
	for _, row := range []struct {
		fits  bool
		index string
	}{
		{f.IDs != nil, ""},
		{f.ServiceAccountID != "", "keys_account"}, // which has few keys

		// An index that has the order, so no more than the page is read.
		{ends && one && is(f.Rotated, true), "keys_organization_rotated"},
		{ends && one && is(f.Rotated, false), "keys_organization_lasting"},
		{ends && one, "keys_organization_ends"},
		{ends, "keys_ends"},
		{used && one, "keys_organization_used"},
		{used, "keys_used"},

		{f.Starts != nil, "keys_start"},
		{f.Last4 != "", "keys_last4"},

		// Some of the keys of one organization, then all of them.
		{one && f.CreatedBy != "", "keys_creator"},
		{one && is(f.Revoked, true), "keys_organization_revoked"},
		{one && is(f.Disabled, true), "keys_organization_disabled"},
		{one && !f.StartsAfter.IsZero(), "keys_organization_begins"},
		{f.OrganizationIDs != nil, "keys_organization"},

		// Some of all organizations' keys.
		{f.Imported || f.ImportID != "", "keys_import"},
		{f.Endless, "keys_lasting"},
		{f.NeverUsed, "keys_idle"},
		{f.OwnScopes, "keys_scoped"},
		{is(f.Revoked, true), "keys_revoked"},
		{is(f.Disabled, true), "keys_disabled"},
		{!f.EndsBy.IsZero() && f.Through == "", "keys_ends"},
		{!f.StartsAfter.IsZero(), "keys_begins"},
		{f.Environment == keys.Test, "keys_test"},
	} {
		if row.fits {
			return row.index
		}
	}
	return ""
}

// is reports whether the filter asks for the value.
func is(filter *bool, value bool) bool { return filter != nil && *filter == value }

// whereKeys returns the conditions for the list of keys. SQLite uses a partial index only
// if its condition is repeated here word for word.
func whereKeys(f keys.KeyFilter) conditions {
	c := conditions{index: keyIndex(f)}
	c.oneOf("id", f.IDs)
	c.equal("service_account_id", f.ServiceAccountID)
	c.oneOf("start", f.Starts)
	c.equal("last4", f.Last4)
	c.oneOf("organization_id", f.OrganizationIDs)
	ends, used := f.Order == keys.EndFirst, f.Order == keys.UsedLast
	for _, row := range []struct {
		asked bool
		text  string
		args  []any
	}{
		{f.CreatedBy != "", "created_by = ?", []any{f.CreatedBy}},
		{f.Imported || f.ImportID != "", "import_id <> ''", nil},
		{f.ImportID != "", "import_id = ?", []any{f.ImportID}},
		{f.Environment == keys.Test, "environment = 'test'", nil},
		{f.Environment != keys.Test && f.Environment != "", "environment = ?", []any{string(f.Environment)}},

		{is(f.Revoked, true), "revoked_at IS NOT NULL", nil},
		{is(f.Revoked, false) || used || f.Endless || f.NeverUsed || f.OwnScopes, "revoked_at IS NULL", nil},
		{is(f.Disabled, true), "disabled = 1", nil},
		{is(f.Disabled, false), "disabled = 0", nil},
		{is(f.Rotated, true), "rotated_to <> ''", nil},
		{is(f.Rotated, false), "rotated_to = ''", nil},
		{f.NeverUsed, "last_used_at IS NULL", nil},
		{f.OwnScopes, "scopes IS NOT NULL", nil},

		// The order by end leaves out keys that never end, and searches by the bound.
		{ends, "ends_at IS NOT NULL", nil},
		{ends && !f.EndsAfter.IsZero(), "ends_at > ?", milliseconds(f.EndsAfter)},
		{!ends && !f.EndsAfter.IsZero(), "(ends_at IS NULL OR ends_at > ?)", milliseconds(f.EndsAfter)},
		{!f.EndsBy.IsZero(), behind("ends_at", f) + " <= ?", milliseconds(f.EndsBy)},
		{f.Endless, "ends_at IS NULL", nil},
		{!f.StartsBy.IsZero(), "(not_before IS NULL OR not_before <= ?)", milliseconds(f.StartsBy)},
		{!f.StartsAfter.IsZero(), "not_before > ?", milliseconds(f.StartsAfter)},
		{!f.UnusedSince.IsZero(), behind("used_at", f) + " < ?", milliseconds(f.UnusedSince)},
		{!f.UnusedSince.IsZero(), "created_at < ?", milliseconds(f.UnusedSince)},

		{f.ServiceAccountIDs != nil, "+service_account_id IN (SELECT value FROM json_each(?))", []any{putJSON(f.ServiceAccountIDs)}},
		{len(f.ExceptAccounts) > 0, "+service_account_id NOT IN (SELECT value FROM json_each(?))", []any{putJSON(f.ExceptAccounts)}},
		{f.Grants != nil, holdsGrant, []any{putJSON(f.Grants)}},
	} {
		if row.asked {
			c.add(row.text, row.args...)
		}
	}
	c.contains(f.Text)
	c.through(f)
	return c
}

// holdsGrant keeps keys that have all scopes of their account, or one of the grants
// themselves.
const holdsGrant = "(scopes IS NULL OR EXISTS (SELECT 1 FROM json_each(scopes) WHERE value IN (SELECT value FROM json_each(?))))"

func milliseconds(t time.Time) []any { return []any{t.UnixMilli()} }

// behind returns the column for comparison in a list that may end at a cursor. Then the
// index is searched by the cursor, which leaves fewer rows.
func behind(column string, f keys.KeyFilter) string {
	if f.Through == "" {
		return column
	}
	return "+" + column
}

// orderedBy returns the column that an order by time sorts by.
func orderedBy(o keys.KeyOrder) string {
	if o == keys.UsedLast {
		return "used_at"
	}
	return "ends_at"
}

// through ends the list at the filter's last cursor.
func (c *conditions) through(f keys.KeyFilter) {
	switch {
	case f.Through == "":
	case f.Order == keys.Newest:
		c.add("id >= ?", f.Through)
	default:
		at, id := keys.ParseCursor(f.Through)
		c.add("("+orderedBy(f.Order)+", id) <= (?, ?)", at, id)
	}
}

// List overrides the table's List for orders by time.
func (t keyTable) List(ctx context.Context, f keys.KeyFilter, page keys.Page) ([]keys.Key, error) {
	text, args := t.list(f, page)
	return t.rows(ctx, text, args, page.Limit)
}

func (t keyTable) list(f keys.KeyFilter, page keys.Page) (string, []any) {
	if f.Order == keys.Newest {
		return t.table.list(f, page)
	}
	at, id := keys.ParseCursor(page.After)
	if at > f.EndsAfter.UnixMilli() && f.Order == keys.EndFirst {
		f.EndsAfter = time.Time{} // search the index by the cursor, which is further on
	}
	c, by := whereKeys(f), orderedBy(f.Order)
	c.add("("+by+", id) > (?, ?)", at, id)
	return "SELECT " + strings.Join(t.columns, ", ") + " FROM " + c.from(t.name) + " WHERE " + c.text() +
		" ORDER BY " + by + ", id LIMIT ?", append(c.args, page.Limit)
}

// ByHash returns the key with the digest.
func (t keyTable) ByHash(ctx context.Context, hash keys.Hash) (keys.Key, error) {
	return t.one(ctx, "hash = ?", hash[:])
}

// Rehash replaces the key and its digest.
func (t keyTable) Rehash(ctx context.Context, k keys.Key, _ keys.Hash) error {
	return t.Replace(ctx, k)
}

// TouchLastUsed records the uses that are later than the stored ones.
func (t keyTable) TouchLastUsed(ctx context.Context, used map[string]usage.Use) error {
	rows := make([][4]any, 0, len(used))
	for id, u := range used {
		rows = append(rows, [4]any{id, u.At.UnixMilli(), u.Address, u.UserAgent})
	}
	update, err := t.store.notes.prepare(ctx, touchKeys) // before the transaction takes the only connection
	if err != nil {
		return known(err)
	}
	return known(t.store.transactBehind(ctx, func(tx *sql.Tx) error {
		_, err := tx.StmtContext(ctx, update).ExecContext(ctx, putJSON(rows))
		return err
	}))
}

const touchKeys = `UPDATE keys SET last_used_at = used.at, last_used_ip = used.ip, last_used_agent = used.agent
	FROM (SELECT value ->> 0 AS id, value ->> 1 AS at, value ->> 2 AS ip, value ->> 3 AS agent FROM json_each(?)) AS used
	WHERE keys.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)`

const selectHash = "SELECT hash FROM keys WHERE id = ?"

func hashOfKey(ctx context.Context, tx *sql.Tx, id string) (any, error) {
	var hash []byte
	err := tx.QueryRowContext(ctx, selectHash, id).Scan(&hash)
	return hash, err
}
