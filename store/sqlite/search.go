package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// Ahead returns the cursor of the key n places after another.
func (t keyTable) Ahead(ctx context.Context, f keys.KeyFilter, after string, n int) (string, error) {
	text, args := t.ahead(f, keys.Page{After: after, Limit: n})
	var k keys.Key
	var at sql.NullInt64
	err := t.store.reader.row(ctx, text, args...).Scan(&k.ID, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", known(err)
	}
	return keys.CursorAt(f.Order, at.Int64, k.ID), nil
}

// ahead returns the statement of a list that skips all but the last row.
func (t keyTable) ahead(f keys.KeyFilter, page keys.Page) (string, []any) {
	text, args := t.list(f, page)
	by := "NULL"
	if f.Order != keys.Newest {
		by = orderedBy(f.Order)
	}
	_, rest, _ := strings.Cut(text, " FROM ")
	last := len(args) - 1
	return "SELECT id, " + by + " FROM " + strings.TrimSuffix(rest, "?") + "1 OFFSET ?", append(slices.Clone(args[:last]), page.Limit-1)
}

// WholeByUse always returns true: an index has the order.
func (keyTable) WholeByUse(context.Context, keys.KeyFilter) (bool, error) { return true, nil }

const (
	// gram is the length, in letters, of the pieces in the index of texts.
	gram = 3
	// mostGrams is the most pieces of a text that are looked up; what they find is
	// compared with the whole text.
	mostGrams = 60
)

const withText = `SELECT id FROM key_texts WHERE number IN (SELECT rowid FROM key_trigrams WHERE key_trigrams MATCH ? LIMIT ?)
	UNION SELECT id FROM (SELECT id FROM keys WHERE id BETWEEN ? AND ? LIMIT ?)`

// WithText searches the index of texts, which holds every three consecutive letters.
func (t keyTable) WithText(ctx context.Context, text string, most int) (found []string, ok bool, err error) {
	pattern := grams(text)
	if pattern == "" {
		return nil, false, nil
	}
	id := ids.Key + strings.TrimPrefix(text, ids.Key)
	err = t.store.reader.rows(ctx, withText, []any{pattern, most + 1, id, id + "~", most + 1}, func(row scanner) error {
		var id string
		err := row.Scan(&id)
		found = append(found, id)
		return err
	})
	if err != nil || len(found) > most {
		return nil, false, known(err)
	}
	return found, true, nil
}

// grams returns the query of the index for texts that contain all pieces of the text, ""
// if the index cannot tell.
func grams(text string) string {
	letters := []rune(text)
	if strings.ContainsRune(text, 0) { // it would end the query
		return ""
	}
	var pieces []string
	for i := 0; i+gram <= len(letters) && i < mostGrams; i++ {
		pieces = append(pieces, `"`+strings.ReplaceAll(string(letters[i:i+gram]), `"`, `""`)+`"`)
	}
	slices.Sort(pieces)
	return strings.Join(slices.Compact(pieces), " AND ")
}
