// Package usage records the use of keys: how often each key, service account and
// organization was verified and with what outcome, which scopes were requested, why
// keys were refused lately, and when, from where and by which user agent a key was
// last used. It collects this off the hot path in bounded memory, and writes it in
// batches in the background. Who may see it is decided elsewhere.
package usage

import (
	"context"
	"strings"
	"time"

	"github.com/latchkey/latchkey/internal/journal"
)

// Outcome is the number of a verification's code. Numbers are stored, so their meaning
// never changes.
type Outcome uint8

// Allowed is the one outcome that grants access. Scopes are counted under it.
const Allowed Outcome = 0

// MaxOutcomes is the number of outcomes that can be counted.
const MaxOutcomes = 16

// Counts is the number of verifications by outcome.
type Counts [MaxOutcomes]uint64

// Total returns the number of verifications, whatever their outcome.
func (c *Counts) Total() (n uint64) {
	for _, one := range c {
		n += one
	}
	return n
}

func (c *Counts) add(more *[MaxOutcomes]uint32) {
	for i, n := range more {
		c[i] += uint64(n)
	}
}

// Subject is what was verified. KeyID and AccountID are empty if the key is unknown;
// OrganizationID is then the caller's, or empty.
type Subject struct {
	KeyID          string `json:"key_id"`
	AccountID      string `json:"service_account_id"`
	OrganizationID string `json:"organization_id"`
}

// Kind says whose counts a Page holds.
type Kind uint8

// The kinds. Their numbers are stored.
const (
	OfKey          Kind = iota + 1
	OfAccount           // all keys of a service account
	OfOrganization      // all its keys, and the unknown ones that it asked about
	OfScope             // verifications of one key that requested one granted scope
)

// Level is the unit of time that counts are kept by.
type Level uint8

// The levels. Their numbers are stored.
const (
	Minutes Level = iota + 1
	Hours
	Days
)

// Unit returns the span of time that one count of the level covers.
func (l Level) Unit() time.Duration {
	switch l {
	case Minutes:
		return time.Minute
	case Hours:
		return time.Hour
	default:
		return 24 * time.Hour
	}
}

// String returns the name of the unit: minute, hour or day.
func (l Level) String() string {
	switch l {
	case Minutes:
		return "minute"
	case Hours:
		return "hour"
	default:
		return "day"
	}
}

// Floor returns the start of the unit that contains t.
func (l Level) Floor(t time.Time) time.Time { return t.UTC().Truncate(l.Unit()) }

// page returns the start of the page that contains t: a page has the minutes of an
// hour, the hours of a day, or the days of a month.
func (l Level) page(t time.Time) time.Time {
	t = t.UTC()
	switch l {
	case Minutes:
		return t.Truncate(time.Hour)
	case Hours:
		return t.Truncate(24 * time.Hour)
	default:
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
}

// Cell is one count of a page: the number of units since the page's start, and the
// outcome.
type Cell uint16

func cellOf(slot int, o Outcome) Cell { return Cell(slot)*MaxOutcomes + Cell(o) } //nolint:gosec // G115: at most 60 slots

// Page holds the counts of one subject in one hour by minute, in one day by hour, or in
// one month by day. Packing them into one row keeps the number of rows low; see
// docs/decisions/0009.
type Page struct {
	Kind  Kind
	Level Level
	Start time.Time
	Subject
	Scope string // of an OfScope page
	Cells map[Cell]uint64
}

// Owner identifies a page among those of one kind, level and start.
func (p *Page) Owner() string {
	switch p.Kind {
	case OfKey:
		return p.KeyID
	case OfAccount:
		return p.AccountID
	case OfOrganization:
		return p.OrganizationID
	default:
		return p.KeyID + " " + p.Scope
	}
}

// at returns the time that the cell covers.
func (p *Page) at(c Cell) time.Time {
	return p.Start.Add(time.Duration(c/MaxOutcomes) * p.Level.Unit())
}

// PageFilter selects pages of one kind and level. Other zero fields do not restrict.
type PageFilter struct {
	Kind            Kind
	Level           Level
	From, Until     time.Time // of the page's start: From inclusive, Until exclusive
	OrganizationIDs []string  // nil: all; empty: none
	AccountID       string
	KeyID           string
}

// Store keeps counts and refusals.
type Store interface {
	journal.Store
	// AddUsage adds the counts of the pages to the stored ones. Several nodes may add
	// to one page at once. If progress names a journal, its progress is recorded in
	// the same write. If another owner has claimed the journal, nothing is added and
	// the error is journal.ErrClaimed.
	AddUsage(ctx context.Context, pages []Page, progress journal.Progress) error
	// Usage returns at most limit pages, in any order.
	Usage(ctx context.Context, f PageFilter, limit int) ([]Page, error)
	// DeleteUsageBefore deletes at most limit pages that start before the time, and
	// returns how many.
	DeleteUsageBefore(ctx context.Context, k Kind, l Level, before time.Time, limit int) (int, error)
	// AddRefusals joins refusals, by key id, with the stored ones (see Join).
	AddRefusals(ctx context.Context, of map[string][]Refusal) error
	// Refusals returns the latest refusals of the key, newest first.
	Refusals(ctx context.Context, keyID string) ([]Refusal, error)
	// DeleteRefusalsBefore deletes the refusals of at most limit keys that were not
	// refused since the time, and returns how many keys that were.
	DeleteRefusalsBefore(ctx context.Context, before time.Time, limit int) (int, error)
}

// maxAgent is the most bytes kept of a user agent.
const maxAgent = 255

// clip returns s as it can be stored: valid UTF-8 of at most that many bytes, and not
// part of a larger text that it would keep in memory.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(s[:min(len(s), most)], "")
	return strings.Clone(strings.ReplaceAll(s, "\x00", ""))
}
