package source

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"

	"github.com/latchkey/latchkey/errs"
)

// yaml reads a YAML document as tools write it: a mapping whose members are lists. Each
// element is decoded on its own, so that a file of any length needs little memory. An
// element ends where a line is indented no more than its dash.
func (s *scanner) yaml(number int) error {
	y := &yamlReader{scanner: s, in: lineReader{in: s.text}}
	for ; ; number++ {
		line, err := y.in.next()
		long := errors.Is(err, errTooLong)
		if err != nil && !long {
			return y.flush()
		}
		if err := y.take(line, number); err != nil {
			return err
		}
		switch {
		case long:
			y.fault = errs.Say("import_line_too_long", "most", maxRecord)
		case y.in.open && len(y.text) > 0 && !bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")):
			y.fault = errs.Say("import_no_line_end")
		}
	}
}

// maxElement bounds an element of YAML in bytes: its nodes need a hundred times the text.
const maxElement = 256 << 10

// noList is the indentation of elements in a member that is no list.
const noList = -2

// yamlReader collects the lines of one element.
type yamlReader struct {
	*scanner
	in      lineReader
	section string // the folded name of the member
	dash    int    // the indentation of its elements, -1 before the first line in it, or noList
	begin   int    // the line at which the element begins
	text    []byte
	fault   errs.Text
}

func (y *yamlReader) take(line []byte, number int) error {
	bare := bytes.TrimLeft(line, " ")
	indent := len(line) - len(bare)
	item := len(bare) > 0 && bare[0] == '-' && (len(bare) == 1 || bare[1] == ' ')
	switch {
	case between(line):
		return y.flush()
	case len(bare) == 0, indent == 0 && bare[0] == '#':
	case indent == 0 && !item:
		return y.member(line, number)
	case item && y.section != "" && y.dash != noList && (y.dash < 0 || indent <= y.dash):
		return y.item(indent, number, line)
	case y.section != "" && y.dash < 0: // a mapping, such as _info
		if bare[0] != '#' {
			y.dash = noList
		}
		return nil
	}
	return y.keep(line)
}

// between reports whether the line separates documents.
func between(line []byte) bool {
	for _, mark := range []string{"---", "...", "%YAML"} {
		if bytes.HasPrefix(line, []byte(mark)) {
			return true
		}
	}
	return false
}

// member begins a member of the document.
func (y *yamlReader) member(line []byte, number int) error {
	if err := y.flush(); err != nil {
		return err
	}
	name, rest, found := bytes.Cut(line, []byte(":"))
	y.section, y.dash, y.begin = "", -1, number
	if found && len(bytes.TrimSpace(rest)) == 0 {
		y.section = fold(string(bytes.Trim(name, `"' `)))
		return nil
	}
	return y.keep(line)
}

// item begins an element of the member.
func (y *yamlReader) item(indent, number int, line []byte) error {
	if err := y.flush(); err != nil {
		return err
	}
	y.dash, y.begin = indent, number
	return y.keep(line)
}

func (y *yamlReader) keep(line []byte) error {
	if len(y.text)+len(line) >= maxElement {
		y.fault = errs.Say("import_record_too_long", "most", maxElement)
		return nil
	}
	y.text = append(append(y.text, line...), '\n')
	return nil
}

// flush hands on what was collected.
func (y *yamlReader) flush() error {
	text, fault := y.text, y.fault
	y.text, y.fault = y.text[:0], errs.Text{}
	place := Place{File: y.file, Line: y.begin}
	switch {
	case !fault.IsZero():
		return y.fail(place, fault)
	case len(bytes.TrimSpace(text)) == 0, y.format.skip != "" && bytes.Contains(text, []byte(y.format.skip)):
		return nil
	}
	data, fault := toJSON(text)
	if !fault.IsZero() {
		return y.fail(place, fault)
	}
	if y.section == "" {
		return y.flow(data, place)
	}
	for _, element := range (&record{}).elements(value{kind: '[', text: string(data)}) {
		if err := y.scanner.element([]byte(element.text), element.kind, y.section, place); err != nil {
			return err
		}
	}
	return nil
}

// flow hands on a member that is on one line, if it is a list.
func (y *yamlReader) flow(data []byte, place Place) error {
	if string(data) == "null" { // comments only
		return nil
	}
	if rec := parse(data, place); rec.fault.IsZero() && !y.lists(rec) {
		return nil
	}
	return y.object(data, place)
}

func (y *yamlReader) lists(rec *record) bool {
	for _, name := range rec.order {
		if rec.values[name].kind == '[' {
			return true
		}
	}
	return false
}

// toJSON returns YAML as JSON. Scalars that JSON would write in another way become
// strings, so that a key of digits stays as it is.
func toJSON(text []byte) ([]byte, errs.Text) {
	if !utf8.Valid(text) {
		return nil, errs.Say("import_not_utf8")
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, errs.Say("import_yaml_invalid")
	}
	if len(document.Content) == 0 {
		return []byte("null"), errs.Text{}
	}
	w := yamlWriter{left: maxRecord}
	if fault := w.node(document.Content[0], 0); !fault.IsZero() {
		return nil, fault
	}
	return w.out, errs.Text{}
}

// yamlWriter writes at most left bytes: aliases can make a short text endless.
type yamlWriter struct {
	out  []byte
	left int
}

func (w *yamlWriter) node(n *yaml.Node, depth int) errs.Text {
	switch {
	case depth > maxDepth:
		return errs.Say("import_too_deep", "most", maxDepth)
	case len(w.out) > w.left:
		return errs.Say("import_record_too_long", "most", maxRecord)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return w.contents(n, '{', '}', depth)
	case yaml.SequenceNode:
		return w.contents(n, '[', ']', depth)
	case yaml.AliasNode:
		return w.node(n.Alias, depth+1)
	default:
		w.out = append(w.out, scalar(n)...)
		return errs.Text{}
	}
}

func (w *yamlWriter) contents(n *yaml.Node, open, end byte, depth int) errs.Text {
	w.out = append(w.out, open)
	for i, child := range n.Content {
		switch {
		case i == 0:
		case n.Kind == yaml.MappingNode && i%2 == 1:
			w.out = append(w.out, ':')
		default:
			w.out = append(w.out, ',')
		}
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			w.out = append(w.out, quoted(child.Value)...)
			continue
		}
		if fault := w.node(child, depth+1); !fault.IsZero() {
			return fault
		}
	}
	w.out = append(w.out, end)
	return errs.Text{}
}

func scalar(n *yaml.Node) []byte {
	switch n.ShortTag() {
	case "!!null":
		return []byte("null")
	case "!!bool", "!!int", "!!float":
		if v := jsontext.Value(n.Value); v.IsValid() {
			return v
		}
	}
	return quoted(n.Value)
}
