package keys

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey/latchkey/errs"
	typed "github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/ratelimit"
)

// Bounds of what objects hold.
const (
	MaxNameLength      = 255      // characters
	MaxTextLength      = 2000     // characters of descriptions and notes
	MaxMetadataBytes   = 16 << 10 // as compact JSON
	MaxMetadataEntries = 100      // at the top level
	MaxMetadataDepth   = 10       // nested arrays and objects
	MaxNetworks        = 100      // allowed networks of one object
	maxYear            = 9999 - 1 // RFC 3339 has four digits for a year
)

// checkName validates a new name. It skips a name that is already stored, so that a
// later rule does not block other changes.
func checkName(f *errs.Faults, field, name, old string) {
	switch {
	case strings.TrimSpace(name) == "":
		f.Add(field, "empty")
	case name == old:
	case name != strings.TrimSpace(name):
		f.Add(field, "white_space_around")
	default:
		checkText(f, field, name, MaxNameLength, false)
	}
}

func checkText(f *errs.Faults, field, text string, most int, lines bool) {
	switch {
	case !utf8.ValidString(text):
		f.Add(field, "not_utf8")
	case utf8.RuneCountInString(text) > most:
		f.Add(field, "too_long", "most", most)
	case !lines && strings.ContainsFunc(text, typed.Hidden):
		f.Add(field, "has_invisible")
	case lines && strings.ContainsFunc(text, unprintable):
		f.Add(field, "has_control")
	}
}

// unprintable reports whether the character may not be in a line of text.
func unprintable(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// Legible returns the text without what checkText refuses, so that a bad note does not
// stop a revoke.
func Legible(text string) string {
	text = strings.Map(func(r rune) rune {
		if unprintable(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, typed.Normal(text))
	if runes := []rune(text); len(runes) > MaxTextLength {
		return string(runes[:MaxTextLength])
	}
	return text
}

func checkMetadata(f *errs.Faults, m Metadata) {
	if len(m) == 0 {
		return
	}
	if len(m) > MaxMetadataBytes {
		f.Add("metadata", "json_too_long", "most", MaxMetadataBytes)
		return
	}
	var top map[string]any
	if err := json.Unmarshal(m, &top); err != nil || top == nil {
		f.Add("metadata", "not_an_object")
		return
	}
	f.Check(len(top) <= MaxMetadataEntries, "metadata", "too_many_entries", "most", MaxMetadataEntries)
	depth, nul := survey(top)
	f.Check(depth <= MaxMetadataDepth, "metadata", "too_deep", "most", MaxMetadataDepth)
	f.Check(!nul, "metadata", "has_nul")
}

// survey returns how deep arrays and objects nest in v, and whether a string in it
// contains a NUL.
func survey(v any) (depth int, nul bool) {
	visit := func(v any) {
		d, n := survey(v)
		depth, nul = max(depth, d), nul || n
	}
	switch v := v.(type) {
	case string:
		return 0, strings.ContainsRune(v, 0)
	case []any:
		for _, e := range v {
			visit(e)
		}
		return depth + 1, nul
	case map[string]any:
		for name, e := range v {
			visit(name)
			visit(e)
		}
		return depth + 1, nul
	default:
		return 0, false
	}
}

// compact returns m without white space, and nil for {}.
func compact(m Metadata) Metadata {
	var b bytes.Buffer
	if len(m) == 0 || json.Compact(&b, m) != nil || b.String() == "{}" {
		return nil
	}
	return b.Bytes()
}

// everywhere returns nil for no networks, which allow every address.
func everywhere(networks []netip.Prefix) []netip.Prefix {
	if len(networks) == 0 {
		return nil
	}
	return networks
}

func checkNetworks(f *errs.Faults, networks []netip.Prefix) {
	f.Check(len(networks) <= MaxNetworks, "allowed_networks", "too_many_entries", "most", MaxNetworks)
	for i, n := range networks {
		field := fmt.Sprintf("allowed_networks[%d]", i)
		switch {
		case !n.IsValid():
			f.Add(field, "network_shape")
		case n.Masked() != n:
			f.Add(field, "network_bits", "network", n.Masked())
		case n.Addr().Is4In6():
			f.Add(field, "not_ipv4")
		}
	}
}

func checkRule(f *errs.Faults, field string, r *ratelimit.Rule) {
	if r == nil {
		return
	}
	for _, fault := range r.Faults() {
		f.Note(field+"."+fault.Member, fault.Text)
	}
}

func checkQuota(f *errs.Faults, field string, q *ratelimit.Quota) {
	if q == nil {
		return
	}
	for _, fault := range q.Faults() {
		f.Note(field+"."+fault.Member, fault.Text)
	}
}

func checkScopes(f *errs.Faults, field string, scopes []string) {
	if len(scopes) > MaxScopes {
		f.Add(field, "too_many_entries", "most", MaxScopes)
		return
	}
	for i, s := range scopes {
		f.Check(ValidGrant(s), fmt.Sprintf("%s[%d]", field, i), "grant_shape")
	}
}

// CheckTime reports a time that RFC 3339 cannot express; zero is allowed.
func CheckTime(f *errs.Faults, field string, t time.Time) {
	if t.IsZero() {
		return
	}
	f.Check(t.Year() >= 1970 && t.Year() <= maxYear, field, "time_out_of_range")
}

// tidy sorts scopes and removes duplicates; nil stays nil.
func tidy(scopes []string) []string {
	if scopes == nil {
		return nil
	}
	sorted := slices.Clone(scopes)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// Moment returns t as it is stored: UTC and whole milliseconds.
func Moment(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// CheckText validates one line of text of at most MaxNameLength characters, which may
// be empty.
func CheckText(f *errs.Faults, field, text string) { checkText(f, field, text, MaxNameLength, false) }
