package keys

import (
	"slices"
	"strings"
	"sync/atomic"
)

// Alphabet says of which characters keys of a shape consist.
type Alphabet string

// The alphabets, each within the next.
const (
	HexDigits    Alphabet = "hex"
	Alphanumeric Alphabet = "alnum"
	URLSafe      Alphabet = "url"   // letters, digits and -._~
	Visible      Alphabet = "ascii" // all visible ASCII characters
)

var alphabets = []Alphabet{HexDigits, Alphanumeric, URLSafe, Visible}

// MostShapes is how many shapes of foreign keys a service knows: enough for each length of
// a public part, and none.
const MostShapes = MostPublic + 1

// Shape describes foreign keys that were imported: what is not of our own shape is looked
// up only if it matches one.
type Shape struct {
	Prefix   string   `json:"prefix,omitempty"`
	Alphabet Alphabet `json:"alphabet"` // of all characters
	Least    int      `json:"least"`    // bytes
	Most     int      `json:"most"`     // bytes
	SHA512   bool     `json:"sha512,omitempty"`
	// Public is the length of the public part, by which salted digests are found; 0 if
	// none is salted.
	Public int `json:"public,omitempty"`
}

// ShapeOf returns the shape of the one text.
func ShapeOf(text string) Shape {
	return Shape{Prefix: Brand(text), Alphabet: alphabetOf(text), Least: len(text), Most: len(text)}
}

// Brand returns what a text starts with, up to an underscore, if that consists of words
// such as "sk_live_". Anything else in front of an underscore may be a part of the secret.
func Brand(text string) string {
	const most = 16
	start := text[:min(most, len(text)/2)]
	for end := strings.LastIndexByte(start, '_'); end >= 0; end = strings.LastIndexByte(start[:end], '_') {
		if words(start[:end]) {
			return start[:end+1]
		}
	}
	return ""
}

// words reports whether the text consists of words of one case with underscores between
// them. The first one has two letters at least.
func words(text string) bool {
	if text != strings.ToLower(text) && text != strings.ToUpper(text) || len(text) < 2 || !isLetter(text[1]) {
		return false
	}
	for word := range strings.SplitSeq(text, "_") {
		if word == "" || !isLetter(word[0]) || !Alphanumeric.has(word) {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return isBase62(c) && c > '9' }

func alphabetOf(text string) Alphabet {
	for _, a := range alphabets {
		if a.has(text) {
			return a
		}
	}
	return Visible
}

func (a Alphabet) has(text string) bool {
	for i := range len(text) {
		c := text[i]
		digit := '0' <= c && c <= '9'
		fits := false
		switch a {
		case HexDigits:
			fits = digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
		case Alphanumeric:
			fits = isBase62(c)
		case URLSafe:
			fits = isBase62(c) || strings.IndexByte("-._~", c) >= 0
		case Visible:
			fits = '!' <= c && c <= '~'
		}
		if !fits {
			return false
		}
	}
	return true
}

// Valid reports whether the shape makes sense: its bounds are in order and within those
// of foreign keys.
func (s Shape) Valid() bool {
	return slices.Contains(alphabets, s.Alphabet) && LeastForeign <= s.Least && s.Least <= s.Most && s.Most <= MostForeign &&
		0 <= s.Public && s.Public <= MostPublic && s.Public < s.Least && len(s.Prefix) < s.Least && s.Alphabet.has(s.Prefix)
}

// Matches reports whether the text may be a key of the shape. A signed token is none.
func (s Shape) Matches(text string) bool {
	return s.Least <= len(text) && len(text) <= s.Most && strings.HasPrefix(text, s.Prefix) && s.Alphabet.has(text) && !LikeJWT(text)
}

// LikeJWT reports whether the text looks like a signed token (RFC 7515 section 7.1).
func LikeJWT(text string) bool {
	return strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2
}

// JoinShapes returns shapes that match whatever either list matches, at most MostShapes of
// them.
func JoinShapes(shapes, more []Shape) []Shape {
	joined := slices.Clone(shapes)
	for _, s := range more {
		joined = s.joinTo(joined)
	}
	if len(joined) <= MostShapes {
		return joined
	}
	var all []Shape // without prefixes, of which there are too many
	for _, s := range joined {
		s.Prefix, s.Alphabet = "", Visible
		all = s.joinTo(all)
	}
	return all[:min(len(all), MostShapes)]
}

func (s Shape) joinTo(shapes []Shape) []Shape {
	for i := range shapes {
		t := &shapes[i]
		if t.Prefix != s.Prefix || t.Alphabet != s.Alphabet || t.Public != s.Public {
			continue
		}
		t.Least, t.Most, t.SHA512 = min(t.Least, s.Least), max(t.Most, s.Most), t.SHA512 || s.SHA512
		return shapes
	}
	return append(shapes, s)
}

// Foreign holds the shapes that a service knows. It may be used concurrently; the zero
// Foreign knows none.
type Foreign struct{ known atomic.Pointer[[]Shape] }

// Set replaces the shapes. Those that are not Valid are left out.
func (f *Foreign) Set(shapes []Shape) {
	valid := slices.DeleteFunc(slices.Clone(shapes), func(s Shape) bool { return !s.Valid() })
	f.known.Store(&valid)
}

// Shapes returns the shapes, which must not be changed.
func (f *Foreign) Shapes() []Shape {
	if f == nil {
		return nil
	}
	if known := f.known.Load(); known != nil {
		return *known
	}
	return nil
}

// Matches reports whether the text may be a key of one of the shapes.
func (f *Foreign) Matches(text string) bool {
	for _, s := range f.Shapes() {
		if s.Matches(text) {
			return true
		}
	}
	return false
}
