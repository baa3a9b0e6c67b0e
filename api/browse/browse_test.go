package browse

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/texts"
)

const account = "sa_00000000000070008000000000000001"

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestJSONIsColouredAndLinked(t *testing.T) {
	t.Parallel()
	body := `{"id":"` + account + `","path":"/api/keys","note":"a \"quoted\" word: true","n":-1.5e3,"ok":true,"none":null,"list":[],` +
		`"next_cursor":"MWtleQ"}`
	classes, links := map[string]string{}, map[string]string{}
	for _, s := range colour([]byte(body), parsed(t, "/api/keys?limit=3&cursor=old")) {
		classes[s.Text], links[s.Text] = s.Class, s.Link
	}
	for text, want := range map[string]string{
		`"id"`: "name", `"` + account + `"`: "string", `-1.5e3`: "number",
		"true": "word", "null": "word",
		`"a \"quoted\" word: true"`: "string",
	} {
		if classes[text] != want {
			t.Errorf("%s is %q, want %q", text, classes[text], want)
		}
	}
	for text, want := range map[string]string{
		`"` + account + `"`: "/api/service-accounts/" + account, `"/api/keys"`: "/api/keys",
		`"MWtleQ"`: "/api/keys?cursor=MWtleQ&limit=3", `"a \"quoted\" word: true"`: "",
	} {
		if links[text] != want {
			t.Errorf("%s leads to %q, want %q", text, links[text], want)
		}
	}
}

// TestNothingInAnAnswerIsMarkup: whatever people called things stays text.
func TestNothingInAnAnswerIsMarkup(t *testing.T) {
	t.Parallel()
	const script = `<script>alert(1)</script><a href="javascript:x">`
	body, err := json.Marshal(map[string]string{"name": script, script: "javascript:alert(1)"})
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	err = Write(&page, &Answer{
		Method: "GET", URL: parsed(t, "/api/keys?q=%3Cscript%3E%22"), Status: 200, Header: http.Header{"Etag": {script}}, Body: body,
		Say: texts.In(texts.English), Permission: script, User: script, CSRF: `"` + script, Forms: []Form{
			{Method: "PATCH", Path: `/api/"` + script, Body: "</textarea>" + script, ETag: script},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := page.String(); strings.Contains(text, "<script") || strings.Contains(text, `href="javascript:`) ||
		strings.Contains(text, "</textarea><") {
		t.Errorf("the page holds markup of others: %s", text)
	}
}

func FuzzColour(f *testing.F) {
	f.Add(`{"a":[1,"b\\\"c",null]}`)
	f.Add(`"unfinished \`)
	f.Add("é{}:,")
	f.Fuzz(func(t *testing.T, text string) {
		var joined strings.Builder
		for _, s := range colour([]byte(text), nil) {
			joined.WriteString(s.Text)
		}
		var want bytes.Buffer
		if json.Indent(&want, []byte(text), "", "  ") != nil {
			want.Reset()
			want.WriteString(text)
		}
		if joined.String() != want.String() {
			t.Errorf("%q became %q", want.String(), joined.String())
		}
	})
}

// TestThePageHasItsTexts in every language.
func TestThePageHasItsTexts(t *testing.T) {
	t.Parallel()
	source, err := files.ReadFile("page.html")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\$\.T "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(names) < 10 {
		t.Fatalf("the page names %d texts", len(names))
	}
	for _, tag := range texts.Languages() {
		for _, name := range names {
			if texts.In(tag).Text(name[1]) == "" {
				t.Errorf("%s has no %s", tag, name[1])
			}
		}
	}
}
