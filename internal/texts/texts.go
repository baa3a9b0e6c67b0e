// Package texts contains all texts that people read, in one catalogue per language:
// pages, mails, and faults in requests.
package texts

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// English is the language for clients that name no language with a catalogue.
const English = "en"

// languages lists the tags of the catalogues (BCP 47), English first.
var languages = []string{English, "de"}

// Languages returns the tags of the catalogues (BCP 47).
func Languages() []string { return append([]string(nil), languages...) }

// Catalogue holds the texts of one language by "section.name".
type Catalogue struct {
	language string
	texts    map[string]string

	faults     map[string]string // what is wrong, by code
	pageFaults map[string]string // what the portal says instead for some codes, because its pages have no JSON
}

// catalogues maps tags to functions that return a catalogue. Each reads its file once,
// when it is first needed.
var catalogues = func() map[string]func() *Catalogue {
	all := map[string]func() *Catalogue{}
	for _, tag := range languages {
		all[tag] = sync.OnceValue(func() *Catalogue { return read(tag) })
	}
	return all
}()

// read panics if a catalogue cannot be read: the binary contains them, and the tests
// read each.
func read(tag string) *Catalogue {
	content, err := files.ReadFile(tag + ".json")
	if err != nil {
		panic(err)
	}
	var sections map[string]map[string]string
	if err := json.Unmarshal(content, &sections); err != nil {
		panic(fmt.Errorf("read the catalogue %s: %w", tag, err))
	}
	c := &Catalogue{
		language: tag, texts: map[string]string{}, faults: sections["errors"], pageFaults: sections["page_errors"],
	}
	for section, texts := range sections {
		for name, said := range texts {
			c.texts[section+"."+name] = said
		}
	}
	return c
}

// In returns the catalogue with the tag, or English if it does not exist.
func In(tag string) *Catalogue {
	if c, ok := catalogues[tag]; ok {
		return c()
	}
	return catalogues[English]()
}

var matcher = sync.OnceValue(func() language.Matcher {
	var tags []language.Tag
	for _, tag := range languages {
		tags = append(tags, language.MustParse(tag))
	}
	return language.NewMatcher(tags)
})

// maxAccepted is the most bytes read of an Accept-Language header.
const maxAccepted = 200

// Accepted returns the catalogue that an Accept-Language header asks for (RFC 9110,
// section 12.5.4), or English if the header cannot be parsed.
func Accepted(header string) *Catalogue {
	if header == "" || len(header) > maxAccepted {
		return In(English)
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(wanted) == 0 {
		return In(English)
	}
	_, index, _ := matcher().Match(wanted...)
	return In(languages[index])
}

// Language returns the catalogue's tag (BCP 47).
func (c *Catalogue) Language() string { return c.language }

// Text returns the text with the name, or "" if it does not exist.
func (c *Catalogue) Text(name string) string { return c.texts[name] }

// Say returns the text with the name, with the values in place of %s and %d.
func (c *Catalogue) Say(name string, values ...any) (string, error) {
	said, ok := c.texts[name]
	if !ok {
		return "", fmt.Errorf("the catalogue %s has no text %q", c.language, name)
	}
	if len(values) == 0 {
		return said, nil
	}
	return fmt.Sprintf(said, values...), nil
}

// Fault returns the sentence for the code of a fault, with the arguments in place of
// their names in braces. known is false for a code that the catalogue does not have.
func (c *Catalogue) Fault(code string, args map[string]any) (sentence string, known bool) {
	said, known := c.faults[code]
	return fill(said, args), known
}

// OnPage returns the catalogue of faults for pages.
func (c *Catalogue) OnPage() *PageFaults { return &PageFaults{c} }

// PageFaults is the catalogue of faults for pages.
type PageFaults struct{ c *Catalogue }

// Fault is like Catalogue.Fault.
func (p *PageFaults) Fault(code string, args map[string]any) (sentence string, known bool) {
	if said, ok := p.c.pageFaults[code]; ok {
		return fill(said, args), true
	}
	return p.c.Fault(code, args)
}

// fill replaces names in braces by the arguments. Braces in the arguments stay as they
// are.
func fill(said string, args map[string]any) string {
	if len(args) == 0 {
		return said
	}
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(said, "{")
		b.WriteString(before)
		if !open {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		if value, known := args[name]; known {
			b.WriteString(shown(value))
			said = after
		} else {
			b.WriteByte('{')
			said = rest
		}
	}
}

func shown(value any) string {
	switch value := value.(type) {
	case []string:
		return strings.Join(value, ", ")
	case []any: // a stored list
		all := make([]string, len(value))
		for i := range value {
			all[i] = shown(value[i])
		}
		return strings.Join(all, ", ")
	case time.Time:
		return value.UTC().Format(time.RFC3339)
	default:
		return fmt.Sprint(value)
	}
}

// Section returns the texts of one section by name.
func (c *Catalogue) Section(name string) map[string]string {
	part := map[string]string{}
	for full, said := range c.texts {
		if short, is := strings.CutPrefix(full, name+"."); is {
			part[short] = said
		}
	}
	return part
}
