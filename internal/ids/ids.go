// Package ids generates and checks object ids: a prefix that names the kind of
// object, and a time-ordered UUID (version 7, RFC 9562) in lower-case hex
// without dashes, so that ids sort by creation time.
package ids

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The prefixes, one per kind of object that has an id.
const (
	Organization   = "org_"
	User           = "usr_"
	ServiceAccount = "sa_"
	Key            = "key_"
	Event          = "evt_"
	Session        = "ses_"
	Token          = "tok_"
	Family         = "fam_"
	Link           = "lnk_"
	Certificate    = "crt_"
	SigningKey     = "sig_"
	Journal        = "jnl_"
	LimitJournal   = "lim_"
	Node           = "node_"
	Edge           = "edge_"
	Incident       = "inc_"
	Import         = "imp_"
	Leak           = "leak_"
	Webhook        = "wh_"
)

const hexLength = 32

// New returns a new id with the prefix. It fails only if the system's random source
// does, which crypto/rand treats as fatal.
func New(prefix string) string {
	u := uuid.Must(uuid.NewV7())
	return prefix + hex.EncodeToString(u[:])
}

// At returns the first possible id with the prefix at the time t.
func At(prefix string, t time.Time) string {
	return fmt.Sprintf("%s%012x%020d", prefix, max(0, t.UnixMilli()), 0)
}

// Valid reports whether id has the prefix and the shape of an id.
func Valid(prefix, id string) bool {
	rest, ok := strings.CutPrefix(id, prefix)
	if !ok || len(rest) != hexLength {
		return false
	}
	for i := range len(rest) {
		if c := rest[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Short is the start of an id's SHA-256: it stands for the id in large sets.
type Short [12]byte

// ShortOf returns what stands for the id.
func ShortOf(id string) (s Short) {
	sum := sha256.Sum256([]byte(id))
	copy(s[:], sum[:])
	return s
}
