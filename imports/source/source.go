// Package source reads the keys of other systems from files, in Latchkey's terms. It
// decodes and checks one row at a time, in bounded memory, and reports what cannot be
// taken. It stores nothing, and does not decide what a scope or an owner becomes here.
package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// Row is one key of another system. Rows may share what their pointers and lists refer to.
type Row struct {
	Place        Place
	ID           string // at the source, never a secret or a digest; "" if it has none
	Owner        Owner  // zero: nobody
	Name         string
	Secret       Secret // the key in clear, where the source has it
	Digest       Digest // set if Secret is not
	Prefix       string // public text that every presentation of this key starts with, "" if unknown
	Start, Last4 string // what lists may show, "" if the source does not know it
	Environment  string // "live", "test" or ""
	Scopes       []string
	Tier         string // the name of a plan, "" if it has none
	CreatedAt    time.Time
	ExpiresAt    time.Time
	ExpiresIn    time.Duration // counted from when the source wrote the file, if it tells no time
	NotBefore    time.Time
	LastUsedAt   time.Time
	RevokedAt    time.Time
	Revoked      bool // revoked, perhaps at an unknown time
	Disabled     bool
	RateLimit    *ratelimit.Rule
	Quota        *ratelimit.Quota
	Networks     []netip.Prefix
	Metadata     json.RawMessage // an object, or nil
	Notes        []errs.Text     // what could not be moved, and why
}

// String does not show the key.
func (r Row) String() string { return fmt.Sprintf("key %q at %s", r.ID, r.Place) }

// LogValue does not show the key.
func (r Row) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", r.ID), slog.String("place", r.Place.String()))
}

// Owner is who owns a key at the source.
type Owner struct {
	ID   string // unique among the owners of one source, such as "user:7"
	Name string // "" if unknown
}

// Place is where something is in the files.
type Place struct {
	File    string
	Line    int // from 1, or 0 if unknown
	Element int // the number of the element in a list, from 1, or 0
}

// String returns "file:line", "file#element" or "file".
func (p Place) String() string {
	switch {
	case p.Line > 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	case p.Element > 0:
		return fmt.Sprintf("%s#%d", p.File, p.Element)
	default:
		return p.File
	}
}

// Problem is a row, or a whole file, that cannot be taken, and why.
type Problem struct {
	Place Place
	ID    string // the row's, if it is known
	Fault errs.Text
}

// File is one file to read. Read opens it several times.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Format is a kind of source.
type Format struct {
	Name  string
	About string // a sentence in English for --help

	lists  []string // names of members that hold lists of records
	yaml   bool     // text that is not JSON is YAML, not CSV
	nested string   // elements of YAML that have this text need not be gathered
	skip   string   // elements of YAML that have this text are not read
	start  func() reader
}

// Formats returns all formats in the order in which help lists them.
func Formats() []Format {
	return []Format{djangoFormat, unkeyFormat, betterAuthFormat, kongFormat, awsFormat, tykFormat, apisixFormat, csvFormat, jsonlFormat}
}

// reader turns the records of one import into rows.
type reader interface {
	// gather is called with every record before the first take. It keeps what rows
	// refer to.
	gather(rec *record) error
	// take adds the rows of a record to out.
	take(rec *record, out *output)
	// single reports whether gather keeps nothing, so that one pass is enough.
	single() bool
	// whole reports whether an object is one record although it has a list.
	whole(rec *record) bool
}

// output collects what one record holds.
type output struct {
	rows     []Row
	problems []Problem
	known    bool // the record is of a kind that the format knows
}

func (o *output) problem(rec *record, id string, fault errs.Text) {
	o.problems = append(o.problems, Problem{rec.place, id, fault})
}

// Read calls yield for each row and problem for whatever cannot be taken. It returns
// the first error of these two, and otherwise an error only for what ends the import: a
// file that cannot be opened or read, a format that does not exist (errs.Invalid), or
// ctx that is done. Problems of what keys refer to, such as a limit, come before all rows.
func Read(ctx context.Context, format string, files []File, yield func(Row) error, problem func(Problem) error) error {
	for _, f := range Formats() {
		if f.Name == format {
			return f.read(ctx, files, yield, problem)
		}
	}
	return errs.New(errs.Invalid, "import_format_unknown", "formats", names(Formats()))
}

func names(formats []Format) (all []string) {
	for _, f := range formats {
		all = append(all, f.Name)
	}
	return all
}

func (f Format) read(ctx context.Context, files []File, yield func(Row) error, problem func(Problem) error) error {
	r := f.start()
	if !r.single() {
		if err := f.gather(ctx, r, files, problem); err != nil {
			return err
		}
	}
	for _, file := range files {
		if err := f.rows(ctx, r, file, yield, problem); err != nil {
			return err
		}
	}
	return nil
}

// gather lets the reader keep what rows refer to. What is no record at all is left to the
// second pass.
func (f Format) gather(ctx context.Context, r reader, files []File, problem func(Problem) error) error {
	keep := func(rec *record) error {
		if err := r.gather(rec); err != nil || rec.fault.IsZero() {
			return err
		}
		return problem(Problem{Place: rec.place, Fault: rec.fault})
	}
	f.skip = f.nested
	for _, file := range files {
		if err := scan(ctx, f, r, file, keep, func(Problem) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// rows reads one file. A file in which nothing is recognized is a problem, because it
// is probably of another format.
func (f Format) rows(ctx context.Context, r reader, file File, yield func(Row) error, problem func(Problem) error) error {
	known := false
	tell := func(p Problem) error {
		known = true
		return problem(p)
	}
	take := func(rec *record) error {
		var out output
		r.take(rec, &out)
		known = known || out.known
		if !rec.fault.IsZero() && len(out.problems) == 0 { // beside its rows, such as in a limit of all of them
			out.rows = nil
			out.problem(rec, "", rec.fault)
		}
		for _, p := range out.problems {
			if err := tell(p); err != nil {
				return err
			}
		}
		for _, row := range out.rows {
			if err := give(row, yield, tell); err != nil {
				return err
			}
		}
		return nil
	}
	if err := scan(ctx, f, r, file, take, tell); err != nil {
		return err
	}
	if !known {
		return problem(Problem{Place: Place{File: file.Name}, Fault: errs.Say("import_nothing_found", "format", f.Name)})
	}
	return nil
}

func give(row Row, yield func(Row) error, problem func(Problem) error) error {
	if fault := row.check(); !fault.IsZero() {
		return problem(Problem{row.Place, row.ID, fault})
	}
	return yield(row)
}

// errTooLong is returned by readers that have to hold more than maxRecord bytes at once.
var errTooLong = errors.New("longer than a record may be")
