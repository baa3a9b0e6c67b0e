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
		store: s, name: "keys", descending: true, bury: hashOfKey,
		untouched: names("last_used_at last_used_ip last_used_agent"), // written behind, by TouchLastUsed
		columns: names(`id revision created_at updated_at organization_id service_account_id environment hash hash_algorithm
			start last4 revoked_at revoke_reason revoke_note rotated_from rotated_to grace_until last_used_at last_used_ip last_used_agent created_by name note
			scopes allowed_networks rate_limit expires_at not_before metadata disabled ends_at search limit_resets`),
		identify: func(k *keys.Key) (string, int64) { return k.ID, k.Revision },
		values:   keyValues,
		scan:     scanKey,
		where:    whereKeys,
	}}
}

func keyValues(k *keys.Key) []any {
	return append(append([]any{k.ID}, stampValues(&k.Stamp)...),
		k.OrganizationID, k.ServiceAccountID, string(k.Environment), k.Hash[:], string(k.HashAlgorithm),
		k.Start, k.Last4, putTime(k.RevokedAt), string(k.RevokeReason), k.RevokeNote, k.RotatedFrom, k.RotatedTo, putTime(k.GraceUntil), putTime(k.LastUsedAt), k.LastUsedIP, k.LastUsedAgent, k.CreatedBy, k.Name, k.Note,
		putJSON(k.Scopes), putJSON(k.AllowedNetworks), putRule(k.RateLimit), putTime(k.ExpiresAt), putTime(k.NotBefore), putMetadata(k.Metadata), k.Disabled, putTime(k.EndsAt()), k.SearchText(), k.LimitResets)
}

func scanKey(row scanner, k *keys.Key) error {
	return row.Scan(append(append([]any{&k.ID}, stampColumns(&k.Stamp)...),
		&k.OrganizationID, &k.ServiceAccountID, &k.Environment, hashColumn{&k.Hash}, &k.HashAlgorithm,
		&k.Start, &k.Last4, timeColumn{&k.RevokedAt}, &k.RevokeReason, &k.RevokeNote, &k.RotatedFrom, &k.RotatedTo, timeColumn{&k.GraceUntil}, timeColumn{&k.LastUsedAt}, &k.LastUsedIP, &k.LastUsedAgent, &k.CreatedBy, &k.Name, &k.Note,
		jsonColumn[string]{&k.Scopes}, networksColumn{&k.AllowedNetworks}, ruleColumn{&k.RateLimit}, timeColumn{&k.ExpiresAt}, timeColumn{&k.NotBefore}, metadataColumn{&k.Metadata}, &k.Disabled, new(any), new(any), &k.LimitResets)...)
}

func whereKeys(f keys.KeyFilter) (c conditions) {
	c.oneOf("id", f.IDs)
	c.ordered(f)
	c.few(f)
	c.equal("service_account_id", f.ServiceAccountID)
	c.oneOf("start", f.Starts)
	c.equal("last4", f.Last4)
	c.created(f)
	c.oneOf("organization_id", f.OrganizationIDs)
	c.neglected(f)
	if f.Revoked != nil && *f.Revoked {
		c.use("keys_revoked")
		c.add("revoked_at IS NOT NULL")
	}
	if f.Revoked != nil && !*f.Revoked {
		c.add("revoked_at IS NULL")
	}
	if f.Disabled != nil && *f.Disabled {
		c.use("keys_disabled")
		c.add("disabled = 1")
	}
	if f.Disabled != nil && !*f.Disabled {
		c.add("disabled = 0")
	}
	c.endsBy(f)
	switch {
	case f.EndsAfter.IsZero():
	case f.Order == keys.EndFirst: // which leaves out keys that never end, and is searched by this
		c.add("ends_at > ?", f.EndsAfter.UnixMilli())
	default:
		c.add("(ends_at IS NULL OR ends_at > ?)", f.EndsAfter.UnixMilli())
	}
	if !f.StartsBy.IsZero() {
		c.add("(not_before IS NULL OR not_before <= ?)", f.StartsBy.UnixMilli())
	}
	if !f.StartsAfter.IsZero() {
		c.use("keys_begins")
		c.add("not_before > ?", f.StartsAfter.UnixMilli())
	}
	switch f.Environment {
	case "":
	case keys.Test:
		c.use("keys_test")
		c.add("environment = 'test'")
	default:
		c.add("environment = ?", string(f.Environment))
	}
	if !f.UnusedSince.IsZero() {
		c.add(behind("used_at", f)+" < ? AND created_at < ?", f.UnusedSince.UnixMilli(), f.UnusedSince.UnixMilli())
	}
	switch {
	case f.Rotated == nil:
	case *f.Rotated:
		c.add("rotated_to <> ''")
	default:
		c.add("rotated_to = ''")
	}
	if f.ServiceAccountIDs != nil {
		c.add("+service_account_id IN (SELECT value FROM json_each(?))", putJSON(f.ServiceAccountIDs))
	}
	if len(f.ExceptAccounts) > 0 {
		c.add("+service_account_id NOT IN (SELECT value FROM json_each(?))", putJSON(f.ExceptAccounts))
	}
	if f.Grants != nil {
		c.add("(scopes IS NULL OR EXISTS (SELECT 1 FROM json_each(scopes) WHERE value IN (SELECT value FROM json_each(?))))", putJSON(f.Grants))
	}
	c.contains(f.Text)
	c.through(f)
	return c
}

// endsBy keeps what ends until then.
func (c *conditions) endsBy(f keys.KeyFilter) {
	if f.EndsBy.IsZero() {
		return
	}
	if f.Through == "" {
		c.use("keys_ends")
	}
	c.add(behind("ends_at", f)+" <= ?", f.EndsBy.UnixMilli())
}

// behind is the column as it is compared in a list that may end at a cursor:
// then the cursor is what an index is searched by, as it leaves fewer rows.
func behind(column string, f keys.KeyFilter) string {
	if f.Through == "" {
		return column
	}
	return "+" + column
}

// few names the index that holds, of the keys of one organization, only what
// is listed.
func (c *conditions) few(f keys.KeyFilter) {
	if f.Order != keys.Newest || len(f.OrganizationIDs) != 1 || f.ServiceAccountID != "" || f.IDs != nil {
		return
	}
	switch {
	case f.Revoked != nil && *f.Revoked:
		c.index = "keys_organization_revoked"
	case f.Disabled != nil && *f.Disabled:
		c.index = "keys_organization_disabled"
	case !f.StartsAfter.IsZero():
		c.index = "keys_organization_begins"
	}
}

// created looks for keys by who made them, in the index of their organization.
func (c *conditions) created(f keys.KeyFilter) {
	if f.CreatedBy == "" {
		return
	}
	if len(f.OrganizationIDs) == 1 && !c.indexed {
		c.index = "keys_creator"
	}
	c.add("created_by = ?", f.CreatedBy)
}

// neglected lists keys that nobody looks after.
func (c *conditions) neglected(f keys.KeyFilter) {
	if f.Endless {
		c.use("keys_lasting")
		c.add("ends_at IS NULL AND revoked_at IS NULL")
	}
	if f.NeverUsed {
		c.use("keys_idle")
		c.add("last_used_at IS NULL AND revoked_at IS NULL")
	}
	if f.OwnScopes {
		c.use("keys_scoped")
		c.add("scopes IS NOT NULL AND revoked_at IS NULL")
	}
}

// ordered names the index that holds the order, which goes before any other:
// it leaves no more to look at than the page. Keys of an account are few.
func (c *conditions) ordered(f keys.KeyFilter) {
	one := len(f.OrganizationIDs) == 1
	switch {
	case f.Order == keys.EndFirst:
		c.add("ends_at IS NOT NULL")
	case f.Order == keys.UsedLast:
		c.add("revoked_at IS NULL")
	}
	switch {
	case f.Order == keys.Newest || f.ServiceAccountID != "" || f.IDs != nil:
	case f.Order == keys.EndFirst && one && f.Rotated != nil && *f.Rotated:
		c.force = "keys_organization_rotated"
	case f.Order == keys.EndFirst && one && f.Rotated != nil:
		c.force = "keys_organization_lasting"
	case f.Order == keys.EndFirst && one:
		c.force = "keys_organization_ends"
	case f.Order == keys.EndFirst:
		c.force = "keys_ends"
	case one:
		c.force = "keys_organization_used"
	default:
		c.force = "keys_used"
	}
}

// orderedBy is what an order by time goes by.
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

// List overrides that of the table for orders by time.
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
		f.EndsAfter = time.Time{} // so that an index is searched by the cursor, which is behind it
	}
	c, by := whereKeys(f), orderedBy(f.Order)
	c.add("("+by+", id) > (?, ?)", at, id)
	from := t.name
	if c.force != "" {
		from += " INDEXED BY " + c.force
	}
	return "SELECT " + strings.Join(t.columns, ", ") + " FROM " + from + " WHERE " + c.text() + " ORDER BY " + by + ", id LIMIT ?", append(c.args, page.Limit)
}

// ByHash returns the key with the digest.
func (t keyTable) ByHash(ctx context.Context, hash keys.Hash) (keys.Key, error) {
	return t.one(ctx, "hash = ?", hash[:])
}

// TouchLastUsed notes the uses that are later than the stored ones.
func (t keyTable) TouchLastUsed(ctx context.Context, used map[string]usage.Use) error {
	rows := make([][4]any, 0, len(used))
	for id, u := range used {
		rows = append(rows, [4]any{id, u.At.UnixMilli(), u.Address, u.UserAgent})
	}
	update, err := t.store.notes.prepare(ctx, touchKeys) // before the transaction takes the one connection
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
