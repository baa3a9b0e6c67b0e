package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"github.com/latchkey/latchkey/usage"
)

const (
	selectCells = "SELECT cells FROM usage WHERE kind = ? AND level = ? AND start = ? AND owner = ?"
	updateCells = "UPDATE usage SET cells = ? WHERE kind = ? AND level = ? AND start = ? AND owner = ?"
	insertPage  = "INSERT INTO usage (cells, kind, level, start, owner, key_id, service_account_id, organization_id, scope) VALUES (?, ?, " +
		"?, ?, ?, ?, ?, ?, ?)"

	selectRefusals = "SELECT last FROM refusals WHERE key_id = ?"
	putRefusals    = "INSERT OR REPLACE INTO refusals (key_id, refused_at, last) VALUES (?, ?, ?)"
)

// AddUsage adds the counts of the pages to the stored ones and records the progress, all
// of it or nothing. The transaction holds the file's only writer lock from its start, so
// it replaces what it read.
func (s *counts) AddUsage(ctx context.Context, pages []usage.Page, progress journal.Progress) error {
	var prepared [3]*sql.Stmt // before the transaction takes the only connection
	for i, text := range []string{selectCells, updateCells, insertPage} {
		var err error
		if prepared[i], err = s.notes.prepare(ctx, text); err != nil {
			return known(err)
		}
	}
	return known(s.transactBehind(ctx, func(tx *sql.Tx) error {
		var within [3]*sql.Stmt
		for i := range prepared {
			within[i] = tx.StmtContext(ctx, prepared[i])
		}
		for i := range pages {
			if err := addPage(ctx, within, &pages[i]); err != nil {
				return err
			}
		}
		if progress.Owner == "" {
			return nil
		}
		return oneChanged(tx.ExecContext(ctx, noteProgress, progress.At.UnixNano(), progress.Through, progress.Rows, progress.Owner))
	}))
}

func addPage(ctx context.Context, statements [3]*sql.Stmt, p *usage.Page) error {
	read, update, insert := statements[0], statements[1], statements[2]
	page := []any{p.Kind, p.Level, p.Start.Unix(), p.Owner()}
	var packed []byte
	err := read.QueryRowContext(ctx, page...).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = insert.ExecContext(ctx, append(append([]any{usage.PackCells(p.Cells)}, page...), p.KeyID, p.AccountID,
			p.OrganizationID, p.Scope)...)
		return err
	}
	if err != nil {
		return err
	}
	cells, err := usage.UnpackCells(packed)
	if err != nil {
		return err
	}
	for c, n := range p.Cells {
		cells[c] += n
	}
	_, err = update.ExecContext(ctx, append([]any{usage.PackCells(cells)}, page...)...)
	return err
}

// Usage returns at most limit pages.
func (s *counts) Usage(ctx context.Context, f usage.PageFilter, limit int) ([]usage.Page, error) {
	text, args := listPages(f, limit)
	var pages []usage.Page
	err := s.reader.rows(ctx, text, args, func(row scanner) error {
		p := usage.Page{Kind: f.Kind, Level: f.Level}
		var start int64
		var packed []byte
		if err := row.Scan(&start, &p.KeyID, &p.AccountID, &p.OrganizationID, &p.Scope, &packed); err != nil {
			return err
		}
		p.Start = time.Unix(start, 0).UTC()
		var err error
		p.Cells, err = usage.UnpackCells(packed)
		pages = append(pages, p)
		return err
	})
	return pages, known(err)
}

// listPages returns the statement for the pages. Each of its forms names the index that
// leaves the fewest rows.
func listPages(f usage.PageFilter, limit int) (string, []any) {
	c := conditions{}
	from := "usage"
	switch {
	case f.KeyID != "":
		from += " INDEXED BY usage_key"
		c.add("key_id <> ''")
	case f.AccountID != "":
		from += " INDEXED BY usage_account"
		c.add("service_account_id <> ''")
	case f.OrganizationIDs != nil:
		from += " INDEXED BY usage_organization"
	}
	c.equal("key_id", f.KeyID)
	c.equal("service_account_id", f.AccountID)
	c.oneOf("organization_id", f.OrganizationIDs)
	c.add("kind = ?", f.Kind)
	c.add("level = ?", f.Level)
	c.add("start >= ?", f.From.Unix())
	c.add("start < ?", f.Until.Unix())
	return "SELECT start, key_id, service_account_id, organization_id, scope, cells FROM " + from + " WHERE " + c.text() + " LIMIT ?",
		append(c.args, limit)
}

// DeleteUsageBefore removes at most limit pages.
func (s *counts) DeleteUsageBefore(ctx context.Context, k usage.Kind, l usage.Level, before time.Time, limit int) (int, error) {
	n, err := s.writer.exec(ctx, `DELETE FROM usage WHERE kind = ?1 AND level = ?2 AND (start, owner) IN
		(SELECT start, owner FROM usage WHERE kind = ?1 AND level = ?2 AND start < ?3 LIMIT ?4)`, k, l, before.Unix(), limit)
	return int(n), err
}

// MoveUsage moves at most limit pages of the account to another organization.
func (s *counts) MoveUsage(ctx context.Context, accountID, organizationID string, limit int) (int, error) {
	n, err := s.writer.exec(ctx, `UPDATE usage SET organization_id = ?1 WHERE (kind, level, start, owner) IN
		(SELECT kind, level, start, owner FROM usage INDEXED BY usage_account WHERE service_account_id <> '' AND service_account_id = ?2
			AND organization_id <> ?1 LIMIT ?3)`,
		organizationID, accountID, limit)
	return int(n), err
}

// AddRefusals joins refusals with the stored ones.
func (s *counts) AddRefusals(ctx context.Context, of map[string][]usage.Refusal) error {
	return known(s.transactBehind(ctx, func(tx *sql.Tx) error {
		for id, more := range of {
			stored, err := refusalsOf(tx.QueryRowContext(ctx, selectRefusals, id))
			if err != nil {
				return err
			}
			last := usage.Join(stored, more)
			if len(last) == 0 {
				continue
			}
			if _, err := tx.ExecContext(ctx, putRefusals, id, last[0].At.UnixMilli(), putJSON(last)); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Refusals returns the latest refusals of the key, newest first.
func (s *counts) Refusals(ctx context.Context, keyID string) ([]usage.Refusal, error) {
	last, err := refusalsOf(s.reader.row(ctx, selectRefusals, keyID))
	return last, known(err)
}

func refusalsOf(row scanner) (last []usage.Refusal, err error) {
	var text string
	if err := row.Scan(&text); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		return nil, err
	}
	return last, json.Unmarshal([]byte(text), &last)
}

// DeleteRefusalsBefore deletes the refusals of keys that were not refused since.
func (s *counts) DeleteRefusalsBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.writer.exec(ctx, "DELETE FROM refusals WHERE key_id IN (SELECT key_id FROM refusals WHERE refused_at < ? LIMIT ?)",
		before.UnixMilli(), limit)
	return int(n), err
}
