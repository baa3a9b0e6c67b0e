package verify

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// Original is the request that carried a key, as far as a gateway tells of it. It is
// read only for a refusal.
type Original interface {
	// Original returns the method and the URI or path, as they were sent; "" if unknown.
	Original() (method, uri string)
}

const (
	maxMethod = 32      // bytes
	maxPath   = 200     // bytes
	maxRead   = 2 << 10 // bytes of a URI that are read, so that a long one costs no more
	maxNested = 4       // how often a path may be percent-encoded
	withheld  = "…"     // stands for what is secret
)

// shown returns the method and the path of the request, as people may see them.
func (q *Question) shown(f keys.Format) (method, path string) {
	if q.Original == nil {
		return "", ""
	}
	method, uri := q.Original.Original()
	return shown(method, uri, f)
}

// Shown returns the method and the path of a request as people may see them: without
// host, query and credentials, and cut. It changes nothing that it returned before.
func (v *Verifier) Shown(method, uri string) (shownMethod, path string) {
	return shown(method, uri, v.format)
}

func shown(method, uri string, f keys.Format) (shownMethod, path string) {
	if method = method[:min(len(method), maxRead)]; secret(method, f) {
		method = withheld
	}
	return visible(method, maxMethod), pathOf(uri, f)
}

// pathOf returns the path in a URI, "" if there is none.
func pathOf(uri string, f keys.Format) string {
	uri = uri[:min(len(uri), maxRead)]
	if end := strings.IndexAny(uri, "?#"); end >= 0 {
		uri = uri[:end]
	}
	if scheme, rest, absolute := strings.Cut(uri, "://"); absolute && !strings.Contains(scheme, "/") {
		_, path, _ := strings.Cut(rest, "/")
		uri = "/" + path
	}
	if uri == "*" {
		return uri
	}
	rest, ok := strings.CutPrefix(uri, "/")
	if !ok {
		return "" // whatever it is, it may begin with a host or a password
	}
	var b strings.Builder
	for more := true; more && b.Len() <= maxPath; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if secret(segment, f) {
			segment = withheld
		}
		b.WriteByte('/')
		b.WriteString(segment)
	}
	return visible(b.String(), maxPath)
}

// secret reports whether a segment of a path has a key or a signed token, however it is
// encoded. The case of letters does not matter: little of a key is lost with it.
func secret(segment string, f keys.Format) bool {
	for range maxNested {
		if f.Within(text.ASCIILower(segment)) != "" || signed(segment) {
			return true
		}
		plain := unescaped(segment)
		if plain == segment {
			return false
		}
		segment = plain
	}
	return true // nobody reads that
}

// signed reports whether the text has the beginning of a signed token: a JSON object and
// what follows it, in Base64.
func signed(text string) bool {
	for {
		_, rest, found := strings.Cut(text, "eyJ")
		if !found {
			return false
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return !isBase64(r) })
		if end > 0 && rest[end] == '.' && end+1 < len(rest) && isBase64(rune(rest[end+1])) {
			return true
		}
		text = rest
	}
}

func isBase64(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}

// unescaped is url.PathUnescape that leaves alone what is no escape: one of them must
// not hide the others.
func unescaped(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if value, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(value))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// visible returns at most that many bytes of valid UTF-8, without characters that hide
// themselves or others. It keeps nothing else of s in memory.
func visible(s string, most int) string {
	if len(s) > most+utf8.UTFMax {
		s = s[:most+utf8.UTFMax] // what follows is not worth reading
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || text.Hidden(r) {
			return utf8.RuneError
		}
		return r
	}, s)
	for len(s) > most {
		_, last := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-last]
	}
	return strings.Clone(strings.ToValidUTF8(s, string(utf8.RuneError)))
}
