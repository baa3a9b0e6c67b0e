package leaks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
)

// Guesses bounds how many unknown keys one address may try.
type Guesses interface {
	// MayGuess returns errs.Limited if the address has tried too many.
	MayGuess(ctx context.Context, from netip.Addr, hash keys.Hash) error
	// Guessed charges the address for an unknown key.
	Guessed(ctx context.Context, from netip.Addr, hash keys.Hash) error
}

// Tokens knows the tokens of users.
type Tokens interface {
	// Held returns the token with the text and whether it has expired. The error is
	// errs.NotFound if there is none.
	Held(ctx context.Context, text string) (t auth.Token, expired bool, err error)
	// End ends the token. One that is gone is no error.
	End(ctx context.Context, a keys.Actor, id string) error
}

// Config is what a Service needs. All fields but Finder and Logger's level are required.
type Config struct {
	Store   Store
	Keys    *keys.Service
	Finder  Finder
	Format  keys.Format
	Tokens  Tokens
	Guesses Guesses
	Sealer  *seal.Sealer
	Mailer  auth.Mailer
	Logger  *slog.Logger
}

// Service accepts reports and works them off. It is safe for concurrent use.
type Service struct {
	Config
	slots   chan struct{} // one for each report that this node has accepted and not worked off
	todo    chan Report
	full    atomic.Bool // too many reports wait in the store
	plain   plain
	life    context.Context //nolint:containedctx // of the workers, which no call outlives
	stop    context.CancelFunc
	running sync.WaitGroup
}

const (
	workers = 2
	// claimLife is how long a node may take for a report before another takes it up.
	claimLife = 15 * time.Second
	// workTime bounds the work on one report, so that it ends before the claim does.
	workTime = 12 * time.Second
	// giveUp is when a report that cannot be worked off is dropped.
	giveUp = 7 * 24 * time.Hour
)

// New returns a Service and starts its workers. Close ends them.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Keys == nil || c.Finder == nil || c.Format.IsZero() || c.Tokens == nil || c.Guesses == nil ||
		c.Sealer == nil || c.Mailer == nil || c.Logger == nil {
		return nil, errors.New("leaks: every field of the configuration is required")
	}
	life, stop := context.WithCancel(context.Background())
	s := &Service{
		Config: c, slots: make(chan struct{}, maxHere), todo: make(chan Report, maxHere), plain: newPlain(), life: life, stop: stop,
	}
	for range workers {
		s.running.Go(s.run)
	}
	s.running.Go(s.runPlain)
	return s, nil
}

// Close ends the workers. What they leave is taken up by another node, or by this one
// when it starts again.
func (s *Service) Close() {
	s.stop()
	s.running.Wait()
}

// Settle waits until this node has tried every report that it accepted before.
func (s *Service) Settle(ctx context.Context) error {
	taken := 0
	defer func() {
		for range taken {
			<-s.slots
		}
	}()
	for range maxHere {
		select {
		case s.slots <- struct{}{}:
			taken++
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// reporter acts for a source, with the rights of the service itself.
type reporter struct {
	keys.Actor
	source Source
}

// Subject names the source in audit events.
func (r reporter) Subject() audit.Subject {
	return audit.Subject{Kind: string(auth.SystemKind), Name: "leak report: " + string(r.source)}
}

func actorOf(s Source) keys.Actor { return reporter{auth.System(), s} }

// busy is the answer to reports while too many wait.
func busy() error {
	e := errs.New(errs.Unavailable, "leak_reports_busy")
	e.RetryAfter = claimLife
	return e
}

// guess charges the reporter for a text that is no key. Sources that have shown who
// they are guess nothing.
func (s *Service) guess(ctx context.Context, from netip.Addr, text string) error {
	if !from.IsValid() {
		return nil
	}
	if err := s.Guesses.Guessed(ctx, from, keys.HashOf(text)); err != nil {
		return fmt.Errorf("charge a guess: %w", err)
	}
	return nil
}
