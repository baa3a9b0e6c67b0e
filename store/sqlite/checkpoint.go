package sqlite

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/internal/elapsed"
)

// The log is moved into the file once it is long and nobody writes: a damaged byte in it
// loses everything written after it. Each move waits for the disk twice, whatever its
// size, so a busy service moves more at once.
const (
	idleAfter     = 100 * time.Millisecond
	idlePages     = 1000 // log pages that make a move while idle worthwhile
	mostPages     = "4000"
	framePageSize = 24 + 4096
)

// checkpoints moves the log into the file in the background.
type checkpoints struct {
	log     string // path
	db      *database
	last    atomic.Int64  // time of the last write, by elapsed.Now
	written chan struct{} // receives after a write
	stop    context.CancelFunc
	running sync.WaitGroup
}

func newCheckpoints(path string, db *database) *checkpoints {
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpoints{log: path + "-wal", db: db, written: make(chan struct{}, 1), stop: stop}
	c.running.Go(func() { c.run(ctx) })
	return c
}

func (c *checkpoints) close() {
	c.stop()
	c.running.Wait()
}

// note records a write. It is nil-safe: a database whose writes are not reported has no
// checkpoints.
func (c *checkpoints) note() {
	if c == nil {
		return
	}
	c.last.Store(int64(elapsed.Now()))
	select {
	case c.written <- struct{}{}:
	default:
	}
}

func (c *checkpoints) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.written:
		}
		if !c.awaitIdle(ctx) {
			return
		}
		if info, err := os.Stat(c.log); err == nil && info.Size() >= idlePages*framePageSize {
			c.move(ctx)
		}
	}
}

// awaitIdle waits until nothing was written for a while. It returns false on close.
func (c *checkpoints) awaitIdle(ctx context.Context) bool {
	for {
		left := idleAfter - (elapsed.Now() - time.Duration(c.last.Load()))
		if left <= 0 {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(left):
		}
	}
}

// move tries to move the log. What a reader still needs stays in it, and the next writer
// sees any error of the disk.
func (c *checkpoints) move(ctx context.Context) {
	_, _ = c.db.db().ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
}
