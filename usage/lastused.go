// Package usage keeps what verification leaves behind: when a key was last
// used. It is buffered and written behind, off the hot path, with a bounded
// loss when the process is killed.
package usage

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	flushEvery   = time.Second
	flushTimeout = 10 * time.Second
	flushBatch   = 1000    // keys a flush: the rest waits, so that verification has the machine
	mostWaiting  = 200_000 // keys; more uses than that are dropped until the next flush
)

// LastUsedStore takes when keys were last used.
type LastUsedStore interface {
	// TouchLastUsed notes uses by key id that are later than the stored ones.
	TouchLastUsed(ctx context.Context, used map[string]time.Time) error
}

// LastUsed buffers when keys were last used.
type LastUsed struct {
	store   LastUsedStore
	logger  *slog.Logger
	mu      sync.Mutex
	waiting map[string]time.Time
	stop    context.CancelFunc
	running sync.WaitGroup
}

// NewLastUsed returns a LastUsed that writes to the store every few seconds;
// Close ends it.
func NewLastUsed(store LastUsedStore, logger *slog.Logger) *LastUsed {
	ctx, stop := context.WithCancel(context.Background())
	l := &LastUsed{store: store, logger: logger, waiting: map[string]time.Time{}, stop: stop}
	l.running.Go(func() { l.run(ctx) })
	return l
}

// Note remembers that the key was used. It does no I/O.
func (l *LastUsed) Note(keyID string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) < mostWaiting {
		l.waiting[keyID] = at
	}
}

func (l *LastUsed) run(ctx context.Context) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if _, err := l.flushBatch(ctx); err != nil && ctx.Err() == nil {
				l.logger.Warn("last use of keys cannot be saved", "err", err)
			}
		}
	}
}

// Flush writes all that is buffered. What cannot be written stays buffered.
func (l *LastUsed) Flush(ctx context.Context) error {
	for {
		if written, err := l.flushBatch(ctx); err != nil || written == 0 {
			return err
		}
	}
}

func (l *LastUsed) flushBatch(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	batch := l.take()
	if len(batch) == 0 {
		return 0, nil
	}
	if err := l.store.TouchLastUsed(ctx, batch); err != nil {
		l.putBack(batch)
		return 0, fmt.Errorf("save last use of keys: %w", err)
	}
	return len(batch), nil
}

func (l *LastUsed) take() map[string]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch := make(map[string]time.Time, min(len(l.waiting), flushBatch))
	for id, at := range l.waiting {
		batch[id] = at
		delete(l.waiting, id)
		if len(batch) == flushBatch {
			break
		}
	}
	return batch
}

func (l *LastUsed) putBack(batch map[string]time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, at := range batch {
		if at.After(l.waiting[id]) {
			l.waiting[id] = at
		}
	}
}

// Close writes what is buffered and ends the background work.
func (l *LastUsed) Close(ctx context.Context) error {
	l.stop()
	l.running.Wait()
	return l.Flush(ctx)
}
