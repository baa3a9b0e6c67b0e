// Package browse renders answers of the API as pages for people: the request, the
// status, the headers, the JSON in colours with links to follow, and forms for
// what the reader may do next. The only thing it knows about the API's objects is
// the prefixes of their ids.
package browse

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey/latchkey/internal/ids"
)

// span is a piece of JSON of one colour.
type span struct {
	Class string // name, string, number, word, or "" for anything else
	Text  string
	Link  string // link target, "" for none
}

// collections maps the prefix of an id to the path of its collection.
var collections = map[string]string{
	ids.Organization: "/api/organizations/", ids.ServiceAccount: "/api/service-accounts/", ids.Key: "/api/keys/",
	ids.User: "/api/users/", ids.Token: "/api/tokens/",
}

// colour cuts indented JSON into spans. Text that is not JSON is one span. page
// is the path that next_cursor continues.
func colour(body []byte, page *url.URL) []span {
	var indented bytes.Buffer
	if json.Indent(&indented, body, "", "  ") != nil {
		return []span{{Text: string(body)}}
	}
	text, name := indented.String(), ""
	var out []span
	for text != "" {
		n := width(text)
		token := text[:n]
		text = text[n:]
		s := span{Class: class(token, text), Text: token}
		switch s.Class {
		case "name":
			name = plain(token)
		case "string":
			s.Link = link(name, plain(token), page)
		}
		out = append(out, s)
	}
	return out
}

// width returns the length of the token at the start of the text.
func width(text string) int {
	switch c := text[0]; {
	case c == '"':
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(text)
	case isWord(c):
		return len(text) - len(strings.TrimLeft(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.E"))
	default:
		n := slices.IndexFunc([]byte(text), func(c byte) bool { return c == '"' || isWord(c) })
		if n < 0 {
			return len(text)
		}
		return n
	}
}

func isWord(c byte) bool { return c == '-' || ('0' <= c && c <= '9') || ('a' <= c && c <= 'z') }

func class(token, rest string) string {
	switch c := token[0]; {
	case c == '"' && strings.HasPrefix(rest, ":"):
		return "name"
	case c == '"':
		return "string"
	case c == '-' || ('0' <= c && c <= '9'):
		return "number"
	case 'a' <= c && c <= 'z':
		return "word"
	default:
		return ""
	}
}

func plain(token string) string {
	var s string
	if json.Unmarshal([]byte(token), &s) != nil {
		return ""
	}
	return s
}

// cursorName is the member of a list that holds the cursor of the next page.
const cursorName = "next_cursor"

// link returns where a value links to, or "".
func link(name, value string, page *url.URL) string {
	if name == cursorName && page != nil {
		next := *page
		query := next.Query()
		query.Set("cursor", value)
		next.RawQuery = query.Encode()
		return next.RequestURI()
	}
	if strings.HasPrefix(value, "/api/") {
		return value
	}
	for prefix, collection := range collections {
		if ids.Valid(prefix, value) {
			return collection + value
		}
	}
	return ""
}
