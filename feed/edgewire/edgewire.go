// Package edgewire defines the messages between an edge and the node that feeds it: see
// docs/edge-protocol.md.
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

// Version is the version of the protocol. A node answers edges of this version and the
// previous one.
const Version = 1

// The paths on a node. All take POST with JSON, and a key as credential.
const (
	ChangesPath = "/edge/v1/changes"
	GrantPath   = "/edge/v1/grant"
	LimitPath   = "/edge/v1/limit"
	UsagePath   = "/edge/v1/usage"
)

// Bounds of a message.
const (
	MostMarks  = 1 << 14 // sent at once; beyond that, all are marked
	MaxRequest = 1 << 20
	MaxAnswer  = 1 << 20
)

// Edge identifies the edge that asks.
type Edge struct {
	ID        string    `json:"id"` // edge_…, new each time the process starts
	Name      string    `json:"name"`
	Version   string    `json:"version"` // of Latchkey
	StartedAt time.Time `json:"started_at"`
}

// AskChanges asks what changed after a place in one node's sequence.
type AskChanges struct {
	Edge  Edge   `json:"edge"`
	Epoch string `json:"epoch"` // of the previous answer, "" at first
	After uint64 `json:"after"` // Place of the previous answer
	// Wait is how many milliseconds the answer may wait for a change. An answer that
	// waited renews no lease.
	Wait int64 `json:"wait_ms"`
	// Heard is how many milliseconds ago the edge asked the last question whose answer
	// reached it, rounded up. 0 means that none did and the edge has nothing cached.
	Heard int64 `json:"heard_ms"`
	// Leave says that the edge no longer serves anything and needs no answer.
	Leave bool `json:"leave"`
}

// Changes reports what changed. The edge drops what has one of the marks, or
// everything.
type Changes struct {
	Epoch string `json:"epoch"` // if it differs, earlier places mean nothing
	Place uint64 `json:"place"`
	Marks Marks  `json:"marks"`
	All   bool   `json:"all"`
	// Age is how many milliseconds before the request the node may have missed other
	// nodes' changes.
	Age int64 `json:"age_ms"`
	// MaxStale is how many milliseconds after its lease began the edge may continue
	// while it is cut off.
	MaxStale int64  `json:"max_stale_ms"`
	Brand    string `json:"brand"` // prefix of the keys
	// Foreign has the shapes of keys that were imported. What matches none, and is not
	// of the brand, is no key.
	Foreign []keys.Shape `json:"foreign,omitempty"`
}

// Marks are digests of what changed, as made by [keys.MarkDigest]. In JSON they are one
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

// AskGrant asks what is known of the key with the digest, which somebody presented to
// the edge.
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

// Limit is the decision on the limits. Times are in nanoseconds.
type Limit struct {
	Decision ratelimit.Decision `json:"decision"`
}

// Usage reports what an edge has decided since its last report.
type Usage struct {
	Edge Edge `json:"edge"`
	// Batch numbers the messages of the edge. If the answer to a message was lost, the
	// edge sends it again, and the same node does not count it twice.
	Batch    uint64                     `json:"batch"`
	Tallies  []usage.Tally              `json:"tallies"`  // at most usage.MostTallied
	Uses     map[string]usage.Use       `json:"uses"`     // the last use of keys, by id
	Refusals map[string][]usage.Refusal `json:"refusals"` // the last refusals of keys, by id
	// Plain are the ids of keys that arrived without TLS. A node that does not know this
	// member ignores it, so an edge names a key again after each further use.
	Plain []string `json:"plain,omitempty"`
}

// Size returns how many entries the message has.
func (u *Usage) Size() int { return len(u.Tallies) + len(u.Uses) + len(u.Refusals) + len(u.Plain) }

// Bounds of a Usage.
const (
	MostUses    = 500
	MostRefused = 50
	MostPlain   = 500
)

// Grant is what a verdict on a key needs. It leaves out what only people read.
type Grant struct {
	Epoch        string              `json:"epoch"` // as in Changes
	Key          keys.Key            `json:"key"`
	Account      keys.ServiceAccount `json:"account"`
	Organization keys.Organization   `json:"organization"`
	Tier         keys.Tier           `json:"tier"`
	// Needs names checks and limits that the first version of the protocol does not
	// have. An edge that does not know one of them asks the node to verify.
	Needs []string `json:"needs,omitempty"`
}

// NewGrant returns the grant without what only people read.
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
