package sqlite

import (
	"context"
	"strings"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

// Statements returns the texts of all that was prepared so far, and of what
// only transactions use.
func (s *Store) Statements() []string {
	all := []string{putTombstone, selectHash, selectCells, updateCells, insertPage, nextCreator, nextOwner, selectRefusals, putRefusals}
	for _, d := range []*database{s.reader, s.writer, s.notes} {
		d.pool.Load().statements.Range(func(text, _ any) bool { all = append(all, text.(string)); return true })
	}
	for _, name := range []string{
		"organizations", "service_accounts", "keys", "tiers", "scopes", "users", "memberships", "tokens", "families",
		"identities", "links", "certificates", "signing_keys", "sealed_keys", "incidents", "incident_pages", "leak_reports",
		"leaks", "exposures",
	} {
		id := "id"
		if name == "tiers" || name == "scopes" {
			id = "name"
		}
		all = append(all, (&table[int, int]{name: name, columns: []string{id}}).deletion())
	}
	return all
}

// Plan returns how SQLite carries the statement out, line by line. Lists that
// were handed over as JSON are left out: they are meant to be read whole.
func (s *Store) Plan(ctx context.Context, text string) (lines []string, err error) {
	rows, err := s.writer.db().QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, make([]any, strings.Count(text, "?"))...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		if !strings.Contains(detail, "VIRTUAL TABLE") && detail != "SCAN CONSTANT ROW" {
			lines = append(lines, detail)
		}
	}
	return lines, rows.Err()
}

// The statements of lists.

func (s *Store) ListKeys(f keys.KeyFilter) string {
	text, _ := s.keyTable().list(f, keys.Page{Limit: 1})
	return text
}

// AheadOf is the statement that counts places in a list.
func (s *Store) AheadOf(f keys.KeyFilter) string {
	text, _ := s.keyTable().ahead(f, keys.Page{Limit: 1})
	return text
}

// TouchKeys is the statement that notes uses.
const TouchKeys = touchKeys

// Opcodes returns the instructions of the program that SQLite makes of the
// statement.
func (s *Store) Opcodes(ctx context.Context, text string) (all []string, err error) {
	rows, err := s.writer.db().QueryContext(ctx, "EXPLAIN "+text, make([]any, strings.Count(text, "?"))...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	for rows.Next() {
		var opcode string
		var rest [7]any
		if err := rows.Scan(&rest[0], &opcode, &rest[1], &rest[2], &rest[3], &rest[4], &rest[5], &rest[6]); err != nil {
			return nil, err
		}
		all = append(all, opcode)
	}
	return all, rows.Err()
}

func (s *Store) ListEvents(f audit.Filter) string {
	text, _ := s.events().list(f, keys.Page{Limit: 1})
	return text
}

func (s *Store) ListOrganizations(f keys.OrganizationFilter) string {
	return listed(s.Organizations(), f)
}

func (s *Store) ListAccounts(f keys.AccountFilter) string { return listed(s.ServiceAccounts(), f) }

func (s *Store) ListMemberships(f auth.MembershipFilter) string { return listed(s.Memberships(), f) }

func (s *Store) ListFamilies(f auth.OwnedFilter) string   { return listed(s.Families(), f) }
func (s *Store) ListIdentities(f auth.OwnedFilter) string { return listed(s.Identities(), f) }

func (s *Store) ListTokens(f auth.OwnedFilter) string {
	text, _ := s.Tokens().(tokenTable).list(f, keys.Page{Limit: 1})
	return text
}

func (s *Store) ListLinks(f auth.LinkFilter) string {
	text, _ := s.Links().(linkTable).list(f, keys.Page{Limit: 1})
	return text
}

func (s *Store) ListCertificates(f auth.CertificateFilter) string {
	text, _ := s.Certificates().(certificateTable).list(f, keys.Page{Limit: 1})
	return text
}

// ListUsage is the statement for pages of usage.
func (s *Store) ListUsage(f usage.PageFilter) string {
	text, _ := listPages(f, 1)
	return text
}

func (s *Store) ListUsers(f auth.UserFilter) string {
	text, _ := s.Users().(userTable).list(f, keys.Page{Limit: 1})
	return text
}

func listed[T, F any](c keys.Collection[T, F], f F) string {
	text, _ := c.(*table[T, F]).list(f, keys.Page{Limit: 1})
	return text
}

// Lock takes the file's one lock for writers, until release.
func (s *Store) Lock(ctx context.Context) (release func() error, err error) {
	tx, err := s.writer.db().BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return tx.Rollback, nil
}
