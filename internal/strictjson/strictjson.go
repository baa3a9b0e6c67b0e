// Package strictjson decodes JSON objects from outside and names every member
// that is wrong, not only the first: unknown, repeated, of the wrong type.
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

// Described is implemented by types with a JSON form of their own; their
// members' faults are told in these words: "must be …".
type Described interface{ JSONShape() string }

// Bounds of one object, the objects inside of it included. What takes objects of
// the user's own has tighter ones.
const (
	maxMembers = 500
	maxDepth   = 16
)

// Decode decodes the JSON object data into the struct that into points to. A
// null member leaves its field as it is. It returns an errs.Invalid error
// that names the faults.
func Decode(data []byte, into any) error {
	if err := WellFormed(data); err != nil {
		return err
	}
	var f errs.Faults
	object(&f, "", data, reflect.ValueOf(into).Elem())
	return f.Err()
}

// WellFormed refuses, with errs.Invalid, what is not one JSON object, has
// invalid UTF-8, repeats a member's name, has more members than any request
// needs or nests too deeply.
func WellFormed(data []byte) error {
	err := shape(data)
	if err == nil {
		return nil
	}
	var f errs.Faults
	field := "body"
	if r, ok := errors.AsType[*repeated](err); ok {
		field = r.path
	}
	f.Add(field, err.Error())
	return f.Err()
}

// repeated is the fault of a member whose name its object has already.
type repeated struct{ path string }

func (r *repeated) Error() string { return "must not be there twice" }

func shape(data []byte) error {
	switch text := bytes.TrimLeft(data, " \t\r\n"); {
	case len(text) == 0:
		return errors.New("must be a JSON object, and is empty")
	case text[0] != '{':
		return errors.New("must be a JSON object")
	}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	if err := walk(d); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("must be one JSON object, with nothing after it")
	}
	return nil
}

// walk reads one value and stops where it leaves the bounds.
func walk(d *jsontext.Decoder) error {
	members := 0
	for {
		if _, err := d.ReadToken(); err != nil {
			return syntax(err)
		}
		switch depth := d.StackDepth(); {
		case depth == 0:
			return nil
		case depth > maxDepth:
			return fmt.Errorf("must nest at most %d levels", maxDepth)
		default:
			// Inside of an object every second token is a name.
			if kind, length := d.StackIndex(depth); kind == '{' && length%2 == 1 {
				members++
			}
			if members > maxMembers {
				return fmt.Errorf("must have at most %d members", maxMembers)
			}
		}
	}
}

func syntax(err error) error {
	s, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return errors.New("must be valid JSON, and ends too early")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &repeated{clip(strings.Join(slices.Collect(s.JSONPointer.Tokens()), "."))}
	default:
		return fmt.Errorf("must be valid JSON: %s at byte %d", clip(s.Err.Error()), s.ByteOffset)
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
		f.Add(orBody(path), "must be an object")
		return
	}
	fields := fieldsOf(into.Type())
	_, _ = d.ReadToken()
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return // the text was checked to be well formed
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

// again reads what shape has found to be well formed, without the cost of
// looking for repeated names once more.
func again(data []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
}

// unknown is the fault of a member that no field takes.
func unknown(f *errs.Faults, path, name string, fields map[string][]int) {
	if f.Full() {
		f.Add(path, "") // is only counted
		return
	}
	f.Add(join(path, clip(name)), "is not a field of this request; it takes "+list(fields))
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
		f.Add(path, shapeOf(t))
	}
}

// mostExact is the first whole number behind which not every one is a float64.
const mostExact = 1 << 53

// whole writes a number without a fraction as such: 1.0 and 1e3 are whole, as
// JSON Schema has it, and some languages write them so.
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

// stringsOf decodes an array of strings and names each element that is none.
func stringsOf(f *errs.Faults, path string, value jsontext.Value, into reflect.Value) {
	d := again(value)
	_, _ = d.ReadToken()
	all, text := []string{}, []byte{}
	for i := 0; d.PeekKind() != ']'; i++ {
		element, err := d.ReadValue()
		if err != nil {
			return // the text was checked to be well formed
		}
		if element.Kind() == '"' {
			text, _ = jsontext.AppendUnquote(text[:0], element)
			all = append(all, string(text))
			continue
		}
		if f.Full() {
			f.Add(path, "")
		} else {
			f.Add(fmt.Sprintf("%s[%d]", path, i), "must be a string")
		}
	}
	into.Set(reflect.ValueOf(all).Convert(into.Type()))
}

// nested reports whether the type is a plain struct, to be decoded member by
// member.
func nested(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() && !reflect.PointerTo(t).Implements(reflect.TypeFor[Described]())
}

func shapeOf(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		return shapeOf(t.Elem()) + " or null"
	}
	if d, ok := reflect.New(t).Interface().(Described); ok {
		return "must be " + d.JSONShape()
	}
	if t == reflect.TypeFor[time.Time]() {
		return "must be a time such as 2026-01-31T12:00:00Z (RFC 3339)"
	}
	switch t.Kind() {
	case reflect.String:
		return "must be a string"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int, reflect.Int64:
		return "must be a whole number of at most 64 bits"
	case reflect.Slice:
		return "must be an array of strings"
	default:
		return "has the wrong type"
	}
}

// shapes caches fieldsOf by type: the types are those of our own requests.
var shapes sync.Map

// fieldsOf maps the JSON names of a struct's fields, embedded ones included,
// to where they are.
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
