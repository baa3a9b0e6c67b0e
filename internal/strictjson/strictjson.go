// Package strictjson decodes JSON objects from outside, and reports every wrong member,
// not only the first: unknown, repeated, or of the wrong type.
package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey/latchkey/errs"
)

// Described is implemented by types with their own JSON form. JSONFault is the code of
// the fault for a member that does not have that form.
type Described interface{ JSONFault() string }

// Bounds of one object, including the objects in it. Objects that users define have
// tighter bounds.
const (
	maxMembers = 500
	maxDepth   = 16
)

// Decode decodes the JSON object data into the struct that into points to. A null
// member leaves its field unchanged. It returns an errs.Invalid error that names the
// faults.
func Decode(data []byte, into any) error {
	if err := WellFormed(data); err != nil {
		return err
	}
	var f errs.Faults
	object(&f, "", data, reflect.ValueOf(into).Elem())
	return f.Err()
}

// WellFormed refuses, with errs.Invalid, data that is not one JSON object, has invalid
// UTF-8, repeats a member's name, has more members than any request needs, or nests too
// deeply.
func WellFormed(data []byte) error {
	err := shape(data)
	if err == nil {
		return nil
	}
	var f errs.Faults
	f.Note(err.path, err.text)
	return f.Err()
}

// malformed is an error of an object as a whole, or of the member at the path.
type malformed struct {
	path string
	text errs.Text
}

func body(text string, args ...any) *malformed { return &malformed{"body", errs.Say(text, args...)} }

func shape(data []byte) *malformed {
	switch text := bytes.TrimLeft(data, " \t\r\n"); {
	case len(text) == 0:
		return body("body_empty")
	case text[0] != '{':
		return body("not_an_object")
	}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	if err := walk(d); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return body("body_goes_on")
	}
	return nil
}

// walk reads one value and stops if it exceeds the bounds.
func walk(d *jsontext.Decoder) *malformed {
	members := 0
	for {
		if _, err := d.ReadToken(); err != nil {
			return syntax(err)
		}
		switch depth := d.StackDepth(); {
		case depth == 0:
			return nil
		case depth > maxDepth:
			return body("too_deep", "most", maxDepth)
		default:
			// Inside an object every second token is a name.
			if kind, length := d.StackIndex(depth); kind == '{' && length%2 == 1 {
				members++
			}
			if members > maxMembers {
				return body("too_many_members", "most", maxMembers)
			}
		}
	}
}

func syntax(err error) *malformed {
	s, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return body("json_cut_off")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &malformed{clip(strings.Join(slices.Collect(s.JSONPointer.Tokens()), ".")), errs.Say("given_twice")}
	default:
		return body("json_invalid", "reason", clip(s.Err.Error()), "byte", s.ByteOffset)
	}
}

const clipLength = 120

func clip(s string) string {
	if len(s) > clipLength {
		return strings.ToValidUTF8(s[:clipLength], "") + "…"
	}
	return s
}

func object(f *errs.Faults, path string, data []byte, into reflect.Value) {
	d := again(data)
	if d.PeekKind() != '{' {
		f.Add(orBody(path), "not_an_object_inside")
		return
	}
	fields := fieldsOf(into.Type())
	_, _ = d.ReadToken()
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return // the text is known to be well formed
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return
		}
		index, known := fields[name]
		if !known {
			unknown(f, path, name, fields)
			continue
		}
		member(f, join(path, name), value, into.FieldByIndex(index))
	}
}

// again reads what shape found to be well formed, without checking for repeated names
// once more.
func again(data []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
}

// unknown adds the fault of a member that has no field.
func unknown(f *errs.Faults, path, name string, fields map[string][]int) {
	if f.Full() {
		f.Add(path, "") // only counted
		return
	}
	f.Add(join(path, clip(name)), "unknown_field", "fields", list(fields))
}

func orBody(path string) string {
	if path == "" {
		return "body"
	}
	return path
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func list(fields map[string][]int) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func member(f *errs.Faults, path string, value jsontext.Value, into reflect.Value) {
	if value.Kind() == 'n' {
		return
	}
	t := into.Type()
	if t.Kind() == reflect.Pointer && nested(t.Elem()) {
		made := reflect.New(t.Elem())
		object(f, path, value, made.Elem())
		into.Set(made)
		return
	}
	if nested(t) {
		object(f, path, value, into)
		return
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String && value.Kind() == '[' {
		stringsOf(f, path, value, into)
		return
	}
	if err := json.Unmarshal(whole(value), into.Addr().Interface()); err != nil {
		f.Note(path, shapeOf(t))
	}
}

// mostExact is the largest integer below which every integer is a float64.
const mostExact = 1 << 53

// whole writes a number without a fraction as an integer: 1.0 and 1e3 are integers in
// JSON Schema, and some languages write them so.
func whole(value jsontext.Value) jsontext.Value {
	if value.Kind() != '0' || !bytes.ContainsAny(value, ".eE") {
		return value
	}
	n, err := strconv.ParseFloat(string(value), 64)
	if err != nil || n != math.Trunc(n) || math.Abs(n) > mostExact {
		return value
	}
	return strconv.AppendInt(nil, int64(n), 10)
}

// stringsOf decodes an array of strings and reports each element that is not a string.
func stringsOf(f *errs.Faults, path string, value jsontext.Value, into reflect.Value) {
	d := again(value)
	_, _ = d.ReadToken()
	all, text := []string{}, []byte{}
	for i := 0; d.PeekKind() != ']'; i++ {
		element, err := d.ReadValue()
		if err != nil {
			return // the text is known to be well formed
		}
		if element.Kind() == '"' {
			text, _ = jsontext.AppendUnquote(text[:0], element)
			all = append(all, string(text))
			continue
		}
		if f.Full() {
			f.Add(path, "")
		} else {
			f.Add(fmt.Sprintf("%s[%d]", path, i), "not_a_string")
		}
	}
	into.Set(reflect.ValueOf(all).Convert(into.Type()))
}

// nested reports whether the type is a plain struct, which is decoded member by member.
func nested(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() && !reflect.PointerTo(t).Implements(reflect.TypeFor[Described]())
}

func shapeOf(t reflect.Type) errs.Text {
	if t.Kind() == reflect.Pointer {
		return errs.Say("or_null", "fault", shapeOf(t.Elem()))
	}
	if d, ok := reflect.New(t).Interface().(Described); ok {
		return errs.Say(d.JSONFault())
	}
	if t == reflect.TypeFor[time.Time]() {
		return errs.Say("not_a_time")
	}
	switch t.Kind() {
	case reflect.String:
		return errs.Say("not_a_string")
	case reflect.Bool:
		return errs.Say("not_a_flag")
	case reflect.Int, reflect.Int64:
		return errs.Say("not_an_integer")
	case reflect.Slice:
		return errs.Say("not_strings")
	default:
		return errs.Say("wrong_type")
	}
}

// shapes caches fieldsOf by type: only our own request types.
var shapes sync.Map

// fieldsOf maps the JSON names of a struct's fields, including embedded ones, to their
// indexes.
func fieldsOf(t reflect.Type) map[string][]int {
	if found, ok := shapes.Load(t); ok {
		return found.(map[string][]int)
	}
	fields := map[string][]int{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = field.Index
		}
	}
	shapes.Store(t, fields)
	return fields
}
