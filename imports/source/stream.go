package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey/latchkey/errs"
)

// streamer reads JSON values of any length one element at a time. It accepts what the
// check of each element refuses, so that one bad element does not end the file.
type streamer struct {
	*scanner
	d *jsontext.Decoder
}

func (s *scanner) streamer() *streamer {
	return &streamer{s, jsontext.NewDecoder(s.text, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

// stream reads lists and objects. short says that objects fit in a record each;
// otherwise they hold lists that do not.
func (s *scanner) stream(short bool) error { return s.streamer().all(short) }

func (st *streamer) all(short bool) error {
	for n := 1; ; n++ {
		err := st.next(Place{File: st.file, Element: n}, short)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return st.end(Place{File: st.file}, err)
		}
	}
}

// next reads one value that is in nothing else. It returns io.EOF if there is none.
func (st *streamer) next(place Place, short bool) error {
	switch st.peek() {
	case '[':
		return st.list("")
	case '{':
		if !short {
			return st.members(place)
		}
		v, err := st.value()
		if err != nil {
			return err
		}
		return pass(st.object(v, place))
	default:
		if _, err := st.d.ReadToken(); err != nil {
			return err
		}
		return errs.New(errs.Invalid, "import_not_an_object")
	}
}

// longLine reads a file whose first line is longer than a record: an object that holds
// lists, or JSON Lines that go on after a line that cannot be taken.
func (s *scanner) longLine(line int) error {
	st := s.streamer()
	st.peek()
	err := st.members(Place{File: s.file, Line: line})
	if !errors.Is(err, errTooLong) {
		if err != nil {
			return st.end(Place{File: s.file}, err)
		}
		return st.all(false)
	}
	s.in.most = -1
	s.text = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(st.d.UnreadBuffer())), s.text), maxRecord)
	if err := s.fail(Place{File: s.file, Line: line}, errs.Say("import_line_too_long", "most", maxRecord)); err != nil {
		return err
	}
	for {
		if _, err := s.text.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return s.lines(line + 1)
		}
	}
}

// passed is an error of a callback, which ends the import.
type passed struct{ error }

func (p passed) Unwrap() error { return p.error }

func pass(err error) error {
	if err == nil {
		return nil
	}
	return passed{err}
}

// end reports why the stream cannot go on.
func (st *streamer) end(place Place, err error) error {
	if p, ok := errors.AsType[passed](err); ok {
		return p.error
	}
	if st.in.err != nil {
		return nil
	}
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return st.fail(place, e.Text)
	}
	return st.fail(place, malformed(err))
}

// peek returns the kind of what comes next, and lets the decoder read that far.
func (st *streamer) peek() jsontext.Kind {
	// The decoder reads ahead, and the buffer before it does.
	st.in.most = st.in.n + 3*maxRecord
	return st.d.PeekKind()
}

// list reads the elements of a list.
func (st *streamer) list(section string) error {
	if _, err := st.d.ReadToken(); err != nil {
		return err
	}
	for n := 1; st.peek() != ']'; n++ {
		v, err := st.value()
		if err != nil {
			return err
		}
		if err := pass(st.element(v, v.Kind(), section, Place{File: st.file, Element: n})); err != nil {
			return err
		}
	}
	_, err := st.d.ReadToken()
	return err
}

// value reads a value, which fits in a record.
func (st *streamer) value() (jsontext.Value, error) {
	v, err := st.d.ReadValue()
	if err == nil && len(v) > maxRecord {
		return nil, errTooLong
	}
	return v, err
}

// members reads an object. Lists that the format knows are read one element at a time.
// Everything else makes a record, unless there was such a list.
func (st *streamer) members(place Place) error {
	if _, err := st.d.ReadToken(); err != nil {
		return err
	}
	rest, listed := []byte{}, false
	for st.peek() != '}' {
		token, err := st.d.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		if st.peek() == '[' && st.listed(name) {
			listed = true
			if err := st.list(fold(name)); err != nil {
				return err
			}
			continue
		}
		v, err := st.value()
		if err != nil {
			return err
		}
		if rest = appendMember(rest, name, v); len(rest) > maxRecord {
			return errTooLong
		}
	}
	if _, err := st.d.ReadToken(); err != nil || listed {
		return err
	}
	if len(rest) == 0 {
		rest = append(rest, '{')
	}
	return pass(st.object(append(rest, '}'), place))
}

func appendMember(object []byte, name string, v jsontext.Value) []byte {
	if len(object) == 0 {
		object = append(object, '{')
	} else {
		object = append(object, ',')
	}
	object = append(append(object, quoted(name)...), ':')
	return append(object, v...)
}

func (st *streamer) listed(name string) bool {
	for _, list := range st.format.lists {
		if list == fold(name) {
			return true
		}
	}
	return false
}

// malformed returns what is wrong with JSON that a decoder refuses, without quoting it.
func malformed(err error) errs.Text {
	s, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, errTooLong):
		return errs.Say("import_record_too_long", "most", maxRecord)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), !ok:
		return errs.Say("import_cut_off")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errs.Say("import_duplicate_name")
	default:
		return errs.Say("import_json_invalid", "byte", s.ByteOffset)
	}
}
