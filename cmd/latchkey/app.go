package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/usage"
)

// app is every part that is not HTTP, built from the configuration.
type app struct {
	config      *config
	logger      *slog.Logger
	store       store.Store
	format      keys.Format
	audit       *audit.Log
	limiter     *ratelimit.Local
	lastUsed    *usage.LastUsed
	keys        *keys.Service
	verifier    *keys.Verifier
	people      *auth.People
	idempotency *idempotency.Keeper
}

func newLogger(c *config, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.logLevel}
	if c.logFormat == "text" {
		return slog.New(slog.NewTextHandler(to, options))
	}
	return slog.New(slog.NewJSONHandler(to, options))
}

const openTimeout = 30 * time.Second

// build opens the store and makes the parts. Where one cannot be made, those
// made before are closed.
func build(ctx context.Context, c *config, logger *slog.Logger) (a *app, err error) {
	opening, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	a = &app{config: c, logger: logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close(context.WithoutCancel(ctx)))
			a = nil
		}
	}()
	if a.format, err = keys.NewFormat(c.brand); err != nil {
		return a, err
	}
	if a.store, err = store.Open(opening, c.databaseURL); err != nil {
		return a, err
	}
	if a.limiter, err = ratelimit.NewLocal(ratelimit.Config{Store: a.store, Logger: logger}); err != nil {
		return a, err
	}
	a.audit = audit.New(a.store, time.Now)
	a.idempotency = idempotency.New(a.store, time.Now)
	a.lastUsed = usage.NewLastUsed(a.store.Keys(), logger)
	if err = a.buildKeys(); err != nil {
		return a, err
	}
	return a, a.buildPeople()
}

func (a *app) buildKeys() (err error) {
	marks := keys.NewMarks()
	a.keys, err = keys.New(keys.Config{Store: a.store, Audit: a.audit, Marks: marks, Format: a.format})
	if err != nil {
		return err
	}
	a.verifier, err = keys.NewVerifier(keys.VerifierConfig{
		Store: a.store, Limiter: a.limiter, Marks: marks, Format: a.format, Logger: a.logger,
		CacheSize: a.config.cacheSize, MaxStale: a.config.maxStale, GuessLimit: a.config.guessLimit, LastUsed: a.lastUsed.Note,
	})
	return err
}

// sourceFactor is how many accounts' worth of wrong passwords one address may try.
const sourceFactor = 10

func (a *app) buildPeople() error {
	passwords, err := auth.NewPasswords()
	if err != nil {
		return fmt.Errorf("prepare password hashing: %w", err)
	}
	source := a.config.signInLimit
	source.Requests *= sourceFactor
	source.Burst *= sourceFactor
	a.people, err = auth.NewPeople(auth.PeopleConfig{
		Store: a.store, Organizations: a.store.Organizations().Get, Audit: a.audit, Passwords: passwords,
		Limiter: a.limiter, AccountLimit: a.config.signInLimit, AddressLimit: source,
	})
	return err
}

// close ends background work, saves what is written behind and closes the store.
func (a *app) close(ctx context.Context) error {
	var faults []error
	if a.verifier != nil {
		a.verifier.Close()
	}
	if a.lastUsed != nil {
		faults = append(faults, a.lastUsed.Close(ctx))
	}
	if a.limiter != nil {
		faults = append(faults, a.limiter.Close(ctx))
	}
	if a.store != nil {
		faults = append(faults, a.store.Close(ctx))
	}
	return errors.Join(faults...)
}

const (
	cleanEvery      = 10 * time.Minute
	cleanStep       = 1000
	idempotencyLife = 48 * time.Hour
)

// clean removes sessions that ended by themselves and forgotten idempotency
// keys, in small steps, until ctx ends.
func (a *app) clean(ctx context.Context) {
	ticker := time.NewTicker(cleanEvery)
	defer ticker.Stop()
	for {
		now := time.Now()
		_, sessions := a.store.DeleteSessionsBefore(ctx, now, now.Add(-auth.SessionIdle), cleanStep)
		_, records := a.store.DeleteIdempotencyBefore(ctx, now.Add(-idempotencyLife), cleanStep)
		if err := errors.Join(sessions, records); err != nil && ctx.Err() == nil {
			a.logger.WarnContext(ctx, "clean up", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
