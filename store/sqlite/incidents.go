package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/latchkey/latchkey/keys"
)

// Incidents returns the collection of incidents.
func (s *Store) Incidents() keys.Collection[keys.Incident, keys.NoFilter] {
	return documents(s, "incidents", true, func(n *keys.Incident) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

// IncidentPages returns the collection of the pages of incidents.
func (s *Store) IncidentPages() keys.Collection[keys.IncidentPage, keys.NoFilter] {
	return documents(s, "incident_pages", false, func(n *keys.IncidentPage) (string, *keys.Stamp) { return n.ID, &n.Stamp })
}

// documents is a table of objects that are kept as JSON and looked for by
// nothing but their ids.
func documents[T any](s *Store, name string, descending bool, of func(*T) (string, *keys.Stamp)) *table[T, keys.NoFilter] {
	return &table[T, keys.NoFilter]{
		store: s, name: name, descending: descending,
		columns: names("id revision created_at updated_at data"),
		identify: func(n *T) (string, int64) {
			id, stamp := of(n)
			return id, stamp.Revision
		},
		values: func(n *T) []any {
			id, stamp := of(n)
			text, err := json.Marshal(n)
			if err != nil {
				panic(fmt.Errorf("encode %s: %w", id, err)) // these objects always encode
			}
			return append(append([]any{id}, stampValues(stamp)...), string(text))
		},
		scan: func(row scanner, n *T) error {
			var id, text string
			var stamp keys.Stamp
			if err := row.Scan(append(append([]any{&id}, stampColumns(&stamp)...), &text)...); err != nil {
				return err
			}
			err := json.Unmarshal([]byte(text), n)
			_, into := of(n)
			*into = stamp
			return err
		},
		where: func(keys.NoFilter) (c conditions) { return c },
	}
}

const nextCreator = "SELECT organization_id, created_by FROM keys INDEXED BY keys_creator WHERE (organization_id, created_by) > (?, ?) ORDER BY organization_id, created_by LIMIT 1"

// Creators returns who made keys. It looks at one key of each, however many
// there are.
func (s *Store) Creators(ctx context.Context, after keys.Creator, limit int) ([]keys.Creator, error) {
	var all []keys.Creator
	for len(all) < limit {
		found := false
		err := s.reader.rows(ctx, nextCreator, []any{after.OrganizationID, after.ID}, func(row scanner) error {
			found = true
			return row.Scan(&after.OrganizationID, &after.ID)
		})
		if err != nil || !found {
			return all, known(err)
		}
		all = append(all, after)
	}
	return all, nil
}
