package texts_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey/latchkey/internal/texts"
)

// file is the texts of a language by section and name, as its file has them.
func file(t *testing.T, tag string) map[string]map[string]string {
	t.Helper()
	content, err := os.ReadFile(tag + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var sections map[string]map[string]string
	if err := json.Unmarshal(content, &sections); err != nil {
		t.Fatal(err)
	}
	return sections
}

// others are the languages but English.
func others() []string {
	return slices.DeleteFunc(texts.Languages(), func(tag string) bool { return tag == texts.English })
}

func TestEveryLanguageHasTheNamesOfEnglish(t *testing.T) {
	t.Parallel()
	english := named(file(t, texts.English))
	for _, tag := range others() {
		translated := named(file(t, tag))
		for _, name := range slices.Sorted(maps.Keys(english)) {
			text, has := translated[name]
			switch {
			case !has:
				t.Errorf("%s lacks %s", tag, name)
			case text == "" && english[name] != "":
				t.Errorf("%s has no text for %s", tag, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(translated)) {
			if _, has := english[name]; !has {
				t.Errorf("%s has %s, which English does not have", tag, name)
			}
		}
	}
}

// named is the texts by "section.name".
func named(sections map[string]map[string]string) map[string]string {
	all := map[string]string{}
	for section, part := range sections {
		for name, text := range part {
			all[section+"."+name] = text
		}
	}
	return all
}

func TestEveryLanguageHasThePlaceholdersOfEnglish(t *testing.T) {
	t.Parallel()
	english := named(file(t, texts.English))
	for _, tag := range others() {
		for name, text := range named(file(t, tag)) {
			if text == "" {
				continue
			}
			if want, got := placeholders(english[name]), placeholders(text); !maps.Equal(want, got) {
				t.Errorf("%s says %s as %q, and English as %q: the placeholders differ", tag, name, text, english[name])
			}
			if want, got := arguments(english[name]), arguments(text); !slices.Equal(want, got) {
				t.Errorf("%s says %s as %q, and English as %q: the arguments differ", tag, name, text, english[name])
			}
			if strings.HasPrefix(name, "script.") && strings.Contains(text, "%[") {
				t.Errorf("%s says %s as %q: the script fills in values in their order only", tag, name, text)
			}
		}
	}
}

var placeholder = regexp.MustCompile(`%(?:\[(\d+)\])?(.)`)

// placeholders are the verbs of a text by the number of the value they take.
func placeholders(text string) map[int]string {
	verbs, next := map[int]string{}, 1
	for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
		if found[2] == "%" {
			continue
		}
		if at, err := strconv.Atoi(found[1]); err == nil {
			next = at
		}
		verbs[next] = found[2]
		next++
	}
	return verbs
}

var argument = regexp.MustCompile(`\{[a-z_]+\}`)

// arguments are the names in braces that a text has.
func arguments(text string) []string {
	return slices.Compact(slices.Sorted(slices.Values(argument.FindAllString(text, -1))))
}

// A decoder into a map keeps the last of two texts with one name and says nothing.
func TestNoNameStandsTwiceInASection(t *testing.T) {
	t.Parallel()
	for _, tag := range texts.Languages() {
		content, err := os.ReadFile(tag + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jsontext.NewDecoder(bytes.NewReader(content)).ReadValue(); err != nil {
			t.Errorf("%s: %v", tag, err)
		}
	}
}

func TestAcceptedPicksALanguage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, header, want string }{
		{"no header is English", "", "en"},
		{"German is German", "de", "de"},
		{"a region has its language", "de-AT, en;q=0.5", "de"},
		{"the larger weight wins", "de;q=0.5, en;q=0.8", "en"},
		{"an unknown language is English", "fr", "en"},
		{"a known one behind an unknown one is taken", "fr, de;q=0.3", "de"},
		{"weight 0 refuses a language", "de;q=0", "en"},
		{"any language is English", "*", "en"},
		{"garbage is English", "\x00;;=,de-", "en"},
		{"a bad weight is English", "de;q=much", "en"},
		{"10 kB are English", strings.Repeat("de,", 10<<10/3), "en"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := texts.Accepted(tt.header).Language(); got != tt.want {
				t.Errorf("Accepted(%.40q) is %s, want %s", tt.header, got, tt.want)
			}
		})
	}
}
