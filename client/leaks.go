package client

import (
	"context"
	"iter"
	"time"
)

// LeaksService reports leaked keys, and lists what was reported.
type LeaksService struct{ c *Client }

// LeakReport names texts that may be keys. URL and Note are shown to the provider's
// staff.
type LeakReport struct {
	Keys []string `json:"keys"`
	URL  string   `json:"url,omitempty"`
	Note string   `json:"note,omitempty"`
}

// RevokeHeld revokes a key by its text.
type RevokeHeld struct {
	Key string `json:"key,omitempty"`
}

// Leak is a report that named at least one key.
type Leak struct {
	ID        string      `json:"id"`
	Source    string      `json:"source"`  // anonymous, github, gitlab or partner
	Address   string      `json:"address"` // of an anonymous reporter
	Note      string      `json:"note"`    // what a stranger typed
	Unknown   int         `json:"unknown"` // texts that are no key
	Keys      []LeakedKey `json:"keys"`
	CreatedAt time.Time   `json:"created_at"`
}

// LeakedKey is a key of a Leak, or a user's token.
type LeakedKey struct {
	Kind           string     `json:"kind"`   // key or user_token
	KeyID          string     `json:"key_id"` // of the key or token
	Name           string     `json:"name"`
	OrganizationID string     `json:"organization_id"` // of a key
	UserID         string     `json:"user_id"`         // of a token
	Start          string     `json:"start"`
	Last4          string     `json:"last4"`
	URL            string     `json:"url"`     // what a stranger typed
	Outcome        string     `json:"outcome"` // revoked, disabled, told or already
	At             *time.Time `json:"at"`
}

// Exposure records that a key was exposed.
type Exposure struct {
	Way     string    `json:"way"`    // leak, or plain_http
	Source  string    `json:"source"` // of the last report, "" for plain_http
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
}

// KeyShape describes what keys look like, for scanners.
type KeyShape struct {
	Issuer         string      `json:"issuer"`
	Pattern        string      `json:"pattern"` // a regular expression in the syntax of RE2
	Checksum       KeyChecksum `json:"checksum"`
	RevokeEndpoint string      `json:"revoke_endpoint"`
	ReportEndpoint string      `json:"report_endpoint"`
	ReportPage     string      `json:"report_page"`
	Gitleaks       string      `json:"gitleaks"`
	Trufflehog     string      `json:"trufflehog"`
}

// KeyChecksum says how the end of a key follows from the rest.
type KeyChecksum struct {
	Algorithm string `json:"algorithm"`
	Covers    string `json:"covers"`
	Encoding  string `json:"encoding"`
	Alphabet  string `json:"alphabet"`
	Length    int    `json:"length"`
}

// GitHubLabel tells GitHub whether a match was a key.
type GitHubLabel struct {
	TokenHash string `json:"token_hash"` // SHA-256 in hex
	TokenType string `json:"token_type"`
	Label     string `json:"label"` // true_positive or false_positive
}

// GitLabTypes lists the types of tokens that GitLab may send.
type GitLabTypes struct {
	Types []string `json:"types"`
}

// Report reports leaked keys. It needs no credential, and the answer does not tell which
// of them exist.
func (s *LeaksService) Report(ctx context.Context, in LeakReport) error {
	_, err := call[struct{}](ctx, s.c, request{method: "POST", path: "/leaks", body: in, anonymous: true})
	return err
}

// Revoke revokes the key with the text, whoever holds it. Unknown and revoked keys are no
// error.
func (s *LeaksService) Revoke(ctx context.Context, key string) error {
	_, err := call[struct{}](ctx, s.c, request{method: "POST", path: "/revoke", body: RevokeHeld{Key: key}, anonymous: true})
	return err
}

// Shape returns what keys look like, for scanners.
func (s *LeaksService) Shape(ctx context.Context) (KeyShape, error) {
	return call[KeyShape](ctx, s.c, request{method: "GET", path: "/.well-known/latchkey-keys.json", anonymous: true})
}

// List returns a page of leaks, the newest first. It is for the provider's staff.
func (s *LeaksService) List(ctx context.Context, p Page) (List[Leak], error) {
	return call[List[Leak]](ctx, s.c, request{method: "GET", path: "/api/leaks", query: p.query().values()})
}

// All yields all leaks.
func (s *LeaksService) All(ctx context.Context) iter.Seq2[Leak, error] {
	return walk(Page{}, func(p Page) (List[Leak], error) { return s.List(ctx, p) })
}

// Exposures returns how a key was exposed.
func (s *LeaksService) Exposures(ctx context.Context, keyID string) ([]Exposure, error) {
	page, err := call[List[Exposure]](ctx, s.c, request{method: "GET", path: "/api/keys/{id}/exposures", params: []string{keyID}})
	return page.Items, err
}
