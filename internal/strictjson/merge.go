package strictjson

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey/latchkey/errs"
)

// Known refuses, with errs.Invalid, data that is not well formed or has members that
// the struct that of points to does not have. It is for checks before anything else is
// done.
func Known(data []byte, of any) error {
	if err := WellFormed(data); err != nil {
		return err
	}
	var f errs.Faults
	known(&f, "", data, reflect.TypeOf(of).Elem())
	return f.Err()
}

func known(f *errs.Faults, path string, data []byte, of reflect.Type) {
	fields := fieldsOf(of)
	for name, value := range membersOf(data) {
		index, found := fields[name]
		if !found {
			unknown(f, path, name, fields)
			continue
		}
		t := of.FieldByIndex(index).Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if nested(t) && value.Kind() == '{' {
			known(f, join(path, name), value, t)
		}
	}
}

// Merge applies a JSON merge patch (RFC 7396) to a document, in time that grows
// linearly with the length of both. Both must be well-formed objects.
func Merge(document, patch []byte) ([]byte, error) {
	var out bytes.Buffer
	e := jsontext.NewEncoder(&out)
	if err := merge(e, document, patch); err != nil {
		return nil, fmt.Errorf("merge: %w", err)
	}
	return out.Bytes(), nil
}

func merge(e *jsontext.Encoder, document, patch jsontext.Value) error {
	changes := map[string]jsontext.Value{}
	for name, value := range membersOf(patch) {
		changes[name] = value
	}
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for name, old := range membersOf(document) {
		if err := mergeMember(e, name, old, changes[name]); err != nil {
			return err
		}
		delete(changes, name)
	}
	for name := range membersOf(patch) { // in the order they were sent
		change, added := changes[name]
		if !added {
			continue
		}
		if err := mergeMember(e, name, nil, change); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// mergeMember writes the member as it is after the change; change is nil if there is
// none. If the change is null it writes nothing.
func mergeMember(e *jsontext.Encoder, name string, old, change jsontext.Value) error {
	if change.Kind() == 'n' {
		return nil
	}
	if err := e.WriteToken(jsontext.String(name)); err != nil {
		return err
	}
	switch {
	case change == nil:
		return e.WriteValue(old)
	case change.Kind() != '{':
		return e.WriteValue(change)
	case old.Kind() != '{':
		return merge(e, jsontext.Value("{}"), change)
	default:
		return merge(e, old, change)
	}
}

// membersOf iterates over the members of a well-formed object.
func membersOf(data jsontext.Value) func(yield func(string, jsontext.Value) bool) {
	return func(yield func(string, jsontext.Value) bool) {
		d := again(data)
		if _, err := d.ReadToken(); err != nil {
			return
		}
		for d.PeekKind() != '}' {
			token, err := d.ReadToken()
			if err != nil {
				return // the text is known to be well formed
			}
			name := token.String()
			value, err := d.ReadValue()
			if err != nil || !yield(name, value.Clone()) {
				return
			}
		}
	}
}
