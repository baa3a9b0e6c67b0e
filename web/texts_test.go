package web_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
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
			t.Errorf("%s says %q: put it into internal/texts/en.json", file, said)
		}
	}
	for _, said := range []string{`<p>Hello {{.}}</p>`, `<input aria-label="Name">`, `{{if .}}yes{{end}}`} {
		if len(literals(said)) == 0 {
			t.Errorf("%s was not noticed", said)
		}
	}
}

// readTexts reads the catalogue: texts by section and name.
func readTexts(t *testing.T) (texts map[string]map[string]string) {
	t.Helper()
	content, err := os.ReadFile("../internal/texts/en.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

// TestNamesHaveWords: what the domain names by one word, such as states and roles, is said by the
// catalogue.
func TestNamesHaveWords(t *testing.T) {
	t.Parallel()
	texts := readTexts(t)
	for _, name := range []string{
		string(keys.StatusActive), string(keys.StatusDisabled), string(keys.StatusNotYetValid), string(keys.StatusExpired),
		string(keys.StatusRevoked),
		string(keys.ReasonUnspecified), string(keys.ReasonLeaked), string(keys.ReasonSuperseded), string(keys.ReasonUnused),
		string(keys.ReasonAbuse),
		string(auth.Owner), string(auth.Developer), string(auth.Viewer), string(keys.Live), string(keys.Test),
	} {
		if texts["word"][name] == "" {
			t.Errorf("the catalogue has no word for %q", name)
		}
	}
}

// TestDaysNameTheirZone: the page says in which time zone a chosen day begins and
// ends.
func TestDaysNameTheirZone(t *testing.T) {
	t.Parallel()
	texts := readTexts(t)
	files, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`(?m)^.*(?:type="date"|"Type" "date"|datetime-local).*$`)
	said := regexp.MustCompile(`\bt "(\w+)\.(\w+)"`)
	fields := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range asked.FindAllString(string(content), -1) {
			fields++
			if !slices.ContainsFunc(said.FindAllStringSubmatch(line, -1), func(name []string) bool {
				return strings.Contains(texts[name[1]][name[2]], "UTC")
			}) {
				t.Errorf("%s names no zone: %s", file, strings.TrimSpace(line))
			}
		}
	}
	if fields < 8 {
		t.Errorf("%d fields were found", fields)
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
