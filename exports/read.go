package exports

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/keys"
)

// Read stores what an export has and the store has not, and counts it by kind. Objects
// that exist stay as they are, so that a second run continues an interrupted one. The error
// is errs.Invalid for a file that is no export, or not whole: what comes before is stored.
func Read(ctx context.Context, s Store, brand string, r io.Reader) (stored, there map[Kind]int, err error) {
	in := &reader{ctx: ctx, brand: brand, stored: map[Kind]int{}, there: map[Kind]int{}, now: time.Now}
	in.kinds = in.loaders(s)
	err = in.read(r)
	return in.stored, in.there, err
}

type reader struct {
	ctx           context.Context //nolint:containedctx // of the one call of Read
	brand         string
	kinds         map[Kind]loader
	at            Kind
	number        int
	seen          map[Kind]int
	stored, there map[Kind]int
	now           func() time.Time
}

// loader stores objects of one kind.
type loader struct {
	add   func(object json.RawMessage) error
	flush func() error
}

// batchSize is how many objects are stored at once.
const batchSize = 2000

// into returns a loader that stores objects W as T.
func into[T, W any](in *reader, kind Kind, stored func(*W) (T, error), insert func(context.Context, []T) ([]string, error)) loader {
	var batch []T
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		taken, err := insert(in.ctx, batch)
		if err != nil {
			return fmt.Errorf("store %s: %w", kind, err)
		}
		in.stored[kind] += len(batch) - len(taken)
		in.there[kind] += len(taken)
		batch = nil
		return nil
	}
	add := func(object json.RawMessage) error {
		var w W
		d := json.NewDecoder(bytes.NewReader(object))
		d.DisallowUnknownFields()
		if err := d.Decode(&w); err != nil {
			return in.badLine()
		}
		one, err := stored(&w)
		if errors.Is(err, errNoHash) {
			return errs.New(errs.Invalid, "export_without_hashes", "line", in.number)
		}
		if err != nil {
			return in.badLine()
		}
		if batch = append(batch, one); len(batch) < batchSize {
			return nil
		}
		return flush()
	}
	return loader{add, flush}
}

func (in *reader) loaders(s Store) map[Kind]loader {
	return map[Kind]loader{
		Tiers:         into(in, Tiers, (*tier).stored, s.Tiers().InsertAll),
		Scopes:        into(in, Scopes, (*scope).stored, s.Scopes().InsertAll),
		Organizations: into(in, Organizations, (*organization).stored, s.Organizations().InsertAll),
		Users:         into(in, Users, (*user).stored, s.Users().InsertAll),
		Memberships:   into(in, Memberships, (*membership).stored, s.Memberships().InsertAll),
		Accounts:      into(in, Accounts, (*account).stored, s.ServiceAccounts().InsertAll),
		Certificates:  into(in, Certificates, (*certificate).stored, s.Certificates().InsertAll),
		Keys:          into(in, Keys, (*key).stored, s.LoadKeys),
		Shapes: into(in, Shapes, func(w *shapes) (imports.Shapes, error) {
			return imports.Shapes{Stamp: keys.NewStamp(in.now()), ID: imports.ShapesID, Shapes: w.Shapes}, nil
		}, func(ctx context.Context, all []imports.Shapes) ([]string, error) {
			return addShapes(ctx, s, all, in.now)
		}),
	}
}

// addShapes adds shapes to those that the store has, without which the keys would be
// malformed.
func addShapes(ctx context.Context, s Store, records []imports.Shapes, now func() time.Time) (taken []string, err error) {
	for _, one := range records {
		_, first, err := imports.AddShapes(ctx, s.KeyShapes(), one.Shapes, now)
		if err != nil {
			return nil, err
		}
		if !first {
			taken = append(taken, one.ID)
		}
	}
	return taken, nil
}

func (in *reader) badLine() error { return errs.New(errs.Invalid, "export_line", "line", in.number) }

func (in *reader) cutOff() error { return errs.New(errs.Invalid, "export_cut_off", "line", in.number) }

func (in *reader) read(r io.Reader) error {
	in.seen = map[Kind]int{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, mostLineLength)
	ended := false
	for lines.Scan() {
		in.number++
		if err := in.ctx.Err(); err != nil {
			return err
		}
		if ended {
			return in.badLine()
		}
		var err error
		if ended, err = in.line(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return in.badLine()
	} else if err != nil {
		return fmt.Errorf("read the export: %w", err)
	}
	if err := in.settle(); err != nil {
		return err
	}
	if !ended {
		return in.cutOff()
	}
	return nil
}

// line takes one line, and reports whether it is the last.
func (in *reader) line(text []byte) (ended bool, err error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return false, in.badLine()
	}
	switch {
	case in.number == 1:
		return false, in.head(&l)
	case l.Type == Tail:
		return true, in.tail(&l)
	}
	kind, ok := in.kinds[l.Type]
	if !ok {
		return false, in.badLine()
	}
	if l.Type != in.at { // what it refers to comes first
		if err := in.settle(); err != nil {
			return false, err
		}
		in.at = l.Type
	}
	in.seen[l.Type]++
	return false, kind.add(l.Object)
}

func (in *reader) settle() error {
	if in.at == "" {
		return nil
	}
	return in.kinds[in.at].flush()
}

func (in *reader) head(l *line) error {
	var h head
	if err := json.Unmarshal(l.Object, &h); l.Type != Head || err != nil || h.Version < 1 {
		return errs.New(errs.Invalid, "export_not_one")
	}
	if h.Version > Version {
		return errs.New(errs.Invalid, "export_newer", "version", h.Version, "most", Version)
	}
	if h.Brand != in.brand {
		return errs.New(errs.Invalid, "export_brand", "theirs", h.Brand, "ours", in.brand)
	}
	return nil
}

func (in *reader) tail(l *line) error {
	var t tail
	if err := json.Unmarshal(l.Object, &t); err != nil || !maps.Equal(t.Count, in.seen) {
		return in.cutOff()
	}
	return nil
}
