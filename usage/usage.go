// Package usage records what verification leaves behind: how often each key,
// service account and organization was verified and with what outcome, which
// scopes were requested, why keys were refused lately, and when, from where and
// by which user agent a key was last used. It gathers this off the hot path in
// a bounded amount of memory, and writes it in batches in the background. Who
// may see it is decided elsewhere.
package usage

import (
	"context"
	"strings"
	"time"

	"github.com/latchkey/latchkey/internal/journal"
)

// Outcome is the number of a verification's code. Numbers are stored, so that
// each keeps its meaning for ever.
type Outcome uint8

// Allowed is the one outcome that lets in. Scopes are counted under it.
const Allowed Outcome = 0

// MaxOutcomes bounds the numbers.
const MaxOutcomes = 16

// Counts is how often each outcome came about.
type Counts [MaxOutcomes]uint64

// Total is the number of verifications, whatever their outcome.
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

// Subject is what was verified. KeyID and AccountID are empty where the key is
// not known; then OrganizationID is that of who asked, or empty.
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
	OfAccount           // of all keys of a service account
	OfOrganization      // of all its keys, and of the unknown ones that it asked about
	OfScope             // of verifications of one key that requested one granted scope
)

// Level is the unit of time that counts are kept by.
type Level uint8

// The levels. Their numbers are stored.
const (
	Minutes Level = iota + 1
	Hours
	Days
)

// Unit is the span of time that one count of the level is for.
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

// String is the name of the unit: minute, hour or day.
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

// Floor is when the unit that holds t begins.
func (l Level) Floor(t time.Time) time.Time { return t.UTC().Truncate(l.Unit()) }

// page is when the page that holds t begins: minutes are kept by the hour,
// hours by the day, days by the month.
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

// Cell is one count of a page: the unit of time since the page's start, and
// the outcome.
type Cell uint16

func cellOf(slot int, o Outcome) Cell { return Cell(slot)*MaxOutcomes + Cell(o) } //nolint:gosec // G115: at most 60 slots

// Page holds the counts of one subject in one hour by the minute, in one day
// by the hour, or in one month by the day. Packing a row like that is what
// keeps the number of rows sane; see docs/decisions/0009.
type Page struct {
	Kind  Kind
	Level Level
	Start time.Time
	Subject
	Scope string // of an OfScope page
	Cells map[Cell]uint64
}

// Owner tells the pages of one kind, level and start apart.
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

// at is the time that the cell is for.
func (p *Page) at(c Cell) time.Time {
	return p.Start.Add(time.Duration(c/MaxOutcomes) * p.Level.Unit())
}

// PageFilter selects pages of one kind and level; other zero fields do not
// restrict.
type PageFilter struct {
	Kind            Kind
	Level           Level
	From, Until     time.Time // of the start of a page: From inclusive, Until exclusive
	OrganizationIDs []string  // nil: all; empty: none
	AccountID       string
	KeyID           string
}

// Store keeps counts and refusals.
type Store interface {
	journal.Store
	// AddUsage adds the counts of the pages to what is stored. Several nodes
	// may add to one page at once. Where progress names a journal, how far it
	// has come is noted with it. When somebody else has taken the journal over
	// nothing is added and the error is journal.ErrClaimed.
	AddUsage(ctx context.Context, pages []Page, progress journal.Progress) error
	// Usage returns at most limit pages, in no order.
	Usage(ctx context.Context, f PageFilter, limit int) ([]Page, error)
	// DeleteUsageBefore removes at most limit pages that start before the time,
	// and returns how many.
	DeleteUsageBefore(ctx context.Context, k Kind, l Level, before time.Time, limit int) (int, error)
	// AddRefusals joins refusals, by key id, with those stored (see Join).
	AddRefusals(ctx context.Context, of map[string][]Refusal) error
	// Refusals returns the last refusals of the key, newest first.
	Refusals(ctx context.Context, keyID string) ([]Refusal, error)
	// DeleteRefusalsBefore removes those of at most limit keys that were not
	// refused since the time, and returns of how many.
	DeleteRefusalsBefore(ctx context.Context, before time.Time, limit int) (int, error)
}

// maxAgent bounds what is kept of a user agent, in bytes.
const maxAgent = 255

// clip returns s as it can be kept: valid UTF-8 of at most so many bytes, not
// a part of some larger text that it would keep in memory.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(s[:min(len(s), most)], "")
	return strings.Clone(strings.ReplaceAll(s, "\x00", ""))
}
