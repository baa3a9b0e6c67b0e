package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/internal/journal"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/usage"
)

// journalHead records how far one owner's entries have been moved to pages.
type journalHead struct {
	Owner     string `bson:"_id"`
	WrittenAt int64  `bson:"written_at"` // nanoseconds
	Claimed   bool   `bson:"claimed"`
	Through   int64  `bson:"through"`
	Rows      int    `bson:"rows"`
}

type journalEntry struct {
	ID     string `bson:"_id"`
	Number int64  `bson:"number"`
	Data   []byte `bson:"data"`
}

// entryID begins with the owner, and sorts by number within it.
func entryID(owner string, number int64) string { return fmt.Sprintf("%s %020d", owner, number) }

func entriesThrough(owner string, number int64) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: entryID(owner, 0)}, {Key: "$lte", Value: entryID(owner, number)}}}}
}

const lastEntry = 1<<63 - 1

// WriteJournal appends an entry to the owner's journal.
func (s *counts) WriteJournal(ctx context.Context, owner string, at time.Time, e journal.Entry) error {
	err := s.journals().upsert(ctx, byID(owner), bson.D{
		{Key: "$set", Value: bson.D{{Key: "written_at", Value: at.UnixNano()}}},
		{Key: "$setOnInsert", Value: bson.D{{Key: "claimed", Value: false}, {Key: "through", Value: int64(0)}, {Key: "rows", Value: 0}}},
	})
	if err != nil {
		return err
	}
	return s.entries().insert(ctx, journalEntry{ID: entryID(owner, e.Number), Number: e.Number, Data: e.Data})
}

func (s *counts) journals() documents { return s.in("usage_journals") }

func (s *counts) entries() documents { return s.in("usage_entries") }

// TrimJournal removes the owner's entries up to and including the number. It clears the
// progress first: if the process is killed in between, the next owner of the journal
// counts some rows twice rather than losing any.
func (s *counts) TrimJournal(ctx context.Context, owner string, through int64) error {
	start := set(bson.E{Key: "through", Value: int64(0)}, bson.E{Key: "rows", Value: 0})
	if _, err := s.journals().update(ctx, byID(owner), start); err != nil {
		return err
	}
	if _, err := s.entries().removeAll(ctx, entriesThrough(owner, through)); err != nil {
		return err
	}
	more, err := s.entries().exists(ctx, entriesThrough(owner, lastEntry))
	if err == nil && !more {
		_, err = s.journals().remove(ctx, byID(owner))
	}
	return err
}

// Journals returns when each journal was last written to, by owner.
func (s *counts) Journals(ctx context.Context) (map[string]time.Time, error) {
	found, err := find[journalHead](ctx, s.journals(), bson.D{})
	if err != nil {
		return nil, err
	}
	all := map[string]time.Time{}
	for i := range found {
		all[found[i].Owner] = time.Unix(0, found[i].WrittenAt)
	}
	return all, nil
}

// ClaimJournal takes over the owner's journal.
func (s *counts) ClaimJournal(ctx context.Context, owner string, seen, at time.Time) (p journal.Progress,
	entries []journal.Entry, err error,
) {
	unchanged := bson.D{{Key: "_id", Value: owner}, {Key: "written_at", Value: seen.UnixNano()}}
	var j journalHead
	err = s.journals().take(ctx, unchanged, set(bson.E{Key: "claimed", Value: true}, bson.E{Key: "written_at", Value: at.UnixNano()}), &j)
	if errors.Is(err, errs.NotFound) {
		return p, nil, journal.ErrClaimed
	}
	if err != nil {
		return p, nil, err
	}
	found, err := find[journalEntry](ctx, s.entries(), entriesThrough(owner, lastEntry),
		options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return p, nil, err
	}
	for i := range found {
		entries = append(entries, journal.Entry{Number: found[i].Number, Data: found[i].Data})
	}
	return journal.Progress{Owner: owner, Through: j.Through, Rows: j.Rows}, entries, nil
}

// note sets fields of a journal that nobody else has claimed.
func (s *counts) note(ctx context.Context, owner string, fields bson.D) error {
	ours, err := s.journals().update(ctx, bson.D{{Key: "_id", Value: owner}, {Key: "claimed", Value: false}}, set(fields...))
	if err == nil && !ours {
		return journal.ErrClaimed
	}
	return err
}

// addFrom adds the pages of a journal. If the process is killed before it records that,
// the next owner of the journal adds them again.
func (s *counts) addFrom(ctx context.Context, pages []usage.Page, p journal.Progress) error {
	if err := s.note(ctx, p.Owner, bson.D{{Key: "written_at", Value: p.At.UnixNano()}}); err != nil {
		return err
	}
	if err := s.addPages(ctx, pages); err != nil {
		return err
	}
	return s.note(ctx, p.Owner, bson.D{{Key: "through", Value: p.Through}, {Key: "rows", Value: p.Rows}})
}
