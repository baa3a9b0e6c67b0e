package feed

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

const (
	ownersKept = 50_000    // keys whose owners are cached
	oldest     = time.Hour // what was counted earlier counts as of then
	mostCount  = 1 << 30   // of one outcome in one message
	maxDetail  = 2 << 10   // bytes of the reason for a refusal
)

// owners caches who owns keys, so that an edge cannot count for keys of others.
type owners struct {
	get  func(ctx context.Context, id string) (keys.Key, error)
	kept *lru.Cache[string, usage.Subject]
}

func newOwners(get func(context.Context, string) (keys.Key, error)) (*owners, error) {
	kept, err := lru.New[string, usage.Subject](ownersKept)
	return &owners{get: get, kept: kept}, err
}

// counts remembers which messages were counted and what edges may see, including those
// that have not asked for long. An edge whose answer was lost sends its message again when
// it is back.
type counts struct {
	mu   sync.Mutex
	kept *lru.Cache[countsOf, *counted]
}

// countsOf identifies an edge and its owner, so that nobody spoils the counts of others.
type countsOf struct{ owner, edge string }

type counted struct {
	mu    sync.Mutex
	batch uint64 // the last batch counted

	reach sync.Mutex // guards the fields below
	known bool       // whether sees is
	sees  string     // see Feed.Changes
	since uint64     // the place after which that holds
}

func newCounts() (*counts, error) {
	kept, err := lru.New[countsOf, *counted](2 * mostEdges)
	return &counts{kept: kept}, err
}

func (c *counts) of(owner, edge string) *counted {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.kept.Get(countsOf{owner, edge}); ok {
		return known
	}
	made := &counted{}
	c.kept.Add(countsOf{owner, edge}, made)
	return made
}

// of returns the key's owner, or errs.NotFound for a key that is gone or that the actor
// may not feed to an edge.
func (o *owners) of(ctx context.Context, by keys.Actor, keyID string) (usage.Subject, error) {
	s, known := o.kept.Get(keyID)
	if !known {
		k, err := o.get(ctx, keyID)
		if err != nil {
			return s, err
		}
		s = usage.Subject{KeyID: k.ID, AccountID: k.ServiceAccountID, OrganizationID: k.OrganizationID}
		o.kept.Add(keyID, s)
	}
	if !by.May(keys.EdgeKeys, s.OrganizationID) {
		return s, errs.NotFound
	}
	return s, nil
}

// Count adds what an edge has decided. It skips keys that are gone or that the edge may
// not see.
func (f *Feed) Count(ctx context.Context, by keys.Actor, owner, organizationID string, told edgewire.Usage) error {
	if len(told.Tallies) > usage.MostTallied || len(told.Uses) > edgewire.MostUses || len(told.Refusals) > edgewire.MostRefused ||
		len(told.Plain) > edgewire.MostPlain {
		return errs.New(errs.Invalid, "edge_message")
	}
	if !ids.Valid(ids.Edge, told.Edge.ID) {
		return errs.New(errs.Invalid, "edge_message")
	}
	edge := f.counts.of(owner, told.Edge.ID)
	edge.mu.Lock()
	defer edge.mu.Unlock()
	if told.Batch <= edge.batch {
		return nil
	}
	c := &counting{Feed: f, by: by, now: f.c.Now().UTC(), organizationID: organizationID}
	if err := c.find(ctx, &told); err != nil {
		return err
	}
	c.add(&told)
	edge.batch = told.Batch
	return nil
}

// counting is one message being counted: all of it, or nothing.
type counting struct {
	*Feed
	by             keys.Actor
	now            time.Time
	organizationID string // of the edge's key
	owners         map[string]usage.Subject
}

// find looks up the owners of the message's keys.
func (c *counting) find(ctx context.Context, told *edgewire.Usage) error {
	c.owners = map[string]usage.Subject{}
	look := func(id string) error {
		if _, known := c.owners[id]; known || id == "" {
			return nil
		}
		s, err := c.Feed.owners.of(ctx, c.by, id)
		if errors.Is(err, errs.NotFound) {
			return nil
		}
		c.owners[id] = s
		return err
	}
	var faults []error
	for i := range told.Tallies {
		faults = append(faults, look(told.Tallies[i].KeyID))
	}
	for id := range told.Uses {
		faults = append(faults, look(id))
	}
	for id := range told.Refusals {
		faults = append(faults, look(id))
	}
	for _, id := range told.Plain {
		faults = append(faults, look(id))
	}
	return errors.Join(faults...)
}

func (c *counting) add(told *edgewire.Usage) {
	var tallies []usage.Tally
	for _, t := range told.Tallies {
		if t.KeyID == "" { // unknown keys
			t.Subject, t.Scopes = usage.Subject{OrganizationID: c.organizationID}, nil
		} else if s, known := c.owners[t.KeyID]; known {
			t.Subject = s
		} else {
			continue
		}
		tallies = append(tallies, c.sane(t))
	}
	c.c.Recorder.Add(tallies)
	for _, id := range told.Plain {
		if _, known := c.owners[id]; known {
			c.c.Plain(id)
		}
	}
	for id, use := range told.Uses {
		if _, known := c.owners[id]; known {
			use.At = c.within(use.At)
			if _, err := netip.ParseAddr(use.Address); err != nil {
				use.Address = ""
			}
			c.c.LastUsed(id, use)
		}
	}
	for id, refusals := range told.Refusals {
		if _, known := c.owners[id]; !known {
			continue
		}
		for _, one := range refusals[:min(len(refusals), usage.MostRefusals)] {
			if one.At = c.within(one.At); one.Outcome < usage.MaxOutcomes && short(one) {
				one.Method, one.Path = c.c.Verifier.Shown(one.Method, one.Path) // another edge, or an older one, may not have cut it
				c.c.Meter.Refuse(id, one)
			}
		}
	}
}

// sane limits what a wrong clock, or a faulty edge, can do to the counts.
func (c *counting) sane(t usage.Tally) usage.Tally {
	t.At = c.within(t.At)
	for o := range t.Counts {
		t.Counts[o] = min(t.Counts[o], mostCount)
	}
	for name, n := range t.Scopes {
		if len(t.Scopes) > keys.MaxScopes || !keys.ValidGrant(name) {
			delete(t.Scopes, name)
			continue
		}
		t.Scopes[name] = min(n, mostCount)
	}
	return t
}

// short reports whether a refusal says no more than a verdict does.
func short(one usage.Refusal) bool {
	said, err := json.Marshal(one.Said)
	return err == nil && len(one.Detail)+len(said) <= maxDetail
}

func (c *counting) within(at time.Time) time.Time {
	switch {
	case at.After(c.now):
		return c.now
	case at.Before(c.now.Add(-oldest)):
		return c.now.Add(-oldest)
	default:
		return at
	}
}
