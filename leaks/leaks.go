// Package leaks acts on keys that somebody should not have: keys, and tokens of users, that
// people and scanners report as leaked, keys that their holders revoke with the key itself,
// and keys that arrive without TLS. A report is answered before anything is looked up, so
// no answer tells which keys exist. Until it is looked up, it waits in the store with
// the texts sealed; any node takes up what another left. What HTTP, signatures and
// pages need of it lies in other packages.
package leaks

import (
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/text"
	"github.com/latchkey/latchkey/keys"
)

// Bounds of a report.
const (
	MaxKeys   = 100
	MaxText   = 512  // bytes of what may be a key
	MaxURL    = 2048 // characters
	MaxNote   = 2000 // characters
	maxQueued = 200  // reports that wait in the store; more are refused
	maxHere   = 64   // reports that this node has accepted and not worked off
)

// Source says who reported keys.
type Source string

// The sources.
const (
	Anonymous Source = "anonymous" // POST /leaks, or the page for people
	GitHub    Source = "github"
	GitLab    Source = "gitlab"
	Partner   Source = "partner" // POST /leaks/signed
	Holder    Source = "holder"  // whoever revoked the key with the key itself
)

// Trusted reports whether the source has shown who it is. Others never revoke a key
// that reaches beyond its own organization.
func (s Source) Trusted() bool { return s == GitHub || s == GitLab || s == Partner }

// Find is one text that may be a key, and where it was found.
type Find struct {
	Text string `json:"text"`
	URL  string `json:"url,omitempty"`
}

// Sighting is what somebody reports.
type Sighting struct {
	Source  Source
	Address netip.Addr // of an anonymous reporter
	Finds   []Find
	Note    string
}

// Report is an accepted report that nobody has looked at yet.
type Report struct {
	keys.Stamp
	ID           string     `json:"id"`
	Source       Source     `json:"source"`
	Address      netip.Addr `json:"address,omitzero"`
	Note         string     `json:"note,omitempty"`
	Sealed       []byte     `json:"sealed"` // the finds, as JSON
	ClaimedUntil time.Time  `json:"claimed_until,omitzero"`
}

// Outcome is what happened to a key.
type Outcome string

// The outcomes.
const (
	Revoked  Outcome = "revoked"
	Disabled Outcome = "disabled"
	Told     Outcome = "told"    // the key goes on working
	Already  Outcome = "already" // it had ended, was disabled, or people were told lately
)

// Kind is what was reported.
type Kind string

// The kinds.
const (
	APIKey    Kind = ""
	UserToken Kind = "user_token"
)

// Leak is a report that named at least one key or token, for the provider's staff. URL and Note
// are what a stranger typed: they are shown as plain text, never as links.
type Leak struct {
	keys.Stamp
	ID      string     `json:"id"`
	Source  Source     `json:"source"`
	Address netip.Addr `json:"address,omitzero"`
	Note    string     `json:"note,omitempty"`
	Unknown int        `json:"unknown"` // texts that are neither
	Keys    []Key      `json:"keys"`
}

// Key is a key or token of a Leak.
type Key struct {
	Kind           Kind      `json:"kind,omitempty"`
	UserID         string    `json:"user_id,omitempty"` // of a token
	ID             string    `json:"id"`
	OrganizationID string    `json:"organization_id"`
	Name           string    `json:"name"`
	Start          string    `json:"start"`
	Last4          string    `json:"last4"`
	URL            string    `json:"url,omitempty"`
	Outcome        Outcome   `json:"outcome"`
	Wide           bool      `json:"wide,omitempty"` // it reaches beyond its organization
	At             time.Time `json:"at"`
}

// Way is how a key was exposed.
type Way string

// The ways.
const (
	ByLeak Way = "leak"       // somebody reported it
	ByHTTP Way = "plain_http" // it arrived without TLS
)

// Ways lists the ways.
func Ways() []Way { return []Way{ByLeak, ByHTTP} }

// Exposure records that a key was exposed.
type Exposure struct {
	keys.Stamp
	ID     string    `json:"id"`
	KeyID  string    `json:"key_id"`
	Way    Way       `json:"way"`
	Source Source    `json:"source,omitempty"` // of the last report
	LastAt time.Time `json:"last_at"`          // when people were last told
}

func exposureID(keyID string, way Way) string { return keyID + "." + string(way) }

// Check normalizes the sighting and returns what is wrong with it.
func (s *Sighting) Check() error {
	var f errs.Faults
	f.Check(len(s.Finds) > 0, "keys", "required")
	f.Check(len(s.Finds) <= MaxKeys, "keys", "too_many_entries", "most", MaxKeys)
	for i := range s.Finds {
		one := &s.Finds[i]
		one.Text = strings.TrimSpace(one.Text)
		f.Check(len(one.Text) <= MaxText, "keys", "leaked_key_too_long", "most", MaxText)
		checkBytes(&f, "keys", one.Text)
		checkBytes(&f, "url", one.URL)
		one.URL = legible(one.URL)
		f.Check(utf8.RuneCountInString(one.URL) <= MaxURL, "url", "too_long", "most", MaxURL)
	}
	checkBytes(&f, "note", s.Note)
	s.Note = legible(s.Note)
	f.Check(utf8.RuneCountInString(s.Note) <= MaxNote, "note", "too_long", "most", MaxNote)
	return f.Err()
}

// checkBytes refuses what is no text at all.
func checkBytes(f *errs.Faults, field, text string) {
	f.Check(utf8.ValidString(text), field, "not_utf8")
	f.Check(!strings.ContainsRune(text, 0), field, "has_control")
}

// legible returns the text in its normal form without characters that hide or reorder
// others. A report must not fail because of them.
func legible(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == unicode.ReplacementChar || text.Hidden(r):
			return -1
		default:
			return r
		}
	}, text.Normal(strings.ToValidUTF8(s, ""))))
}
