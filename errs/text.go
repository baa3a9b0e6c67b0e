package errs

import (
	"fmt"

	"github.com/latchkey/latchkey/internal/texts"
)

// Args are the values in a text by their names. A value that is a Text is
// rendered in the language of the text that contains it.
type Args map[string]any

// Text is a sentence for people. Latchkey's own have a code that names them in
// the catalogue of each language, and does not change; those of a program that
// embeds Latchkey are sentences of its own.
type Text struct {
	Code string `json:"code,omitempty"` // "" for a sentence of its own
	Args Args   `json:"args,omitempty"`
	own  string
}

// IsZero reports whether the text is empty.
func (t Text) IsZero() bool { return t.Code == "" && t.own == "" }

// Say returns the text of a code with its arguments in pairs, names before
// values, as log/slog takes them. Anything that is not a code of the catalogue is
// a sentence of the caller's own, which is shown unchanged in every language.
func Say(text string, args ...any) Text {
	if _, known := texts.In(texts.English).Fault(text, nil); !known {
		return Text{own: text}
	}
	t := Text{Code: text}
	if len(args) > 0 {
		t.Args = make(Args, len(args)/2)
	}
	for i := 0; i+1 < len(args); i += 2 {
		t.Args[fmt.Sprint(args[i])] = args[i+1]
	}
	return t
}

// Catalogue is the texts of one language by code.
type Catalogue interface {
	Fault(code string, args map[string]any) (sentence string, known bool)
}

// String is the text in English.
func (t Text) String() string { return t.In(texts.In(texts.English)) }

// In is the text in the language of the catalogue, or in English where that does
// not have it.
func (t Text) In(c Catalogue) string {
	if t.Code == "" {
		return t.own
	}
	if said, known := t.from(c); known {
		return said
	}
	said, known := t.from(texts.In(texts.English))
	if !known {
		return t.Code
	}
	return said
}

func (t Text) from(c Catalogue) (said string, known bool) {
	if len(t.Args) == 0 {
		return c.Fault(t.Code, nil)
	}
	args := make(map[string]any, len(t.Args))
	for name, value := range t.Args {
		if inner, is := value.(Text); is {
			value = inner.In(c)
		}
		args[name] = value
	}
	return c.Fault(t.Code, args)
}
