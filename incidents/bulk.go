package incidents

import (
	"context"
	"fmt"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/keys"
)

// strikeAll disables or revokes the keys of the page that are unchanged since they were
// planned, and returns which. After an interruption each key is handled by itself.
func (n *Service) strikeAll(ctx context.Context, a keys.Actor, current *Incident, page *Page, resumed bool) (map[string]bool, error) {
	s := n.Keys
	return n.bulk(ctx, a, "incident."+string(current.Action), page, OutcomeDone, resumed, func(item *Key, k *keys.Key) error {
		switch {
		case item.Outcome != "" || !k.Alive(s.Now()) || (current.Action == Disable && k.Disabled):
			return errAsIs
		case current.Action == Disable:
			k.Disabled = true
		default:
			k.RevokedAt, k.RevokeReason, k.RevokeNote = keys.Moment(s.Now()), current.Reason, current.Note
		}
		return nil
	})
}

// restoreAll enables the keys of the page that are as the incident left them.
func (n *Service) restoreAll(ctx context.Context, a keys.Actor, page *Page, resumed bool) (map[string]bool, error) {
	return n.bulk(ctx, a, "incident.enable", page, OutcomeUndone, resumed, func(item *Key, k *keys.Key) error {
		if item.Outcome != OutcomeDone || !k.Disabled || k.Revision != item.After {
			return errAsIs
		}
		k.Disabled = false
		return nil
	})
}

func (n *Service) bulk(ctx context.Context, a keys.Actor, action string, page *Page, outcome Outcome, resumed bool,
	edit func(*Key, *keys.Key) error,
) (map[string]bool, error) {
	if resumed {
		return nil, nil
	}
	s := n.Keys
	items, wanted := make(map[string]*Key, len(page.Keys)), make([]string, len(page.Keys))
	for i := range page.Keys {
		items[page.Keys[i].ID], wanted[i] = &page.Keys[i], page.Keys[i].ID
	}
	found, err := n.Store.Keys().List(ctx, keys.KeyFilter{IDs: wanted}, keys.Page{Limit: len(wanted)})
	if err != nil {
		return nil, fmt.Errorf("read the keys of page %s: %w", page.ID, err)
	}
	changes, err := s.ReviseKeys(ctx, found, func(k *keys.Key) error { return edit(items[k.ID], k) })
	if err != nil {
		return nil, err
	}
	did := make(map[string]bool, len(changes))
	for i := range changes {
		after := &changes[i].After
		item := items[after.ID]
		item.At, item.Outcome, did[after.ID] = after.UpdatedAt, outcome, true
		if outcome == OutcomeDone {
			item.After = after.Revision
		}
	}
	return did, s.RecordKeys(ctx, changes, func(c *keys.Revised) audit.Change {
		return audit.Change{Subject: a.Subject(), Action: action, Object: c.After.Object(), Before: c.Before, After: c.After}
	})
}
