package web

import (
	"encoding/json"

	"github.com/latchkey/latchkey/internal/texts"
)

// forScript returns a section's texts by name, for the script.
func forScript(c *texts.Catalogue) func(section string) (string, error) {
	return func(section string) (string, error) {
		text, err := json.Marshal(c.Section(section))
		return string(text), err
	}
}
