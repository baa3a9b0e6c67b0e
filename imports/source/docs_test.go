package source

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var example = regexp.MustCompile("(?s)<!-- example: (\\S+) (\\S+) -->\n```\\w+\n(.*?)```")

// TestExamplesInTheDocumentation can be imported, one of each format, with nothing left.
func TestExamplesInTheDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/importing.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, found := range example.FindAllStringSubmatch(string(page), -1) {
		got, problems := read(t, found[1], memory(found[2], found[3]))
		wantProblems(t, problems)
		for _, r := range got {
			if len(r.Notes) > 0 {
				t.Errorf("%s: %v has notes %v", found[1], r, r.Notes)
			}
		}
		rows[found[1]] = len(got)
	}
	for _, f := range Formats() {
		if want := max(1, map[string]int{"django": 2}[f.Name]); rows[f.Name] != want {
			t.Errorf("the example of %s has %d keys, want %d", f.Name, rows[f.Name], want)
		}
	}
	for _, column := range Columns() {
		if !strings.Contains(string(page), "`"+column+"`") {
			t.Errorf("the page does not have the column %s", column)
		}
	}
}
