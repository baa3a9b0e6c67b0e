package fastlane

import (
	"bytes"
	"strings"
)

// state classifies the bytes received so far.
type state int

const (
	incomplete state = iota // more may complete a request for the lane
	complete
	foreign // for net/http
)

// parsed is a partly received request. Offsets are from its first byte.
type parsed struct {
	post   bool
	path   span
	query  span // zero without a query
	lines  [maxHeaders]line
	count  int
	host   int // the line, or -1
	length int // of the body, or -1
	bodyAt int // 0: the header is not complete
	end    int
}

type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

type line struct{ name, value span }

// parse reads the request at the beginning of b.
func (p *parsed) parse(b []byte, paths []string, under string) state {
	p.post, p.query, p.count, p.host, p.length, p.bodyAt = false, span{}, 0, -1, -1, 0
	at, s := p.start(b, paths, under)
	if s != complete {
		return bounded(s, b)
	}
	for {
		rest := b[at:]
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return bounded(incomplete, b)
		}
		if end == 1 && rest[0] == '\r' {
			at += 2
			break
		}
		if end < 1 || rest[end-1] != '\r' || !p.line(b, at, at+end-1) {
			return foreign
		}
		at += end + 1
	}
	if p.host < 0 || p.post != (p.length >= 0) {
		return foreign
	}
	p.bodyAt, p.end = at, at+max(0, p.length)
	switch {
	case p.end > maxRequest:
		return foreign
	case p.end > len(b):
		return incomplete
	default:
		return complete
	}
}

// bounded does not wait for the end of a header that has grown too long.
func bounded(s state, b []byte) state {
	if s == incomplete && len(b) >= maxRequest/2 {
		return foreign
	}
	return s
}

// start parses the request line and returns where the next line begins. It does not wait
// for a line that can no longer be served here.
func (p *parsed) start(b []byte, paths []string, under string) (next int, _ state) {
	end := bytes.IndexByte(b, '\n')
	text := b
	if end >= 0 {
		text = b[:end]
	}
	method := len("GET ")
	switch {
	case hasPrefix(text, "GET "):
	case hasPrefix(text, "POST "):
		p.post, method = true, len("POST ")
	case end < 0 && (isPrefix(text, "GET ") || isPrefix(text, "POST ")):
		return 0, incomplete
	default:
		return 0, foreign
	}
	if end < 0 {
		return 0, incomplete
	}
	const version = " HTTP/1.1\r"
	if len(text) < method+len(version) || !bytes.HasSuffix(text, []byte(version)) {
		return 0, foreign
	}
	target := span{method, len(text) - len(version)}
	p.path = target
	if q := bytes.IndexByte(target.of(b), '?'); q >= 0 {
		p.path.to = target.from + q
		p.query = span{p.path.to + 1, target.to}
	}
	if path := p.path.of(b); !oneOf(path, paths) && !isUnder(path, under) || !all(p.query.of(b), inQuery) {
		return 0, foreign
	}
	return end + 1, complete
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

// isPrefix reports whether b may still become text.
func isPrefix(b []byte, text string) bool {
	return len(b) <= len(text) && text[:len(b)] == string(b)
}

func oneOf(b []byte, all []string) bool {
	for _, s := range all {
		if string(b) == s {
			return true
		}
	}
	return false
}

// isUnder reports whether the path begins with the prefix and means the same whether or not
// it is unescaped.
func isUnder(path []byte, prefix string) bool {
	return prefix != "" && hasPrefix(path, prefix) && all(path, inPath)
}

// line parses one line of the header. It returns false for anything unusual.
func (p *parsed) line(b []byte, from, to int) bool {
	colon := bytes.IndexByte(b[from:to], ':')
	if colon <= 0 || p.count == maxHeaders || !all(b[from:from+colon], inName) {
		return false
	}
	l := line{name: span{from, from + colon}, value: trimmed(b, span{from + colon + 1, to})}
	if !all(l.value.of(b), inValue) {
		return false
	}
	switch name := l.name.of(b); {
	case is(name, "host"):
		if p.host >= 0 || l.value.from == l.value.to || !all(l.value.of(b), inHost) {
			return false
		}
		p.host = p.count
	case is(name, "content-length"):
		if p.length >= 0 || !number(l.value.of(b), &p.length) {
			return false
		}
	case is(name, "connection"):
		if !is(l.value.of(b), "keep-alive") {
			return false
		}
	case isDelicate(name):
		return false
	}
	p.lines[p.count] = l
	p.count++
	return true
}

// delicate lists fields that change how a message is read, answered or, as net/http
// does with Pragma, understood.
var delicate = []string{
	"transfer-encoding", "upgrade", "expect", "te", "trailer", "proxy-connection", "keep-alive", "http2-settings",
	"content-encoding", "pragma",
}

func isDelicate(name []byte) bool {
	for _, s := range delicate {
		if is(name, s) {
			return true
		}
	}
	return false
}

// is compares case-insensitively; lower is in lower case.
func is(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func number(b []byte, into *int) bool {
	if len(b) == 0 || len(b) > 5 {
		return false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		n = 10*n + int(c-'0')
	}
	*into = n
	return true
}

func trimmed(b []byte, s span) span {
	for s.from < s.to && (b[s.from] == ' ' || b[s.from] == '\t') {
		s.from++
	}
	for s.from < s.to && (b[s.to-1] == ' ' || b[s.to-1] == '\t') {
		s.to--
	}
	return s
}

// Classes of characters.
const (
	inName = 1 << iota
	inValue
	inQuery
	inHost
	inPath
)

var classes = func() (t [256]byte) {
	for c := range 256 {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if letter || c == '-' || c == '_' {
			t[c] |= inName
		}
		if c == '\t' || ' ' <= c && c < 0x7f {
			t[c] |= inValue
		}
		if letter || c != 0 && c < 0x7f && strings.IndexByte("-._~!$&'()*+,;=:@/?%", byte(c)) >= 0 {
			t[c] |= inQuery
		}
		if letter || c != 0 && c < 0x7f && strings.IndexByte("-._~$&+,;=:@/", byte(c)) >= 0 {
			t[c] |= inPath
		}
		if letter || c == '.' || c == '-' || c == ':' || c == '[' || c == ']' {
			t[c] |= inHost
		}
	}
	return t
}()

func all(b []byte, class byte) bool {
	for _, c := range b {
		if classes[c]&class == 0 {
			return false
		}
	}
	return true
}
