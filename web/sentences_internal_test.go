package web

import "testing"

func TestSentences(t *testing.T) {
	t.Parallel()
	texts := catalogue{
		"errors.must be in the future": "", "errors.there is no such key": "kein solcher Schlüssel",
		"errors.must be between %s and %s": "zwischen %s und %s", "errors.must be between 1 and %s": "höchstens %s",
		"errors.signing in failed: %s": "es ging nicht: %s", "errors.the cookie %s is missing": "öffne die Seite neu", "home.title": "Start",
	}
	said := readSentences(texts)
	for _, tt := range []struct{ name, api, want string }{
		{"an empty text says it as it is", "must be in the future", "must be in the future"},
		{"a sentence has its text", "there is no such key", "kein solcher Schlüssel"},
		{"values stay", "must be between 5 and 9%", "zwischen 5 und 9%"},
		{"the nearer sentence goes first", "must be between 1 and 9", "höchstens 9"},
		{"a value that is a sentence is said as well", "signing in failed: there is no such key", "es ging nicht: kein solcher Schlüssel"},
		{"a text may leave values out", "the cookie csrftoken is missing", "öffne die Seite neu"},
		{"an unknown sentence is said as it is", "this is new: %s", "this is new: %s"},
		{"texts of pages are none", "title", "title"},
	} {
		if got := said.say(tt.api); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
