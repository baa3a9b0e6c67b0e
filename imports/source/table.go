package source

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/latchkey/latchkey/errs"
)

// table reads comma-separated values with a line of names first. Semicolons and tabs
// separate as well if the first line has no comma. A row that cannot be taken does not
// end the file.
func (s *scanner) table(number int) error {
	t := &table{in: lineReader{in: s.text}, number: number - 1}
	header, line, fault, err := t.next()
	switch {
	case err != nil:
		return nil //nolint:nilerr // s.in has it
	case !fault.IsZero():
		return s.fail(Place{File: s.file, Line: line}, fault)
	case len(header) > maxMembers:
		return s.fail(Place{File: s.file, Line: line}, errs.Say("import_too_many_columns", "most", maxMembers))
	}
	columns := append([]string(nil), header...)
	for {
		cells, line, fault, err := t.next()
		if err != nil {
			return nil //nolint:nilerr // the end, or s.in has it
		}
		rec := &record{place: Place{File: s.file, Line: line}, fault: fault}
		if fault.IsZero() {
			rec.fill(columns, cells)
		}
		if err := s.give(rec); err != nil {
			return err
		}
	}
}

func (rec *record) fill(columns, cells []string) {
	if len(cells) > len(columns) {
		cells = singly(cells)
	}
	if len(cells) != len(columns) {
		rec.fault = errs.Say("import_cells", "cells", len(cells), "columns", len(columns))
		return
	}
	rec.values = make(map[string]value, len(columns))
	rec.order = make([]string, 0, len(columns))
	for i, name := range columns {
		rec.add(value{name, cell, cells[i]})
	}
}

// singly puts cells together that stand in single quotes, as API Gateway allows.
func singly(cells []string) []string {
	var all []string
	for i := 0; i < len(cells); i++ {
		whole := cells[i]
		for j := i; strings.HasPrefix(whole, "'") && j < len(cells); j++ {
			if joined := strings.Join(cells[i:j+1], ","); len(joined) > 1 && strings.HasSuffix(joined, "'") {
				whole, i = joined, j
				break
			}
		}
		all = append(all, whole)
	}
	return all
}

// maxJoined is how many lines a quoted cell may have.
const maxJoined = 1000

// table puts lines together to rows: a quoted cell may hold ends of lines.
type table struct {
	in      lineReader
	number  int // of the line read last
	comma   rune
	waiting [][]byte // lines that were read in vain for a quote that never ends
}

func (t *table) line() ([]byte, error) {
	t.number++
	if len(t.waiting) > 0 {
		line := t.waiting[0]
		t.waiting = t.waiting[1:]
		return line, nil
	}
	return t.in.next()
}

// next returns the cells of a row and the line that it begins at. err is for the end of
// the file and for what cannot be read.
func (t *table) next() (cells []string, at int, fault errs.Text, err error) {
	for {
		line, err := t.line()
		switch {
		case errors.Is(err, errTooLong):
			return nil, t.number, errs.Say("import_line_too_long", "most", maxRecord), nil
		case err != nil:
			return nil, t.number, errs.Text{}, err
		case len(bytes.TrimSpace(line)) == 0:
			continue
		}
		at = t.number
		cells, fault = t.row(line)
		if fault.IsZero() && t.in.open && len(t.waiting) == 0 {
			fault = errs.Say("import_no_line_end")
		}
		return cells, at, fault, nil
	}
}

// row parses the row that begins with the line.
func (t *table) row(line []byte) ([]string, errs.Text) {
	if t.comma == 0 {
		t.comma = separator(line)
	}
	if bytes.Count(line, []byte(`"`))%2 == 1 {
		if line = t.joined(line); line == nil {
			return nil, errs.Say("import_quote_open")
		}
	}
	if !utf8.Valid(line) {
		return nil, errs.Say("import_not_utf8")
	}
	r := csv.NewReader(bytes.NewReader(line))
	r.Comma, r.FieldsPerRecord = t.comma, -1
	cells, err := r.Read()
	if err != nil {
		return nil, errs.Say("import_quotes")
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		return nil, errs.Say("import_quotes")
	}
	return cells, errs.Text{}
}

// joined returns the line with those after it up to the end of its quotes. It returns
// nil, and these lines are read again, if that is too far away.
func (t *table) joined(line []byte) []byte {
	whole, at := bytes.Clone(line), t.number
	var taken [][]byte
	for len(taken) < maxJoined && len(whole) <= maxRecord {
		next, err := t.line()
		if err != nil {
			break
		}
		next = bytes.Clone(next)
		taken = append(taken, next)
		whole = append(append(whole, '\n'), next...)
		if bytes.Count(next, []byte(`"`))%2 == 1 {
			return whole
		}
	}
	t.waiting, t.number = append(taken, t.waiting...), at
	return nil
}

func separator(header []byte) rune {
	for _, c := range []byte{',', ';', '\t'} {
		if bytes.IndexByte(header, c) >= 0 {
			return rune(c)
		}
	}
	return ','
}
