// Package verifyjson is the JSON of POST /verify, written by hand because it is on the
// path of every request to the provider's API. Everything else uses strictjson, which
// also decides what is valid.
package verifyjson

import (
	"strconv"

	"github.com/latchkey/latchkey/client"
)

// Parse decodes the plain form in which nearly every client writes a request: one flat
// object, strings without escapes or bytes outside ASCII, no repeated member. It
// returns false for anything else, valid or not, and leaves that to a full decoder; the
// content of the request is then undefined. The request refers to the text.
func Parse(text string, r *client.VerifyRequest) bool {
	p := parser{rest: text}
	if !p.take('{') {
		return false
	}
	var seen uint8
	for {
		name, ok := p.text()
		if !ok || !p.take(':') {
			return false
		}
		bit, ok := parseMember(name, &p, r)
		if !ok || seen&bit != 0 {
			return false
		}
		seen |= bit
		if !p.take(',') {
			break
		}
	}
	return p.take('}') && p.ended()
}

func parseMember(name string, p *parser, r *client.VerifyRequest) (bit uint8, ok bool) {
	switch name {
	case "key":
		r.Key, ok = p.text()
		return 1, ok
	case "scopes":
		r.Scopes, ok = p.strings()
		return 2, ok
	case "cost":
		r.Cost, ok = p.whole()
		return 4, ok
	case "ip":
		r.IP, ok = p.text()
		return 8, ok
	case "user_agent":
		r.UserAgent, ok = p.text()
		return 32, ok
	case "dry_run":
		r.DryRun, ok = p.bool()
		return 16, ok
	default:
		return 0, false
	}
}

type parser struct{ rest string }

func (p *parser) space() {
	i := 0
	for i < len(p.rest) && (p.rest[i] == ' ' || p.rest[i] == '\n' || p.rest[i] == '\t' || p.rest[i] == '\r') {
		i++
	}
	p.rest = p.rest[i:]
}

// take skips white space and the byte c, if it comes next.
func (p *parser) take(c byte) bool {
	p.space()
	if len(p.rest) == 0 || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) ended() bool {
	p.space()
	return len(p.rest) == 0
}

func (p *parser) text() (string, bool) {
	if !p.take('"') {
		return "", false
	}
	for i := range len(p.rest) {
		switch c := p.rest[i]; {
		case c == '"':
			text := p.rest[:i]
			p.rest = p.rest[i+1:]
			return text, true
		case c < ' ' || c > '~' || c == '\\':
			return "", false
		}
	}
	return "", false
}

func (p *parser) strings() ([]string, bool) {
	if !p.take('[') {
		return nil, false
	}
	list := []string{}
	if p.take(']') {
		return list, true
	}
	for {
		s, ok := p.text()
		if !ok {
			return nil, false
		}
		list = append(list, s)
		if !p.take(',') {
			return list, p.take(']')
		}
	}
}

const maxDigits = 18 // every number of this many digits fits 63 bits

func (p *parser) whole() (*int64, bool) {
	p.space()
	n := 0
	for n < len(p.rest) && '0' <= p.rest[n] && p.rest[n] <= '9' {
		n++
	}
	if n == 0 || n > maxDigits || (n > 1 && p.rest[0] == '0') {
		return nil, false
	}
	v, err := strconv.ParseInt(p.rest[:n], 10, 64)
	p.rest = p.rest[n:]
	return &v, err == nil
}

func (p *parser) bool() (value, ok bool) {
	p.space()
	for _, word := range [...]string{"true", "false"} {
		if len(p.rest) >= len(word) && p.rest[:len(word)] == word {
			p.rest = p.rest[len(word):]
			return word == "true", true
		}
	}
	return false, false
}
