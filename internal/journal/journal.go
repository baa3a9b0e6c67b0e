// Package journal lets a process append to a store what it has not written to
// rows yet, and lets another process take that over.
package journal

import (
	"context"
	"errors"
	"time"
)

// Store keeps journals: one for each owner, in numbered entries. Owners are ids
// that are made for it; their prefix tells what a journal is of.
type Store interface {
	// WriteJournal appends an entry to the owner's journal, which it creates if
	// needed.
	WriteJournal(ctx context.Context, owner string, at time.Time, e Entry) error
	// TrimJournal removes the owner's entries through the number. The journal
	// goes with the last of them.
	TrimJournal(ctx context.Context, owner string, through int64) error
	// Journals returns when each journal was last written to, by owner.
	Journals(ctx context.Context) (map[string]time.Time, error)
	// ClaimJournal takes over the owner's journal and returns what it holds. It
	// fails with ErrClaimed if the journal was written to since seen.
	ClaimJournal(ctx context.Context, owner string, seen, at time.Time) (Progress, []Entry, error)
}

// ErrClaimed is returned for a journal that somebody else writes to.
var ErrClaimed = errors.New("the journal is somebody else's")

// Entry is one part of a journal, packed by its owner.
type Entry struct {
	Number int64
	Data   []byte
}

// Progress says that of all rows of a journal's entries through the number, in
// their order, so many have been dealt with.
type Progress struct {
	Owner   string // "": there is no journal
	At      time.Time
	Through int64
	Rows    int
}
