package edge

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/usage"
)

const (
	reportEvery = 500 * time.Millisecond
	// mostUnsent is the most messages that wait for a node. Beyond it the oldest counts
	// are dropped and logged.
	mostUnsent = 400
)

// reporter reports to the nodes what was decided here.
type reporter struct {
	source *source
	meter  *usage.Meter
	logger *slog.Logger

	mu    sync.Mutex // guards the fields below
	uses  map[string]usage.Use
	plain map[string]struct{} // ids of keys that arrived without TLS

	sending sync.Mutex // guards the fields below
	batch   uint64
	unsent  []*edgewire.Usage
	dropped bool
}

func newReporter(s *source, logger *slog.Logger) *reporter {
	return &reporter{source: s, meter: usage.NewMeter(), logger: logger, uses: map[string]usage.Use{}, plain: map[string]struct{}{}}
}

// used records the last use of a key. Beyond the bound it is left to the next use.
func (r *reporter) used(keyID string, u usage.Use) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.uses) < edgewire.MostUses*8 {
		r.uses[keyID] = u
	}
}

// arrivedPlain records that a key arrived without TLS. Beyond the bound it is left to the
// key's next use.
func (r *reporter) arrivedPlain(keyID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.plain[keyID]; !known && len(r.plain) < edgewire.MostPlain {
		r.plain[strings.Clone(keyID)] = struct{}{} // it may be part of a cached grant
	}
}

// run reports until ctx ends.
func (r *reporter) run(ctx context.Context) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		_ = r.flush(ctx) // what could not be sent is retried next time
	}
}

// flush sends everything counted.
func (r *reporter) flush(ctx context.Context) error {
	r.sending.Lock()
	defer r.sending.Unlock()
	r.gather()
	for len(r.unsent) > 0 {
		bounded, cancel := context.WithTimeout(ctx, askTimeout)
		err := r.source.up.ask(bounded, edgewire.UsagePath, r.unsent[0], &struct{}{})
		cancel()
		switch {
		case errors.Is(err, errs.TooLarge) && r.halve():
			continue
		case errors.Is(err, errs.Invalid), errors.Is(err, errs.TooLarge): // no node will ever accept it
			r.logger.ErrorContext(ctx, "a node does not take what was counted", "err", err)
		case err != nil:
			return err
		}
		r.unsent = r.unsent[1:]
	}
	r.dropped = false
	return nil
}

// halve replaces the next message by two of half its length, and reports whether it could.
// The messages behind it, which no node has seen, get later numbers.
func (r *reporter) halve() bool {
	whole := r.unsent[0]
	first, second := *whole, *whole
	first.Tallies, second.Tallies = halves(whole.Tallies)
	first.Uses, second.Uses = halvesOf(whole.Uses)
	first.Refusals, second.Refusals = halvesOf(whole.Refusals)
	first.Plain, second.Plain = halves(whole.Plain)
	if first.Size() == 0 || second.Size() == 0 {
		return false
	}
	r.unsent = slices.Insert(r.unsent, 1, &second)
	r.unsent[0] = &first
	for i, m := range r.unsent {
		m.Batch = whole.Batch + uint64(i)
	}
	r.batch++
	return true
}

// gather builds messages from the counts since the last call.
func (r *reporter) gather() {
	uses, refusals, plain := r.takeUses(), r.meter.TakeRefusals(edgewire.MostRefused), r.takePlain()
	add := func(tallies []usage.Tally) {
		r.batch++
		r.unsent = append(r.unsent, &edgewire.Usage{
			Edge: r.source.self, Batch: r.batch, Tallies: tallies, Uses: uses, Refusals: refusals, Plain: plain,
		})
		uses, refusals, plain = nil, nil, nil
	}
	r.meter.Take(time.Now(), add)
	if len(uses)+len(refusals)+len(plain) > 0 {
		add(nil)
	}
	if over := len(r.unsent) - mostUnsent; over > 0 {
		r.unsent = r.unsent[over:]
		if !r.dropped {
			r.logger.Error("counts of verifications are dropped: no node has taken any for too long")
		}
		r.dropped = true
	}
}

// halves cuts the list in the middle. Of an odd one the second half is the longer.
func halves[T any](all []T) (first, second []T) { return all[:len(all)/2], all[len(all)/2:] }

// halvesOf is halves of a map; of an odd one the first half is the longer, so that a list
// and a map of one entry each are parted.
func halvesOf[T any](all map[string]T) (first, second map[string]T) {
	first, second = map[string]T{}, map[string]T{}
	for id, v := range all {
		if len(first) <= len(second) {
			first[id] = v
		} else {
			second[id] = v
		}
	}
	return first, second
}

func (r *reporter) takeUses() map[string]usage.Use {
	r.mu.Lock()
	defer r.mu.Unlock()
	some := make(map[string]usage.Use, min(len(r.uses), edgewire.MostUses))
	for id, u := range r.uses {
		if len(some) == edgewire.MostUses {
			break
		}
		some[id] = u
		delete(r.uses, id)
	}
	return some
}

func (r *reporter) takePlain() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Collect(maps.Keys(r.plain))
	clear(r.plain)
	return all
}
