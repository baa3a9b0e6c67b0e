package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// Times are stored as Unix milliseconds, a zero time as NULL.

func putTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

type timeColumn struct{ into *time.Time }

// Scan implements sql.Scanner.
func (c timeColumn) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*c.into = time.Time{}
	case int64:
		*c.into = time.UnixMilli(v).UTC()
	default:
		return fmt.Errorf("a time is kept as %T", v)
	}
	return nil
}

// putJSON stores lists as JSON, nil as NULL.
func putJSON[T any](list []T) any {
	if list == nil {
		return nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Errorf("encode a list of %T: %w", list, err)) // strings and networks always encode
	}
	return string(text)
}

type jsonColumn[T any] struct{ into *[]T }

// Scan implements sql.Scanner.
func (c jsonColumn[T]) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*c.into = nil
		return nil
	case string:
		return json.Unmarshal([]byte(v), c.into)
	default:
		return fmt.Errorf("a list is kept as %T", v)
	}
}

type networksColumn = jsonColumn[netip.Prefix]

func putMetadata(m keys.Metadata) any {
	if len(m) == 0 {
		return nil
	}
	return string(m)
}

type metadataColumn struct{ into *keys.Metadata }

// Scan implements sql.Scanner.
func (c metadataColumn) Scan(v any) error {
	if text, ok := v.(string); ok {
		*c.into = keys.Metadata(text)
		return nil
	}
	*c.into = nil
	return nil
}

func putRule(r *ratelimit.Rule) any {
	if r == nil {
		return nil
	}
	return r.String()
}

// putTierRule is putRule for a column that has never been NULL.
func putTierRule(r *ratelimit.Rule) any {
	if r == nil {
		return ""
	}
	return r.String()
}

type ruleColumn struct{ into **ratelimit.Rule }

// Scan implements sql.Scanner.
func (c ruleColumn) Scan(v any) error {
	text, _ := v.(string)
	if text == "" { // of a tier without a limit, or NULL
		*c.into = nil
		return nil
	}
	r, err := ratelimit.ParseRule(text)
	*c.into = &r
	return err
}

func putQuota(q *ratelimit.Quota) any {
	if q == nil {
		return nil
	}
	return strconv.FormatInt(q.Requests, 10) + "/" + string(q.Per)
}

type quotaColumn struct{ into **ratelimit.Quota }

// Scan implements sql.Scanner.
func (c quotaColumn) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		*c.into = nil
		return nil
	}
	requests, per, _ := strings.Cut(text, "/")
	n, err := strconv.ParseInt(requests, 10, 64)
	*c.into = &ratelimit.Quota{Requests: n, Per: ratelimit.Period(per)}
	return err
}

// overrideRow is an override as JSON.
type overrideRow struct {
	KeyRule, AccountRule string `json:",omitempty"`
	Quota                string `json:",omitempty"`
	Until                int64  // Unix milliseconds
	Note                 string `json:",omitempty"`
}

func putOverride(o *keys.Override) any {
	if o == nil {
		return nil
	}
	row := overrideRow{Until: o.Until.UnixMilli(), Note: o.Note}
	row.KeyRule, _ = putRule(o.KeyRateLimit).(string)
	row.AccountRule, _ = putRule(o.RateLimit).(string)
	row.Quota, _ = putQuota(o.Quota).(string)
	text, err := json.Marshal(row)
	if err != nil {
		panic(fmt.Errorf("encode an override: %w", err)) // texts and a number always encode
	}
	return string(text)
}

type overrideColumn struct{ into **keys.Override }

// Scan implements sql.Scanner.
func (c overrideColumn) Scan(v any) error {
	*c.into = nil
	text, ok := v.(string)
	if !ok {
		return nil
	}
	var row overrideRow
	if err := json.Unmarshal([]byte(text), &row); err != nil {
		return err
	}
	o := &keys.Override{Until: time.UnixMilli(row.Until).UTC(), Note: row.Note}
	*c.into = o
	for _, part := range []struct {
		text string
		into sql.Scanner
	}{{row.KeyRule, ruleColumn{&o.KeyRateLimit}}, {row.AccountRule, ruleColumn{&o.RateLimit}}, {row.Quota, quotaColumn{&o.Quota}}} {
		if part.text == "" {
			continue
		}
		if err := part.into.Scan(part.text); err != nil {
			return err
		}
	}
	return nil
}

// moveRow is a move as JSON.
type moveRow struct {
	From string `json:"from"`
	At   int64  `json:"at"` // Unix milliseconds
	By   struct {
		Kind  string `json:"kind"`
		ID    string `json:"id"`
		Name  string `json:"name"`
		KeyID string `json:"key_id"`
	} `json:"by"`
	OwnerID string `json:"owner_id"`
}

func putMove(m *keys.Move) any {
	if m == nil {
		return nil
	}
	row := moveRow{From: m.From, At: m.At.UnixMilli(), OwnerID: m.OwnerID}
	row.By.Kind, row.By.ID, row.By.Name, row.By.KeyID = m.By.Kind, m.By.ID, m.By.Name, m.By.KeyID
	text, err := json.Marshal(row)
	if err != nil {
		panic(fmt.Errorf("encode a move: %w", err)) // texts and a number always encode
	}
	return string(text)
}

type moveColumn struct{ into **keys.Move }

// Scan implements sql.Scanner.
func (c moveColumn) Scan(v any) error {
	*c.into = nil
	text, ok := v.(string)
	if !ok {
		return nil
	}
	var row moveRow
	if err := json.Unmarshal([]byte(text), &row); err != nil {
		return err
	}
	by := audit.Subject{Kind: row.By.Kind, ID: row.By.ID, Name: row.By.Name, KeyID: row.By.KeyID}
	*c.into = &keys.Move{From: row.From, OwnerID: row.OwnerID, At: time.UnixMilli(row.At).UTC(), By: by}
	return nil
}

type hashColumn struct{ into *keys.Hash }

// Scan implements sql.Scanner.
func (c hashColumn) Scan(v any) error { return scanDigest(c.into[:], v) }

// scanDigest copies a digest of exactly the right length.
func scanDigest(into []byte, v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(into) {
		return fmt.Errorf("a digest is kept as %T of another length", v)
	}
	copy(into, b)
	return nil
}

var _ = []sql.Scanner{
	timeColumn{},
	jsonColumn[string]{},
	metadataColumn{},
	ruleColumn{},
	quotaColumn{},
	hashColumn{},
	overrideColumn{},
	moveColumn{},
}
