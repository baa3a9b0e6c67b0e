// Package journal lets a process append to a store what it has not yet written to rows,
// and lets another process take that over.
package journal

import (
	"context"
	"errors"
	"time"
)

// Store stores journals: one per owner, in numbered entries. Each owner is an id made
// for its journal; the prefix tells what kind of journal it is.
type Store interface {
	// WriteJournal appends an entry to the owner's journal, which it creates if
	// needed.
	WriteJournal(ctx context.Context, owner string, at time.Time, e Entry) error
	// TrimJournal removes the owner's entries up to and including the number. Removing the
	// last one removes the journal.
	TrimJournal(ctx context.Context, owner string, through int64) error
	// Journals returns when each journal was last written to, by owner.
	Journals(ctx context.Context) (map[string]time.Time, error)
	// ClaimJournal takes over the owner's journal and returns its content. It fails with
	// ErrClaimed if the journal was written to since seen.
	ClaimJournal(ctx context.Context, owner string, seen, at time.Time) (Progress, []Entry, error)
}

// ErrClaimed is returned for a journal that another owner writes to.
var ErrClaimed = errors.New("the journal is somebody else's")

// Entry is one part of a journal, packed by its owner.
type Entry struct {
	Number int64
	Data   []byte
}

// Progress says how many rows have been processed, of all rows in a journal's entries
// up to and including the number, in order.
type Progress struct {
	Owner   string // "": no journal
	At      time.Time
	Through int64
	Rows    int
}
