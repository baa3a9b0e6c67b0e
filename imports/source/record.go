package source

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey/latchkey/errs"
)

// Bounds of one record.
const (
	maxRecord  = 1 << 20 // bytes
	maxMembers = 1000    // members of an object, columns of a table
	maxDepth   = 32      // objects and lists in each other
)

// cell is the kind of a value in a table: text that may stand for anything.
const cell jsontext.Kind = 'c'

// value is one member of a record.
type value struct {
	name string // as it is written
	kind jsontext.Kind
	text string // unquoted if it is a string, else as it is written
}

// none reports whether the value says nothing. An empty cell does, and those that MySQL
// and its tools write.
func (v value) none() bool {
	return v.kind == 0 || v.kind == 'n' || (v.kind == cell && (v.text == "" || v.text == `\N` || v.text == "NULL"))
}

// isText reports whether the value may be read as text of another form.
func (v value) isText() bool { return v.kind == '"' || v.kind == cell }

// record is an object of a JSON or YAML file, or a line of a table. Names are compared
// without regard to case, "_", "-" and spaces. The first thing that is wrong stays in
// fault.
type record struct {
	section string // the folded name of the list that it is in, or ""
	place   Place
	values  map[string]value
	order   []string // folded names as they came
	fault   errs.Text
}

// fold returns the form in which names are compared.
func fold(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == ' ' || (r >= 'A' && r <= 'Z') }) {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || r == ' ':
			return -1
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// add adds a member. Of two that fold to the same name, one may be empty.
func (rec *record) add(v value) {
	name := fold(v.name)
	old, taken := rec.values[name]
	switch {
	case !taken:
		rec.order = append(rec.order, name)
	case v.none(), v.kind == old.kind && v.text == old.text:
		return
	case !old.none():
		if rec.fault.IsZero() {
			rec.fault = errs.Say("import_duplicate_name")
		}
		return
	}
	rec.values[name] = v
}

// parse returns the record that a JSON object is.
func parse(data []byte, place Place) *record {
	rec := &record{place: place, values: map[string]value{}}
	if rec.fault = wellFormed(data); !rec.fault.IsZero() {
		return rec
	}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	if d.PeekKind() != '{' {
		rec.fault = errs.Say("import_not_an_object")
		return rec
	}
	_, _ = d.ReadToken()
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			rec.fault = malformed(err)
			return rec
		}
		name := token.String()
		v, err := d.ReadValue()
		if err != nil {
			rec.fault = malformed(err)
			return rec
		}
		if len(rec.order) == maxMembers {
			rec.fault = errs.Say("import_too_many_columns", "most", maxMembers)
			return rec
		}
		rec.add(valueOf(name, v))
	}
	return rec
}

func valueOf(name string, v jsontext.Value) value {
	if v.Kind() == '"' {
		text, _ := jsontext.AppendUnquote(nil, v) // the text is known to be well formed
		return value{name, '"', string(text)}
	}
	return value{name, v.Kind(), string(v)}
}

// wellFormed returns what is wrong with the text of one JSON value. Faults do not quote
// it, since it may have a key anywhere.
func wellFormed(data []byte) errs.Text {
	if !utf8.Valid(data) {
		return errs.Say("import_not_utf8")
	}
	if deepest, _ := nesting(data); deepest > maxDepth {
		return errs.Say("import_too_deep", "most", maxDepth)
	}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	if _, err := d.ReadValue(); err != nil {
		return malformed(err)
	}
	if len(bytes.TrimSpace(data[d.InputOffset():])) > 0 {
		return errs.Say("import_json_invalid", "byte", d.InputOffset())
	}
	return errs.Text{}
}

// nesting returns how deeply objects and lists nest, and how many are open at the end. It
// does not check anything else.
func nesting(data []byte) (deepest, open int) {
	inText := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			open++
			deepest = max(deepest, open)
		case c == '}' || c == ']':
			open--
		}
	}
	return deepest, open
}

// has reports whether the record has all of the members, empty or not.
func (rec *record) has(names ...string) bool {
	for _, name := range names {
		if _, ok := rec.values[name]; !ok {
			return false
		}
	}
	return true
}

// wrong notes that a member is not what it should be. The name is one that the format
// knows: any other may be a key in a file without a line of names.
func (rec *record) wrong(name string, fault errs.Text) {
	if rec.fault.IsZero() {
		rec.fault = errs.Say("import_column", "column", clip(name), "fault", fault)
	}
}

// also takes over the fault of a record that is in this one. inner may be nil.
func (rec *record) also(inner *record) {
	if inner != nil && rec.fault.IsZero() {
		rec.fault = inner.fault
	}
}

// get returns the first of the members that says something. Names are folded.
func (rec *record) get(names ...string) value {
	for _, name := range names {
		if v, ok := rec.values[name]; ok && !v.none() {
			return v
		}
	}
	return value{}
}

// text returns the first of the members that is not empty, which must be a string, a
// number or a flag.
func (rec *record) text(names ...string) string {
	v := rec.get(names...)
	switch v.kind {
	case 0:
		return ""
	case '{', '[':
		rec.wrong(v.name, errs.Say("not_a_string"))
		return ""
	}
	if strings.ContainsRune(v.text, 0) {
		rec.wrong(v.name, errs.Say("import_nul"))
		return ""
	}
	return v.text
}

// object returns the member as a record of its own, or nil if it is none. Text that
// holds JSON counts, as tables have it.
func (rec *record) object(names ...string) *record {
	v := rec.get(names...)
	if v.kind != '{' && (!v.isText() || !strings.HasPrefix(strings.TrimSpace(v.text), "{")) {
		return nil
	}
	inner := parse([]byte(v.text), rec.place)
	if !inner.fault.IsZero() {
		rec.wrong(v.name, inner.fault)
		return nil
	}
	return inner
}

// objects returns the objects of a list. Other elements are left out.
func (rec *record) objects(names ...string) []*record {
	var all []*record
	for _, element := range rec.elements(rec.get(names...)) {
		if element.kind == '{' {
			all = append(all, parse([]byte(element.text), rec.place))
		}
	}
	return all
}

// elements returns the elements of a list. Text that holds a JSON list counts.
func (rec *record) elements(v value) []value {
	if v.kind != '[' && (!v.isText() || !strings.HasPrefix(strings.TrimSpace(v.text), "[")) {
		return nil
	}
	if fault := wellFormed([]byte(v.text)); !fault.IsZero() {
		rec.wrong(v.name, fault)
		return nil
	}
	d := jsontext.NewDecoder(strings.NewReader(v.text))
	_, _ = d.ReadToken()
	var all []value
	for d.PeekKind() != ']' {
		element, err := d.ReadValue()
		if err != nil {
			return all // the text is known to be well formed
		}
		all = append(all, valueOf(v.name, element))
	}
	return all
}

// strings returns a list of strings: one in JSON, one as PostgreSQL writes it ({a,b}),
// or text with commas or spaces between.
func (rec *record) strings(names ...string) []string {
	v := rec.get(names...)
	if v.kind == 0 {
		return nil
	}
	if v.kind == '{' {
		rec.wrong(v.name, errs.Say("not_strings"))
		return nil
	}
	if v.kind != '[' && !strings.HasPrefix(strings.TrimSpace(v.text), "[") {
		bare := strings.TrimSuffix(strings.TrimPrefix(v.text, "{"), "}")
		return split(bare)
	}
	var all []string
	for _, element := range rec.elements(v) {
		if element.kind != '"' && element.kind != '0' {
			rec.wrong(v.name, errs.Say("not_strings"))
			return nil
		}
		all = append(all, element.text)
	}
	return all
}

// split returns the words between commas, quotes and spaces.
func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '"' || r == '\'' })
}

// metadata returns the member as a JSON object without needless space, or nil if it is
// empty or no object. Text that holds a text that holds JSON counts: libraries encode
// twice.
func (rec *record) metadata(names ...string) (object json.RawMessage, left bool) {
	v := rec.get(names...)
	text := v.text
	if v.isText() && strings.HasPrefix(text, `"`) {
		var inner string
		if json.Unmarshal([]byte(text), &inner) == nil {
			text = inner
		}
	}
	if v.kind == 0 || strings.TrimSpace(text) == "" || strings.TrimSpace(text) == "null" {
		return nil, false
	}
	if fault := wellFormed([]byte(text)); !fault.IsZero() || !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return nil, true
	}
	compact := jsontext.Value(text)
	if compact.Compact() != nil || string(compact) == "{}" {
		return nil, false
	}
	return json.RawMessage(compact), false
}

// rest returns an object of the members that are not named and say something.
func (rec *record) rest(known ...string) json.RawMessage {
	var b bytes.Buffer
	for _, name := range rec.order {
		v := rec.values[name]
		if v.none() || slices.Contains(known, name) {
			continue
		}
		b.WriteByte(',')
		b.Write(quoted(v.name))
		b.WriteByte(':')
		if v.isText() {
			b.Write(quoted(v.text))
		} else {
			b.WriteString(v.text)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	b.Bytes()[0] = '{'
	b.WriteByte('}')
	compact := jsontext.Value(b.Bytes())
	if compact.Compact() != nil {
		return nil
	}
	return json.RawMessage(compact)
}

func quoted(s string) []byte {
	text, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	return text
}
