package verify

import (
	"net/url"
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

// MaxShown bounds in bytes what is kept of a request.
const MaxShown = maxMethod + maxPath

const (
	maxMethod = 32  // bytes
	maxPath   = 200 // bytes
	withheld  = "…" // stands for what is secret
)

// shown returns the method and the path of the request, as people may see them: without
// host, query and credentials, and cut.
func (q *Question) shown(f keys.Format) (method, path string) {
	if q.Original == nil {
		return "", ""
	}
	method, uri := q.Original.Original()
	return visible(method, maxMethod), pathOf(uri, f)
}

func pathOf(uri string, f keys.Format) string {
	for _, scheme := range []string{"http://", "https://"} {
		if rest, absolute := strings.CutPrefix(uri, scheme); absolute {
			_, path, _ := strings.Cut(rest, "/")
			uri = "/" + path
		}
	}
	if end := strings.IndexAny(uri, "?#"); end >= 0 {
		uri = uri[:end]
	}
	segments := strings.Split(uri, "/")
	for i, s := range segments {
		if secret(s, f) {
			segments[i] = withheld
		}
	}
	return visible(strings.Join(segments, "/"), maxPath)
}

// secret reports whether a segment of a path has a key, or is a signed token.
func secret(segment string, f keys.Format) bool {
	plain, err := url.PathUnescape(segment)
	if err != nil {
		plain = segment
	}
	return f.Within(plain) != "" || f.Within(segment) != "" || strings.HasPrefix(plain, "eyJ") && strings.Count(plain, ".") == 2
}

// visible returns at most that many bytes of valid UTF-8, without characters that hide
// themselves or others.
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
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}
