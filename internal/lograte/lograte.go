// Package lograte keeps a repeated error, such as an unavailable store under full load,
// from filling the log.
package lograte

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Limits of log lines from one place in the code.
const (
	PerSecond = 10
	Burst     = 100
)

// Handler passes on every record below [slog.LevelWarn]. Of the others it passes on at
// most Burst at once and PerSecond a second from each place in the code. The next line
// from that place says in "suppressed" how many were dropped.
type Handler struct {
	next   slog.Handler
	places *sync.Map // program counter → *place; as many as there are log calls
	now    func() time.Time
}

// place is one log call in the code.
type place struct {
	limiter *rate.Limiter
	dropped atomic.Int64
}

// New returns a Handler that passes records on to next.
func New(next slog.Handler, now func() time.Time) *Handler {
	return &Handler{next: next, places: new(sync.Map), now: now}
}

// Enabled implements [slog.Handler].
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// Handle implements [slog.Handler].
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return h.next.Handle(ctx, r)
	}
	p := h.at(r.PC)
	if !p.limiter.AllowN(h.now(), 1) {
		p.dropped.Add(1)
		return nil
	}
	if n := p.dropped.Swap(0); n > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int64("suppressed", n))
	}
	return h.next.Handle(ctx, r)
}

// at returns the place with that program counter. A standard library logger gives none,
// so all of its lines count as one place.
func (h *Handler) at(pc uintptr) *place {
	if p, ok := h.places.Load(pc); ok {
		return p.(*place)
	}
	p, _ := h.places.LoadOrStore(pc, &place{limiter: rate.NewLimiter(PerSecond, Burst)})
	return p.(*place)
}

// WithAttrs implements [slog.Handler].
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{next: h.next.WithAttrs(attrs), places: h.places, now: h.now}
}

// WithGroup implements [slog.Handler].
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{next: h.next.WithGroup(name), places: h.places, now: h.now}
}
