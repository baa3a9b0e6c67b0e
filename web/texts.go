package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

// english is the catalogue of what pages say, by name. Another language is
// another file of the same names.
//
//go:embed texts/en.json
var english []byte

// catalogue is the texts of one language. %s and %d stand where values go.
type catalogue map[string]string

func readCatalogue(text []byte) (catalogue, error) {
	var sections map[string]map[string]string
	if err := json.Unmarshal(text, &sections); err != nil {
		return nil, fmt.Errorf("read the catalogue of texts: %w", err)
	}
	c := catalogue{}
	for section, texts := range sections {
		for name, said := range texts {
			c[section+"."+name] = said
		}
	}
	return c, nil
}

// section is the texts of one section, by name, for the script.
func (c catalogue) section(name string) (string, error) {
	part := map[string]string{}
	for full, said := range c {
		if short, is := strings.CutPrefix(full, name+"."); is {
			part[short] = said
		}
	}
	text, err := json.Marshal(part)
	return string(text), err
}

// say returns the text with the name, with the values in it.
func (c catalogue) say(name string, values ...any) (string, error) {
	said, ok := c[name]
	if !ok {
		return "", fmt.Errorf("the catalogue has no text %q", name)
	}
	if len(values) == 0 {
		return said, nil
	}
	return fmt.Sprintf(said, values...), nil
}
