package imports

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// idOf returns the id of an object that is always the same for the same parts: a UUID of
// version 7 with the time at which the object was made at its source, zero if that is
// unknown, and bits of the SHA-256 of the parts in place of random ones.
func idOf(prefix string, at time.Time, parts ...string) string {
	h := sha256.New()
	for _, p := range append([]string{prefix}, parts...) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write([]byte(p))
	}
	var u [16]byte
	copy(u[6:], h.Sum(nil))
	if ms := at.UnixMilli(); !at.IsZero() && ms > 0 {
		var time [8]byte
		binary.BigEndian.PutUint64(time[:], uint64(ms))
		copy(u[:6], time[2:])
	}
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return prefix + hex.EncodeToString(u[:])
}
