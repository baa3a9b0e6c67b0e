package elapsed_test

import (
	"testing"

	"github.com/latchkey/latchkey/internal/elapsed"
)

func TestTimeGoesByOneWay(t *testing.T) {
	t.Parallel()
	last := elapsed.Now()
	for range 1000 {
		now := elapsed.Now()
		if now < last {
			t.Fatalf("%s after %s", now, last)
		}
		last = now
	}
}

func BenchmarkNow(b *testing.B) {
	for b.Loop() {
		elapsed.Now()
	}
}
