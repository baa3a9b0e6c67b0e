package web

import "testing"

// Pages are parsed when they are first shown, which is too late to find that
// one cannot be.
func TestEveryPageCanBeParsed(t *testing.T) {
	t.Parallel()
	texts, err := readCatalogue(english)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pageNames() {
		if _, err := parsePage(name, texts); err != nil {
			t.Error(err)
		}
	}
}
