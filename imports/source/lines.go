package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/latchkey/latchkey/errs"
)

// lines reads JSON Lines. A line that cannot be taken does not end the file.
func (s *scanner) lines(number int) error {
	for in := (lineReader{in: s.text}); ; number++ {
		line, err := in.next()
		place := Place{File: s.file, Line: number}
		switch {
		case errors.Is(err, errTooLong):
			err = s.fail(place, errs.Say("import_line_too_long", "most", maxRecord))
		case err != nil:
			return nil //nolint:nilerr // the end, or s.in has it
		case len(bytes.TrimSpace(line)) > 0:
			err = s.object(line, place)
		}
		if err != nil {
			return err
		}
	}
}

// lineReader reads lines of at most maxRecord bytes.
type lineReader struct {
	in   *bufio.Reader
	line []byte
	open bool // the line read last has no end, and may be cut off
}

// next returns a line without its end, valid until the next call. For a longer line it
// returns the begin and errTooLong, and skips the rest.
func (r *lineReader) next() ([]byte, error) {
	r.line = r.line[:0]
	long := false
	for {
		part, err := r.in.ReadSlice('\n')
		if !long && len(r.line)+len(part) <= maxRecord {
			r.line = append(r.line, part...)
		} else {
			long = true
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case err != nil && len(r.line) == 0 && !long:
			return nil, io.EOF
		case long:
			return r.line[:min(len(r.line), 64)], errTooLong
		}
		r.open = err != nil
		return bytes.TrimSuffix(bytes.TrimSuffix(r.line, []byte("\n")), []byte("\r")), nil
	}
}
