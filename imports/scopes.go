package imports

import (
	"strings"

	"github.com/latchkey/latchkey/keys"
)

// scopeNames translates names of scopes, and remembers what it renamed.
type scopeNames struct {
	named   map[string]string // by whoever imports
	trusted bool              // the source knows our own scopes
	known   map[string]string
	renamed []Renamed
}

func newScopeNames(o *Options) *scopeNames {
	return &scopeNames{named: o.Map.Scopes, trusted: o.Format == "jsonl" || o.Format == "csv", known: map[string]string{}}
}

// mostScopeNames bounds what scopeNames remembers.
const mostScopeNames = 100_000

// of returns the name here, "" for a scope that is dropped.
func (s *scopeNames) of(name string) string {
	if here, ok := s.known[name]; ok {
		return here
	}
	here, chosen := s.named[name]
	if !chosen {
		here = s.translate(name)
	}
	if len(s.known) < mostScopeNames {
		s.known[name] = here
		if here != name && len(s.renamed) < MostMapped {
			s.renamed = append(s.renamed, Renamed{name, here})
		}
	}
	return here
}

// translate returns a scope with the same words: "documents.read" and "documents/read"
// become "documents:read", and "read" becomes "api:read". It drops "*", and what would let
// keys manage this service, unless the source is an export of Latchkey.
func (s *scopeNames) translate(name string) string {
	if !keys.ValidGrant(name) {
		name = words(name)
	}
	if strings.HasPrefix(name, keys.ManagementPrefix) && (!s.trusted || keys.BeyondOrganization(name)) {
		return ""
	}
	if !keys.ValidGrant(name) || name == keys.AnyScope {
		return ""
	}
	return name
}

// words splits a name where other systems do.
func words(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '*':
			b.WriteRune(r)
		case r == ':', r == '.', r == '/', r == '#':
			b.WriteByte(':')
		case r == '_', r == '-':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
	}
	parts := strings.FieldsFunc(b.String(), func(r rune) bool { return r == ':' })
	for i, p := range parts {
		parts[i] = strings.Trim(p, "-_")
	}
	if len(parts) == 1 && parts[0] != "" {
		return "api:" + parts[0]
	}
	return strings.Join(parts, ":")
}
