// Package edgewire is what an edge and the node that feeds it say to each other:
// see docs/edge-protocol.md.
package edgewire

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
)

// Version is that of the protocol. A node answers edges of this version and of
// the one before.
const Version = 1

// Where a node answers. All take POST with JSON, and a key as credential.
const (
	ChangesPath = "/edge/v1/changes"
	GrantPath   = "/edge/v1/grant"
	LimitPath   = "/edge/v1/limit"
	UsagePath   = "/edge/v1/usage"
)

// Bounds of a message.
const (
	MostMarks  = 1 << 14 // told at once; with more, all
	MaxRequest = 1 << 20
	MaxAnswer  = 1 << 20
)

// Edge is who asks.
type Edge struct {
	ID        string    `json:"id"` // edge_…, made anew when the process starts
	Name      string    `json:"name"`
	Version   string    `json:"version"` // of Latchkey
	StartedAt time.Time `json:"started_at"`
}

// AskChanges asks what changed after a place in what one node tells.
type AskChanges struct {
	Edge  Edge   `json:"edge"`
	Epoch string `json:"epoch"` // of the answer before, "" at first
	After uint64 `json:"after"` // Place of the answer before
	// Wait is for how many milliseconds the answer may wait for a change. An answer
	// that waited renews no lease.
	Wait int64 `json:"wait_ms"`
	// Heard is how many milliseconds ago the edge asked the last question whose
	// answer reached it, rounded up; 0: none did, and it remembers nothing.
	Heard int64 `json:"heard_ms"`
	// Leave says that the edge serves nothing any more, and needs no answer.
	Leave bool `json:"leave"`
}

// Changes is what changed. The edge forgets what has one of the marks, or
// everything.
type Changes struct {
	Epoch string `json:"epoch"` // another one: the places before mean nothing
	Place uint64 `json:"place"`
	Marks Marks  `json:"marks"`
	All   bool   `json:"all"`
	// Age is for how many milliseconds before the request the node may not have
	// heard of what other nodes changed.
	Age int64 `json:"age_ms"`
	// MaxStale is for how many milliseconds after its lease began the edge may go
	// on while it is cut off.
	MaxStale int64  `json:"max_stale_ms"`
	Brand    string `json:"brand"` // what keys begin with
}

// Marks are digests of what changed, as [keys.MarkDigest] makes them. In JSON they are one
// text: eight bytes each, big-endian, in base64 without padding.
type Marks []uint64

// MarshalText implements [encoding.TextMarshaler].
func (m Marks) MarshalText() ([]byte, error) {
	packed := make([]byte, 0, 8*len(m))
	for _, d := range m {
		packed = binary.BigEndian.AppendUint64(packed, d)
	}
	return base64.RawStdEncoding.AppendEncode(nil, packed), nil
}

var errMarks = errors.New("marks must be base64 of eight bytes each")

// UnmarshalText implements [encoding.TextUnmarshaler].
func (m *Marks) UnmarshalText(text []byte) error {
	packed, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("%w: %w", errMarks, err)
	}
	if len(packed)%8 != 0 || len(packed)/8 > MostMarks {
		return errMarks
	}
	*m = make(Marks, 0, len(packed)/8)
	for ; len(packed) > 0; packed = packed[8:] {
		*m = append(*m, binary.BigEndian.Uint64(packed))
	}
	return nil
}

// AskGrant asks what is known of the key with the digest, which somebody showed
// to the edge.
type AskGrant struct {
	Digest string `json:"digest"` // SHA-256 of the whole key, in lower-case hex
	Fresh  bool   `json:"fresh"`  // read the store, not the node's cache
}

// AskLimit asks to charge the limits of the key with the digest.
type AskLimit struct {
	Digest string `json:"digest"`
	Cost   int64  `json:"cost"`
	DryRun bool   `json:"dry_run"`
}

// Limit is what the limits say. Times are in nanoseconds.
type Limit struct {
	Decision ratelimit.Decision `json:"decision"`
}

// Usage tells what an edge has decided since it last told.
type Usage struct {
	Edge Edge `json:"edge"`
	// Batch counts the messages of the edge. One that comes again, since its answer
	// was lost, is not counted again by the same node.
	Batch    uint64                     `json:"batch"`
	Tallies  []usage.Tally              `json:"tallies"`  // at most usage.MostTallied
	Uses     map[string]usage.Use       `json:"uses"`     // the last use of keys, by id
	Refusals map[string][]usage.Refusal `json:"refusals"` // the last refusals of keys, by id
}

// Bounds of a Usage.
const (
	MostUses    = 500
	MostRefused = 50
)

// Grant is what a verdict on a key needs. What only people read is left out.
type Grant struct {
	Epoch        string              `json:"epoch"` // as in Changes
	Key          keys.Key            `json:"key"`
	Account      keys.ServiceAccount `json:"account"`
	Organization keys.Organization   `json:"organization"`
	Tier         keys.Tier           `json:"tier"`
	// Needs names checks and limits that are not in the first version of the
	// protocol. An edge that does not know one of them asks the node to verify.
	Needs []string `json:"needs,omitempty"`
}

// NewGrant is the grant without what only people read.
func NewGrant(k keys.Key, a keys.ServiceAccount, o keys.Organization, t keys.Tier) Grant {
	k.Stamp, a.Stamp, o.Stamp, t.Stamp = keys.Stamp{}, keys.Stamp{}, keys.Stamp{}, keys.Stamp{}
	k.Start, k.Last4, k.Note, k.CreatedBy, k.RotatedFrom, k.RevokeReason, k.RevokeNote = "", "", "", "", "", "", ""
	a.Description, a.CreatedBy, a.OwnerID = "", "", ""
	if a.Override != nil {
		override := *a.Override
		override.Note = ""
		a.Override = &override
	}
	o.Name, o.Metadata = "", nil
	t.Title = ""
	return Grant{Key: k, Account: a, Organization: o, Tier: t}
}
