package verify_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// unasked is a source that counts how often it is asked for changes.
type unasked struct {
	verify.Source
	asked int
}

func (u *unasked) Changes(context.Context, time.Time) (verify.News, error) {
	u.asked++
	return verify.News{}, nil
}

// TestNoPolls: a command that imports for minutes does not read what other nodes change,
// which on a busy store is what it has just written.
func TestNoPolls(t *testing.T) {
	t.Parallel()
	for _, none := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			source := &unasked{}
			limiter, err := ratelimit.NewLocal(ratelimit.Config{})
			if err != nil {
				t.Fatal(err)
			}
			v, err := verify.New(verify.Config{
				Source: source, Limiter: limiter, Marks: keys.NewMarks(), Format: keystest.Format(t), Logger: slog.New(slog.DiscardHandler),
				NoPolls: none,
			})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			v.Close()
			if err := limiter.Close(t.Context()); err != nil || (source.asked == 0) != none {
				t.Errorf("without polls: %t, it is asked %d times, %v", none, source.asked, err)
			}
		})
	}
}
