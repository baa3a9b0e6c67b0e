package mongo_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/store/storetest"
)

const scalingPage = "../../docs/scaling.md"

var (
	inCode  = regexp.MustCompile(`\.in\("(\w+)"\)|\bname: "(\w+)"|records\(s\.engine, "(\w+)"|\{"(\w+)", \[\]string\{`)
	inQuote = regexp.MustCompile("`(\\w+)`")
)

// collectionsOfCode finds every collection that the store names.
func collectionsOfCode(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inCode.FindAllStringSubmatch(string(text), -1) {
			names = append(names, strings.Join(m[1:], ""))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// collectionsOfPage returns the collections of the page's table, and those that
// it shards there.
func collectionsOfPage(t *testing.T) (all, sharded []string, page string) {
	t.Helper()
	text, err := os.ReadFile(scalingPage)
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ = strings.Cut(string(text), "## MongoDB\n")
	page, _, _ = strings.Cut(page, "\n## ")
	for line := range strings.SplitSeq(page, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.Contains(cells[1], "`") {
			continue
		}
		for _, m := range inQuote.FindAllStringSubmatch(cells[1], -1) {
			all = append(all, m[1])
			if strings.Contains(cells[2], "{") {
				sharded = append(sharded, m[1])
			}
		}
	}
	slices.Sort(all)
	slices.Sort(sharded)
	return all, sharded, page
}

// The page names every collection, once, and the command of each that is to be
// sharded.
func TestThePageNamesEveryCollection(t *testing.T) {
	t.Parallel()
	code := collectionsOfCode(t)
	all, sharded, page := collectionsOfPage(t)
	if !slices.Equal(all, code) {
		t.Errorf("docs/scaling.md names\n%v\nthe store uses\n%v", all, code)
	}
	var commanded []string
	for _, m := range regexp.MustCompile(`(?m)^    sh\.shardCollection\("latchkey\.(\w+)", \{.*\}(, true)?\)`).FindAllStringSubmatch(page,
		-1) {
		commanded = append(commanded, m[1])
		if (m[2] != "") != (m[1] == "keys") {
			t.Errorf("%s is sharded with a unique index: %t", m[1], m[2] != "")
		}
	}
	slices.Sort(commanded)
	if !slices.Equal(commanded, sharded) {
		t.Errorf("docs/scaling.md shards %v with commands for %v", sharded, commanded)
	}
	s, seen := openMonitored(t, parts.Mongo(t).URL())
	storetest.Available(t, s)
	for _, c := range seen.all() {
		if c.collection != "" && !slices.Contains(code, c.collection) {
			t.Errorf("the test knows nothing of %s, which %s is sent for", c.collection, c.name)
		}
	}
}
