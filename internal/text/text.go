// Package text normalizes the text that people type, once, where it enters the service,
// so that what is stored and compared later has one form. Keys, tokens, cursors, ids,
// metadata and passwords are not text in this sense, and stay unchanged.
package text

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Normal returns s in Unicode's form NFC, with LF line ends (browsers send CRLF), and
// without white space at either end.
func Normal(s string) string {
	if plain(s) {
		return strings.TrimSpace(s)
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	return strings.TrimSpace(norm.NFC.String(s))
}

// plain reports whether s has neither a carriage return nor a character that NFC could
// change.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r == '\r' || r >= 0x80 })
}

// typed lists the members of requests that people type.
var typed = []string{
	"name", "title", "description", "note", "external_id", "email", "username", "reason", "find",
}

// Members normalizes the typed text among the members of v, a pointer to a struct for
// encoding/json.
func Members(v any) { members(reflect.ValueOf(v).Elem()) }

func members(v reflect.Value) {
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if field.Anonymous {
			members(value)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !slices.Contains(typed, name) {
			continue
		}
		if value.Kind() == reflect.Pointer && !value.IsNil() {
			value = value.Elem()
		}
		if value.Kind() == reflect.String {
			value.SetString(Normal(value.String()))
		}
	}
}

// Form normalizes the values of a form, except for the named fields.
func Form(values url.Values, but ...string) {
	for name, all := range values {
		if slices.Contains(but, name) {
			continue
		}
		for i := range all {
			all[i] = Normal(all[i])
		}
	}
}

// Hidden reports whether the character is invisible, or changes the direction of those
// around it. In a name it could imitate another one.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || unicode.Is(blank, r)
}

// blank lists letters and symbols that are invisible: combining grapheme joiner, Hangul
// fillers, Khmer inherent vowels, braille blank.
var blank = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x034f, Hi: 0x034f, Stride: 1},
	{Lo: 0x115f, Hi: 0x1160, Stride: 1},
	{Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
	{Lo: 0x2800, Hi: 0x2800, Stride: 1},
	{Lo: 0x3164, Hi: 0x3164, Stride: 1},
	{Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
}}
