package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/keys"
)

// Incidents returns the collection of incidents.
func (s *objects) Incidents() keys.Collection[incidents.Incident, keys.NoFilter] {
	return documents(s.engine, "incidents", true, func(n *incidents.Incident) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

// IncidentPages returns the collection of the pages of incidents.
func (s *objects) IncidentPages() keys.Collection[incidents.Page, keys.NoFilter] {
	return documents(s.engine, "incident_pages", false, func(n *incidents.Page) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

// documents is a table of objects that are stored as JSON and found only by their ids.
func documents[T any](s *engine, name string, descending bool, of func(*T) (string, *keys.Stamp)) *table[T, keys.NoFilter] {
	return documentsBy(s, name, "", descending, func(n *T) (string, *keys.Stamp, []any) {
		id, stamp := of(n)
		return id, stamp, nil
	}, func(keys.NoFilter) (c conditions) { return c })
}

// documentsBy is documents with columns by which they are found, too: of returns their
// values.
func documentsBy[T, F any](
	s *engine, name, columns string, descending bool, of func(*T) (string, *keys.Stamp, []any), where func(F) conditions,
) *table[T, F] {
	return &table[T, F]{
		store: s, name: name, descending: descending, where: where,
		columns: names("id revision created_at updated_at " + columns + " data"),
		identify: func(n *T) (string, int64) {
			id, stamp, _ := of(n)
			return id, stamp.Revision
		},
		values: func(n *T) []any {
			id, stamp, found := of(n)
			text, err := json.Marshal(n)
			if err != nil {
				panic(fmt.Errorf("encode %s: %w", id, err)) // these objects always encode
			}
			return append(append(append([]any{id}, stampValues(stamp)...), found...), string(text))
		},
		scan: func(row scanner, n *T) error {
			var id, text string
			var stamp keys.Stamp
			into := append([]any{&id}, stampColumns(&stamp)...)
			for range names(columns) {
				into = append(into, new(any))
			}
			if err := row.Scan(append(into, &text)...); err != nil {
				return err
			}
			err := json.Unmarshal([]byte(text), n)
			_, there, _ := of(n)
			*there = stamp
			return err
		},
	}
}

const (
	nextCreator = "SELECT organization_id, created_by FROM keys INDEXED BY keys_creator WHERE (organization_id, created_by) > (?, ?) ORDER " +
		"BY organization_id, created_by LIMIT 1"
	nextOwner = "SELECT organization_id, owner_id FROM service_accounts INDEXED BY service_accounts_owned WHERE (organization_id, owner_id) " +
		"> (?, ?) ORDER BY organization_id, owner_id LIMIT 1"
)

// Creators returns who created keys. It reads one key of each creator, however many keys
// there are.
func (s *objects) Creators(ctx context.Context, after keys.Creator, limit int) ([]keys.Creator, error) {
	return following(after, limit, func(p *keys.Creator) (bool, error) {
		return s.nextPair(ctx, nextCreator, &p.OrganizationID, &p.ID)
	})
}

// Owners returns who owns service accounts. It reads one account of each owner.
func (s *objects) Owners(ctx context.Context, after keys.Owner, limit int) ([]keys.Owner, error) {
	return following(after, limit, func(p *keys.Owner) (bool, error) {
		return s.nextPair(ctx, nextOwner, &p.OrganizationID, &p.ID)
	})
}

// following lists the places after the given one; next replaces a place by the next.
func following[P any](after P, limit int, next func(*P) (found bool, err error)) (all []P, err error) {
	for len(all) < limit {
		found, err := next(&after)
		if err != nil || !found {
			return all, err
		}
		all = append(all, after)
	}
	return all, nil
}

// nextPair replaces an organization and an id in it by the next pair.
func (s *objects) nextPair(ctx context.Context, text string, organizationID, id *string) (found bool, err error) {
	err = s.reader.rows(ctx, text, []any{*organizationID, *id}, func(row scanner) error {
		found = true
		return row.Scan(organizationID, id)
	})
	return found, known(err)
}
