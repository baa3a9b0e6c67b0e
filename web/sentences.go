package web

import (
	"regexp"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/internal/texts"
)

// errorTexts is the section of the catalogue with the sentences that the domain
// and the forms say of what is wrong. Each is named by the sentence itself, as the API
// tells it, with %s where it has a value; an empty text says it as it is.
const errorTexts = "errors"

// sentences are the texts for what the API says in English.
type sentences struct {
	exact    map[string]string
	patterns []sentence
}

// sentence is a text with values in it.
type sentence struct {
	shape *regexp.Regexp
	own   int // length without the values
	text  string
}

// readSentences takes the sentences out of the catalogue.
func readSentences(say *texts.Catalogue) sentences {
	all := sentences{exact: map[string]string{}}
	for said, text := range say.Section(errorTexts) {
		switch {
		case strings.Contains(said, "%s"):
			parts := strings.Split(said, "%s")
			for i := range parts {
				parts[i] = regexp.QuoteMeta(parts[i])
			}
			if text == "" {
				text = said
			}
			all.patterns = append(all.patterns, sentence{
				regexp.MustCompile(`(?s)^` + strings.Join(parts, `(.*?)`) + `$`),
				len(strings.Join(parts, "")), text,
			})
		case text != "":
			all.exact[said] = text
		}
	}
	// The one with the most text of its own says the most.
	slices.SortFunc(all.patterns, func(a, b sentence) int { return b.own - a.own })
	return all
}

// say returns the text for what the API says, or the sentence itself where
// there is none.
func (s *sentences) say(said string) string {
	if text, ok := s.exact[said]; ok {
		return text
	}
	for _, one := range s.patterns {
		if found := one.shape.FindStringSubmatch(said); found != nil {
			return s.fill(one.text, found[1:])
		}
	}
	return said
}

// fill puts the values into the text, those that are sentences themselves as
// the catalogue says them. A text may leave out the last ones.
func (s *sentences) fill(text string, values []string) string {
	parts := strings.Split(text, "%s")
	var b strings.Builder
	for i, part := range parts {
		b.WriteString(part)
		if i < len(parts)-1 && i < len(values) {
			b.WriteString(s.say(values[i]))
		}
	}
	return b.String()
}
