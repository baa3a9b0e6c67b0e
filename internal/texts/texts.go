// Package texts holds all that people are told, one catalogue per language: pages,
// mails, and what is wrong with a request.
package texts

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// English is the language of whoever names no other that there is.
const English = "en"

// languages are the tags of the catalogues (BCP 47), English first.
var languages = []string{English, "de"}

// Languages returns the tags of the catalogues (BCP 47).
func Languages() []string { return append([]string(nil), languages...) }

// Catalogue is the texts of one language by "section.name".
type Catalogue struct {
	language string
	texts    map[string]string
}

var catalogues = sync.OnceValue(func() map[string]*Catalogue {
	all := map[string]*Catalogue{}
	for _, tag := range languages {
		all[tag] = read(tag)
	}
	return all
})

// read panics where a catalogue cannot be read: the binary holds them, and the
// tests read each.
func read(tag string) *Catalogue {
	content, err := files.ReadFile(tag + ".json")
	if err != nil {
		panic(err)
	}
	var sections map[string]map[string]string
	if err := json.Unmarshal(content, &sections); err != nil {
		panic(fmt.Errorf("read the catalogue %s: %w", tag, err))
	}
	c := &Catalogue{language: tag, texts: map[string]string{}}
	for section, texts := range sections {
		for name, said := range texts {
			c.texts[section+"."+name] = said
		}
	}
	return c
}

// In returns the catalogue with the tag, or English where there is none.
func In(tag string) *Catalogue {
	if c, ok := catalogues()[tag]; ok {
		return c
	}
	return catalogues()[English]
}

var matcher = sync.OnceValue(func() language.Matcher {
	var tags []language.Tag
	for _, tag := range languages {
		tags = append(tags, language.MustParse(tag))
	}
	return language.NewMatcher(tags)
})

// maxAccepted bounds what is read of an Accept-Language header, in bytes.
const maxAccepted = 200

// Accepted returns the catalogue that an Accept-Language header asks for (RFC
// 9110, section 12.5.4), English for one that cannot be read.
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

// Language is the catalogue's tag (BCP 47).
func (c *Catalogue) Language() string { return c.language }

// Text returns the text with the name, "" where there is none.
func (c *Catalogue) Text(name string) string { return c.texts[name] }

// Say returns the text with the name, with the values where it has %s and %d.
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

// Section is the texts of one section by name.
func (c *Catalogue) Section(name string) map[string]string {
	part := map[string]string{}
	for full, said := range c.texts {
		if short, is := strings.CutPrefix(full, name+"."); is {
			part[short] = said
		}
	}
	return part
}
