package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey/latchkey/errs"
)

// scanner reads the records of one file.
type scanner struct {
	ctx     context.Context
	format  Format
	reader  reader
	file    string
	each    func(*record) error
	problem func(Problem) error

	in   *counted
	text *bufio.Reader
}

// scan calls each for the records of a file and problem for what is none. It returns the
// first error of these, of the context, or of opening and reading.
func scan(ctx context.Context, f Format, r reader, file File, each func(*record) error, problem func(Problem) error) error {
	in, err := file.Open()
	if err != nil {
		return fmt.Errorf("open %s: %w", file.Name, err)
	}
	defer in.Close() //nolint:errcheck // only read
	s := &scanner{ctx: ctx, format: f, reader: r, file: file.Name, each: each, problem: problem, in: &counted{in: in, most: -1}}
	s.text = bufio.NewReaderSize(s.in, maxRecord)
	if err := s.run(); err != nil {
		return err
	}
	if s.in.err != nil {
		return fmt.Errorf("read %s: %w", file.Name, s.in.err)
	}
	return nil
}

// counted counts what is read, keeps an error of reading, and refuses to read on when
// most bytes in total have been read.
type counted struct {
	in   io.Reader
	n    int64
	most int64 // -1 for no bound
	err  error
}

func (c *counted) Read(p []byte) (int, error) {
	if c.most >= 0 && c.n >= c.most {
		return 0, errTooLong
	}
	n, err := c.in.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// binaries are the kinds of files that are no text, by how they begin.
var binaries = []struct{ begin, name string }{
	{"\x1f\x8b", "gzip"},
	{"PK\x03\x04", "zip"},
	{"PK\x05\x06", "zip"},
	{"BZh", "bzip2"},
	{"\xfd7zXZ\x00", "xz"},
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"7z\xbc\xaf\x27\x1c", "7z"},
	{"SQLite format 3\x00", "SQLite"},
	{"%PDF-", "PDF"},
	{"\xd0\xcf\x11\xe0", "Excel"},
	{"PAR1", "Parquet"},
	{"\x7fELF", "ELF"},
	{"REDIS0", "Redis RDB"},
	{"PGDMP", "pg_dump"},
}

const byteOrderMark = "\xef\xbb\xbf"

// run tells what the file is by how it begins.
func (s *scanner) run() error {
	begin, err := s.text.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil //nolint:nilerr // s.in has it
	}
	for _, b := range binaries {
		if bytes.HasPrefix(begin, []byte(b.begin)) {
			return s.fail(Place{File: s.file}, errs.Say("import_not_text", "kind", b.name))
		}
	}
	if wide(begin) {
		return s.fail(Place{File: s.file}, errs.Say("import_utf16"))
	}
	if bytes.HasPrefix(begin, []byte(byteOrderMark)) {
		_, _ = s.text.Discard(len(byteOrderMark))
	}
	first, line, err := s.first()
	switch {
	case errors.Is(err, io.EOF):
		return s.fail(Place{File: s.file}, errs.Say("import_empty"))
	case err != nil:
		return nil //nolint:nilerr // s.in has it
	case first == '[':
		return s.stream(false)
	case first == '{':
		return s.json(line)
	case s.format.yaml:
		return s.yaml(line)
	default:
		return s.table(line)
	}
}

// wide reports whether text is in UTF-16 or UTF-32.
func wide(begin []byte) bool {
	if bytes.HasPrefix(begin, []byte("\xff\xfe")) || bytes.HasPrefix(begin, []byte("\xfe\xff")) {
		return true
	}
	return len(begin) >= 4 && bytes.Count(begin, []byte{0}) >= len(begin)/4
}

// first skips white space and returns the byte behind it, which it leaves, and the
// number of its line.
func (s *scanner) first() (c byte, line int, err error) {
	for line = 1; ; {
		c, err := s.text.ReadByte()
		switch {
		case err != nil:
			return 0, line, err
		case c == '\n':
			line++
		case c != ' ' && c != '\t' && c != '\r':
			return c, line, s.text.UnreadByte()
		}
	}
}

// json reads JSON Lines, an object that holds lists, or objects over several lines.
func (s *scanner) json(line int) error {
	begin, err := s.text.Peek(maxRecord)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil //nolint:nilerr // s.in has it
	}
	d := jsontext.NewDecoder(bytes.NewReader(begin), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	object, err := d.ReadValue()
	end := bytes.IndexByte(begin, '\n')
	switch {
	case err == nil && bytes.IndexByte(object, '\n') < 0, err != nil && end > 0 && closed(begin[:end]):
		return s.lines(line)
	case err == nil:
		return s.stream(true)
	case end < 0 && len(begin) == maxRecord:
		return s.longLine(line)
	default:
		return s.stream(false)
	}
}

// closed reports whether a line that does not parse closes all that it opens: one of
// JSON Lines that is broken does, but not the first line of an object over several.
func closed(line []byte) bool {
	_, left := nesting(line)
	return left == 0 && len(bytes.TrimSpace(line)) > 1
}

// fail reports a problem.
func (s *scanner) fail(place Place, fault errs.Text) error {
	return s.problem(Problem{Place: place, Fault: fault})
}

// give hands on a record, or the problem that it is.
func (s *scanner) give(rec *record) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if !rec.fault.IsZero() {
		return s.fail(rec.place, rec.fault)
	}
	return s.each(rec)
}

// object hands on the record that an object is, or those in its lists.
func (s *scanner) object(data []byte, place Place) error {
	rec := parse(data, place)
	if !rec.fault.IsZero() || s.reader.whole(rec) {
		return s.give(rec)
	}
	listed := false
	for _, name := range s.format.lists {
		v, ok := rec.values[name]
		if !ok || v.kind != '[' {
			continue
		}
		listed = true
		for i, element := range rec.elements(v) {
			inner := Place{File: place.File, Line: place.Line, Element: i + 1}
			if err := s.element([]byte(element.text), element.kind, name, inner); err != nil {
				return err
			}
		}
	}
	if listed {
		return nil
	}
	return s.give(rec)
}

// element hands on an element of a list.
func (s *scanner) element(data []byte, kind jsontext.Kind, section string, place Place) error {
	if kind != '{' {
		return s.fail(place, errs.Say("import_not_an_object"))
	}
	rec := parse(data, place)
	rec.section = section
	return s.give(rec)
}
