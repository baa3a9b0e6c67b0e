package web_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	actions    = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	programs   = regexp.MustCompile(`(?s)<(pre|code)\b.*?</(pre|code)>`)
	spoken     = regexp.MustCompile(`\b(?:aria-label|data-label|placeholder|title|alt|label)="([^"]*)"`)
	anyElement = regexp.MustCompile(`(?s)<[^>]*>`)
	word       = regexp.MustCompile(`\pL{2,}`)
)

// TestTemplatesHoldNoTexts: what pages say is in the catalogue, but for the
// product's name and what programs look like.
func TestTemplatesHoldNoTexts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d templates: %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, said := range literals(string(content)) {
			t.Errorf("%s says %q: put it into texts/en.json", file, said)
		}
	}
	for _, said := range []string{`<p>Hello {{.}}</p>`, `<input aria-label="Name">`, `{{if .}}yes{{end}}`} {
		if len(literals(said)) == 0 {
			t.Errorf("%s was not noticed", said)
		}
	}
}

// literals are the words of a template that are not programs, names of fields
// or of elements.
func literals(template string) (all []string) {
	bare := actions.ReplaceAllString(programs.ReplaceAllString(template, ""), "")
	for _, attribute := range spoken.FindAllStringSubmatch(bare, -1) {
		all = append(all, attribute[1])
	}
	all = append(all, strings.Split(anyElement.ReplaceAllString(bare, "\n"), "\n")...)
	return slices.DeleteFunc(all, func(said string) bool {
		said = strings.TrimSpace(said)
		return !word.MatchString(said) || slices.Contains([]string{"Latchkey", "Go", "Python", "JavaScript", "nginx"}, said)
	})
}
