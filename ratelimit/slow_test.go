package ratelimit

import (
	"slices"
	"testing"
	"time"
)

// FuzzLevels: an entry is read as it was written, or refused.
func FuzzLevels(f *testing.F) {
	f.Add(packLevels([]stored{
		{id: nameOf("key_0192"), rule: Rule{2, 24 * time.Hour, 2}, tokens: 0.25, at: 1_795_000_000_000_000_000},
		{id: nameOf("a name that is so long that a digest of it is what a bucket is called by"), rule: Rule{1, time.Hour, 9}, tokens: 9, at: -1},
	}))
	f.Add([]byte{})
	f.Add(levelsForm)
	f.Fuzz(func(t *testing.T, b []byte) {
		levels, err := unpackLevels(b)
		if err != nil {
			return
		}
		again, err := unpackLevels(packLevels(levels))
		if err != nil || !slices.Equal(again, levels) {
			t.Errorf("%+v became %+v, %v", levels, again, err)
		}
	})
}
