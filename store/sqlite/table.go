package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// table implements keys.Collection for one kind of object. The first column is its id,
// the second its revision.
type table[T, F any] struct {
	store      *engine
	name       string
	columns    []string
	descending bool // newest id first
	identify   func(*T) (id string, revision int64)
	values     func(*T) []any // in the order of columns
	scan       func(scanner, *T) error
	where      func(F) conditions
	untouched  []string // columns that Replace leaves alone
	// tombstone is set if other nodes cache the objects. It returns the digest for the
	// tombstone, or nil.
	tombstone func(ctx context.Context, tx *sql.Tx, id string) (hash any, err error)
}

// conditions collects the parts of a WHERE clause, all of which must hold. The index is
// searched by the first equal or oneOf, so the one that leaves the fewest rows comes
// first.
type conditions struct {
	parts   []string
	args    []any
	indexed bool
	index   string // the index to use, or "" to let the planner choose
}

// search returns the column for a comparison. If no index is named, only the first
// comparison can use an index, which keeps the planner from choosing another.
func (c *conditions) search(column string) string {
	if c.indexed && c.index == "" {
		return "+" + column
	}
	c.indexed = true
	return column
}

// use names the partial index that holds the listed rows, unless an earlier part leaves
// fewer rows.
func (c *conditions) use(index string) {
	if !c.indexed {
		c.index, c.indexed = index, true
	}
}

func (c *conditions) add(part string, args ...any) {
	c.parts = append(c.parts, part)
	c.args = append(c.args, args...)
}

// equal adds column = value unless the value is empty.
func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(c.search(column)+" = ?", value)
	}
}

// oneOf restricts the column to the values; nil does not restrict. The text is the same
// for any number of values, so it is prepared once.
func (c *conditions) oneOf(column string, values []string) {
	switch {
	case values == nil:
	case len(values) == 1:
		c.add(c.search(column)+" = ?", values[0])
	default:
		c.add(c.search(column)+" IN (SELECT value FROM json_each(?))", putJSON(values))
	}
}

// from returns the table, and the index if one is named.
func (c *conditions) from(table string) string {
	if c.index == "" {
		return table
	}
	return table + " INDEXED BY " + c.index
}

func (c *conditions) text() string { return strings.Join(c.parts, " AND ") }

func (c *conditions) contains(text string) {
	if text != "" {
		c.add("instr(search, ?) > 0", text)
	}
}

func (t *table[T, F]) Insert(ctx context.Context, object T) error {
	_, err := t.store.writer.exec(ctx, t.insertion(), t.values(&object)...)
	return err
}

// InsertAll is Insert for many objects, in one transaction.
func (t *table[T, F]) InsertAll(ctx context.Context, all []T) (taken []string, err error) {
	insert, err := t.store.writer.prepare(ctx, t.insertion()+unlessTaken) // before the transaction takes the only connection
	if err != nil {
		return nil, known(err)
	}
	err = t.store.transact(ctx, func(tx *sql.Tx) error {
		statement := tx.StmtContext(ctx, insert)
		for i := range all {
			stored, err := changes(ctx, statement, t.values(&all[i]))
			if err != nil {
				return err
			}
			if !stored {
				id, _ := t.identify(&all[i])
				taken = append(taken, id)
			}
		}
		return nil
	})
	return taken, known(err)
}

const unlessTaken = " ON CONFLICT DO NOTHING"

// changes reports whether the statement, of a transaction that ends with ctx, changed a row.
func changes(ctx context.Context, statement *sql.Stmt, args []any) (bool, error) {
	// The driver starts a goroutine for each call with a context that can end.
	result, err := statement.ExecContext(context.WithoutCancel(ctx), args...)
	if err != nil {
		return false, cmp.Or(ctx.Err(), err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// Names of tables and columns are this package's own, never a caller's.

func (t *table[T, F]) insertion() string {
	return "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
}

func (t *table[T, F]) deletion() string {
	return "DELETE FROM " + t.name + " WHERE " + t.columns[0] + " = ? AND revision = ?"
}

func (t *table[T, F]) Get(ctx context.Context, id string) (T, error) {
	return t.one(ctx, t.columns[0]+" = ?", id)
}

func (t *table[T, F]) one(ctx context.Context, condition string, args ...any) (object T, err error) {
	row := t.store.reader.row(ctx, "SELECT "+strings.Join(t.columns, ", ")+" FROM "+t.name+" WHERE "+condition, args...)
	return object, known(t.scan(row, &object))
}

func (t *table[T, F]) Replace(ctx context.Context, object T) error {
	text, args := t.replacement(&object)
	changed, err := t.store.writer.exec(ctx, text, args...)
	if err != nil || changed == 1 {
		return err
	}
	id, _ := t.identify(&object)
	return t.lost(ctx, id)
}

// replacement returns the statement of Replace. The text is the same for every object.
func (t *table[T, F]) replacement(object *T) (text string, args []any) {
	id, revision := t.identify(object)
	values := t.values(object)
	var set []string
	for i, column := range t.columns[1:] {
		if !slices.Contains(t.untouched, column) {
			set, args = append(set, column+" = ?"), append(args, values[i+1])
		}
	}
	text = "UPDATE " + t.name + " SET " + strings.Join(set, ", ") + " WHERE " + t.columns[0] + " = ? AND revision = ?"
	return text, append(args, id, revision-1)
}

// ReplaceAll is Replace for many objects, in one transaction. It returns the ids of
// objects that changed or were deleted meanwhile.
func (t *table[T, F]) ReplaceAll(ctx context.Context, all []T) (left []string, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	text, _ := t.replacement(&all[0])
	update, err := t.store.writer.prepare(ctx, text) // before the transaction takes the only connection
	if err != nil {
		return nil, known(err)
	}
	err = t.store.transact(ctx, func(tx *sql.Tx) error {
		statement := tx.StmtContext(ctx, update)
		for i := range all {
			_, args := t.replacement(&all[i])
			replaced, err := changes(ctx, statement, args)
			if err != nil {
				return err
			}
			if !replaced {
				id, _ := t.identify(&all[i])
				left = append(left, id)
			}
		}
		return nil
	})
	return left, known(err)
}

// lost returns why a write at a revision found no row.
func (t *table[T, F]) lost(ctx context.Context, id string) error {
	if _, err := t.Get(ctx, id); err != nil {
		return err
	}
	return errs.New(errs.Stale, "stale")
}

func (t *table[T, F]) Delete(ctx context.Context, id string, revision int64) error {
	var gone bool
	err := t.store.transact(ctx, func(tx *sql.Tx) error {
		if t.tombstone != nil {
			hash, err := t.tombstone(ctx, tx, id)
			if err != nil {
				return err
			}
			if err := noteDeletion(ctx, tx, id, hash); err != nil {
				return err
			}
		}
		result, err := tx.ExecContext(ctx, t.deletion(), id, revision)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		gone = n == 1
		if err == nil && !gone {
			return errNotDeleted
		}
		return err
	})
	if !gone && (err == nil || errors.Is(err, errNotDeleted) || errors.Is(err, sql.ErrNoRows)) {
		return t.lost(ctx, id)
	}
	return known(err)
}

var errNotDeleted = errors.New("no row at this revision")

func (t *table[T, F]) List(ctx context.Context, filter F, page keys.Page) ([]T, error) {
	text, args := t.list(filter, page)
	return t.rows(ctx, text, args, page.Limit)
}

func (t *table[T, F]) rows(ctx context.Context, text string, args []any, most int) ([]T, error) {
	objects := make([]T, 0, min(most, 64))
	err := t.store.reader.rows(ctx, text, args, func(row scanner) error {
		var object T
		if err := t.scan(row, &object); err != nil {
			return err
		}
		objects = append(objects, object)
		return nil
	})
	return objects, known(err)
}

// list returns the statement of one page. It always contains the bound on the id, so that
// even an unfiltered list is a search in the primary key.
func (t *table[T, F]) list(filter F, page keys.Page) (string, []any) {
	c := t.where(filter)
	id, direction := t.columns[0], ""
	if t.descending {
		direction = " DESC"
		after := page.After
		if after == "" {
			after = "~" // after every id
		}
		c.add(id+" < ?", after)
	} else {
		c.add(id+" > ?", page.After)
	}
	text := "SELECT " + strings.Join(t.columns, ", ") + " FROM " + c.from(t.name) + " WHERE " + c.text() + " ORDER BY " + id +
		direction + " LIMIT ?"
	return text, append(c.args, page.Limit)
}
