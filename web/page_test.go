package web

import (
	"testing"

	"github.com/latchkey/latchkey/internal/texts"
)

// Pages are parsed when they are first shown, which is too late to find that
// one cannot be.
func TestEveryPageCanBeParsed(t *testing.T) {
	t.Parallel()
	for _, tag := range texts.Languages() {
		for _, name := range pageNames() {
			if _, err := parsePage(name, texts.In(tag)); err != nil {
				t.Errorf("in %s: %v", tag, err)
			}
		}
	}
}
