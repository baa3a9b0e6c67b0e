package strictjson

import (
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey/latchkey/errs"
)

// maxFields is more than the form of any request has.
const maxFields = 100

// FromForm converts the fields of a form to a JSON object for the struct that into
// points to; Decode then reports what is wrong with it. A list is a repeated field, a
// member of an object is "object.member", and "" is null for anything but text. It
// returns an errs.Invalid error for a form that describes no JSON object.
func FromForm(values url.Values, into any) ([]byte, error) {
	var f errs.Faults
	if len(values) > maxFields {
		f.Add("body", "too_many_fields", "most", maxFields)
		return nil, f.Err()
	}
	root := map[string]any{}
	for name, all := range values {
		if !utf8.ValidString(name) || !utf8.ValidString(strings.Join(all, "")) {
			f.Add(clip(strings.ToValidUTF8(name, "?")), "not_utf8_short")
			continue
		}
		put(&f, root, reflect.TypeOf(into).Elem(), name, "", all)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return json.Marshal(root)
}

// put sets the field of a form in the object of the type. path is the object's path in
// faults.
func put(f *errs.Faults, object map[string]any, t reflect.Type, name, path string, all []string) {
	fields := fieldsOf(t)
	outer, inner, dotted := strings.Cut(name, ".")
	if index, known := fields[outer]; dotted && known && len(strings.Split(path, ".")) < maxDepth {
		of := t.FieldByIndex(index).Type
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if nested(of) {
			within, is := object[outer].(map[string]any)
			if _, taken := object[outer]; taken && !is {
				f.Add(join(path, outer), "given_twice")
				return
			}
			if within == nil {
				within = map[string]any{}
				object[outer] = within
			}
			put(f, within, of, inner, join(path, outer), all)
			return
		}
	}
	of := reflect.TypeFor[string]()
	if index, known := fields[name]; known {
		of = t.FieldByIndex(index).Type
	}
	_, taken := object[name]
	if list := of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.String; taken || (len(all) != 1 && !list) {
		f.Add(join(path, clip(name)), "given_twice")
		return
	}
	object[name] = formValue(of, all)
}

var wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,18})$`)

// formValue returns the JSON for a field's text in the type. Text that does not fit the
// type stays text, which Decode refuses with its own error.
func formValue(t reflect.Type, all []string) any {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String {
		if len(all) == 1 && all[0] == "" {
			return []string{}
		}
		return all
	}
	text := all[0]
	if text == "" && t.Kind() != reflect.String {
		return nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.String, t == reflect.TypeFor[time.Time]():
	case t.Kind() == reflect.Bool:
		switch text {
		case "true", "True", "1", "on":
			return true
		case "false", "False", "0", "off":
			return false
		}
	case isWhole(t) && wholeNumber.MatchString(text):
		return json.RawMessage(text)
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Map, nested(t):
		if jsontext.Value(text).IsValid() {
			return json.RawMessage(text)
		}
	}
	return text
}

// isWhole reports whether the type is an integer type in JSON.
func isWhole(t reflect.Type) bool {
	return (t.Kind() == reflect.Int || t.Kind() == reflect.Int64) && !reflect.PointerTo(t).Implements(reflect.TypeFor[Described]())
}
