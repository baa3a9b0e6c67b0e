package ratelimit

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// stored is a slow bucket in a journal. Monotonic time means nothing to another process,
// so it uses wall-clock time.
type stored struct {
	id     name
	rule   Rule
	tokens float64
	at     int64 // Unix time in nanoseconds
}

func (b *buckets) store(s *state, now time.Time) stored {
	return stored{id: s.id, rule: s.rule, tokens: s.tokens, at: now.UnixNano() - (b.elapsed(now) - s.latest)}
}

// levels appends the levels of buckets that exist, and marks them as written.
func (b *buckets) levels(to []stored, names []name, now time.Time) []stored {
	for _, n := range names {
		if found := b.there(n); found != nil {
			found.waits = false
			to = append(to, b.store(&found.state, now))
			found.mu.Unlock()
		}
	}
	return to
}

// slow returns the levels of one shard's slow buckets that are not full.
func (b *buckets) slow(part int, now time.Time) (levels []stored) {
	s, at := &b.parts[part], b.elapsed(now)
	s.mu.RLock()
	names := make([]name, 0, len(s.places))
	for _, place := range s.places {
		names = append(names, s.at(place).id)
	}
	s.mu.RUnlock()
	for _, n := range names {
		found := b.there(n)
		if found == nil {
			continue
		}
		if found.kept && found.level(found.rule, at) < float64(found.rule.Burst) {
			levels = append(levels, b.store(&found.state, now))
		}
		found.mu.Unlock()
	}
	return levels
}

// lower reduces the bucket's level to the stored one if that is lower, and reports
// whether it did.
func (b *buckets) lower(s stored, now time.Time) bool {
	at := b.elapsed(now)
	was := bucket{state: state{rule: s.rule, tokens: s.tokens, latest: at - max(0, now.UnixNano()-s.at)}}
	if was.level(s.rule, at) >= float64(s.rule.Burst) {
		return false
	}
	found := b.lockNamed(s.id, s.rule, at, true)
	defer found.mu.Unlock()
	if found.level(found.rule, at) <= was.level(found.rule, at) {
		return false
	}
	found.rule, found.tokens, found.latest = was.rule, was.tokens, was.latest
	found.waits, found.kept = true, true
	return true
}

// levelsForm begins every entry. A process that predates it reads it as a number of rows
// that no entry of usage can hold.
var levelsForm = []byte{0xff, 0xff, 0xff, 0xff, 0x7f, 1}

// packLevels encodes the levels as a journal's entry.
func packLevels(levels []stored) []byte {
	b := make([]byte, 0, 64*len(levels))
	b = append(b, levelsForm...)
	for i := range levels {
		s := &levels[i]
		size := nameSize(s.id)
		b = append(b, byte(size)) //nolint:gosec // G115: names are short
		b = append(b, s.id[:size]...)
		b = binary.AppendUvarint(b, uint64(s.rule.Requests)) //nolint:gosec // G115: rules are positive
		b = binary.AppendUvarint(b, uint64(s.rule.Per))      //nolint:gosec // G115: rules are positive
		b = binary.AppendUvarint(b, uint64(s.rule.Burst))    //nolint:gosec // G115: rules are positive
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.tokens))
		b = binary.AppendVarint(b, s.at)
	}
	return b
}

// nameSize returns the length of the name, without the trailing zeros after an id.
func nameSize(n name) int {
	if size := int(n[len(n)-1]); size < len(n) {
		return size
	}
	return len(n)
}

var errLevels = errors.New("these are no levels of limits")

// unpackLevels decodes what packLevels encoded.
func unpackLevels(b []byte) (levels []stored, err error) {
	if len(b) < len(levelsForm) || string(b[:len(levelsForm)]) != string(levelsForm) {
		return nil, errLevels
	}
	for b = b[len(levelsForm):]; len(b) > 0; {
		var s stored
		if s, b, err = unpackLevel(b); err != nil {
			return nil, err
		}
		levels = append(levels, s)
	}
	return levels, nil
}

func unpackLevel(b []byte) (s stored, rest []byte, err error) {
	size := int(b[0])
	if b = b[1:]; size > len(s.id) || size > len(b) {
		return s, nil, errLevels
	}
	copy(s.id[:], b[:size])
	if b = b[size:]; size < len(s.id) {
		s.id[len(s.id)-1] = byte(size)
	}
	if nameSize(s.id) != size {
		return s, nil, errLevels
	}
	for _, field := range []*int64{&s.rule.Requests, (*int64)(&s.rule.Per), &s.rule.Burst} {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > math.MaxInt64 {
			return s, nil, errLevels
		}
		*field, b = int64(n), b[used:]
	}
	if len(b) < 8 {
		return s, nil, errLevels
	}
	s.tokens, b = math.Float64frombits(binary.BigEndian.Uint64(b)), b[8:]
	at, used := binary.Varint(b)
	if used <= 0 || s.rule.Validate() != nil || !(s.tokens >= 0 && s.tokens <= float64(s.rule.Burst)) {
		return s, nil, errLevels
	}
	s.at = at
	return s, b[used:], nil
}
