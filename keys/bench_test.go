package keys_test

import (
	"testing"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
)

func BenchmarkCheck(b *testing.B) {
	f := keystest.Format(b)
	text := f.New(keys.Live).Reveal()
	b.ReportAllocs()
	for b.Loop() {
		if f.Check(text) != nil {
			b.Fatal("malformed")
		}
	}
}

func BenchmarkHashOf(b *testing.B) {
	text := keystest.Format(b).New(keys.Live).Reveal()
	b.ReportAllocs()
	for b.Loop() {
		if keys.HashOf(text) == (keys.Hash{}) {
			b.Fatal("no hash")
		}
	}
}
