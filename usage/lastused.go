package usage

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	flushEvery   = time.Second
	flushTimeout = 10 * time.Second
	flushBatch   = 500                   // keys per write when the service ends
	touchBatch   = 10                    // keys per write, and
	touchEvery   = 40 * time.Millisecond // time between writes, while it runs, to leave CPU time for verification
	mostWaiting  = 100_000               // keys, and as many in the round being saved; further keys are dropped until the next
)

// LastUsedStore stores when keys were last used.
type LastUsedStore interface {
	// TouchLastUsed records uses, by key id, that are later than the stored ones.
	TouchLastUsed(ctx context.Context, used map[string]Use) error
}

// Use is one use of a key: when, from which address and by which user agent. Address
// and UserAgent are empty if the verifier did not pass them.
type Use struct {
	At        time.Time `json:"at"`
	Address   string    `json:"address"`
	UserAgent string    `json:"user_agent"`
}

// LastUsed buffers when keys were last used.
type LastUsed struct {
	store   LastUsedStore
	logger  *slog.Logger
	mu      sync.Mutex // guards waiting; verification holds it, so never for long
	waiting *uses
	saving  sync.Mutex      // guards the fields below
	round   *uses           // being saved
	order   []uint32        // unsaved keys of round, by id: neighbours share pages of the store
	life    context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup
}

// uses holds the last use of each key.
type uses struct {
	byKey *table[packedUse]
	texts texts // addresses and user agents
}

// packedUse is a Use without its texts.
type packedUse struct {
	at             int64 // Unix milliseconds
	address, agent uint32
}

func newUses() *uses { return &uses{byKey: newTable[packedUse]()} }

func (u *uses) add(keyID string, one Use) {
	*u.byKey.of([]byte(keyID)) = packedUse{one.At.UnixMilli(), u.texts.number(one.Address), u.texts.number(one.UserAgent)}
}

func (u *uses) at(i uint32) (string, Use) {
	name, p := u.byKey.at(int(i))
	return string(name), Use{At: time.UnixMilli(p.at).UTC(), Address: u.texts.list[p.address], UserAgent: u.texts.list[p.agent]}
}

// NewLastUsed returns a LastUsed that writes to the store every few seconds. Close
// stops it.
func NewLastUsed(store LastUsedStore, logger *slog.Logger) *LastUsed {
	ctx, stop := context.WithCancel(context.Background())
	l := &LastUsed{store: store, logger: logger, waiting: newUses(), round: newUses(), life: ctx, stop: stop}
	l.running.Go(func() { l.run(ctx) })
	return l
}

// Note records that the key was used. It does no I/O.
func (l *LastUsed) Note(keyID string, u Use) {
	u.UserAgent = clip(u.UserAgent, maxAgent)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting.byKey.n < mostWaiting {
		l.waiting.add(keyID, u)
	}
}

func (l *LastUsed) run(ctx context.Context) {
	ticker := time.NewTicker(touchEvery)
	defer ticker.Stop()
	for idle := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if idle -= touchEvery; idle > 0 {
			continue
		}
		written, err := l.flushBatch(ctx, touchBatch)
		if err != nil && ctx.Err() == nil {
			l.logger.Warn("last use of keys cannot be saved", "err", err)
		}
		if written < touchBatch {
			idle = flushEvery
		}
	}
}

// Flush writes everything buffered. What cannot be written stays buffered.
func (l *LastUsed) Flush(ctx context.Context) error {
	for {
		if written, err := l.flushBatch(ctx, flushBatch); err != nil || written == 0 {
			return err
		}
	}
}

func (l *LastUsed) flushBatch(ctx context.Context, most int) (int, error) {
	l.saving.Lock()
	defer l.saving.Unlock()
	if len(l.order) == 0 {
		l.round = l.take()
		l.order = l.round.byKey.sorted(bytes.Compare, &pause{life: l.life})
	}
	next := l.order[:min(len(l.order), most)]
	if len(next) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, flushTimeout) // starts here, because sorting many takes a while
	defer cancel()
	batch := make(map[string]Use, len(next))
	for _, i := range next {
		keyID, u := l.round.at(i)
		batch[keyID] = u
	}
	if err := l.store.TouchLastUsed(ctx, batch); err != nil {
		return 0, fmt.Errorf("save last use of keys: %w", err)
	}
	l.order = l.order[len(next):]
	return len(next), nil
}

func (l *LastUsed) take() *uses {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.waiting
	l.waiting = newUses()
	return taken
}

// Close writes what is buffered and stops the background work.
func (l *LastUsed) Close(ctx context.Context) error {
	l.stop()
	l.running.Wait()
	return l.Flush(ctx)
}
