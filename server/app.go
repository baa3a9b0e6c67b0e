package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/internal/domain"
	"github.com/latchkey/latchkey/internal/elapsed"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/lograte"
	"github.com/latchkey/latchkey/internal/metrics"
	"github.com/latchkey/latchkey/internal/outbound"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/internal/tracing"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/keys/redispush"
	"github.com/latchkey/latchkey/mail"
	"github.com/latchkey/latchkey/retention"
	"github.com/latchkey/latchkey/store"
)

// app holds every part except HTTP, built from the configuration.
type app struct {
	*domain.Domain
	config    *config
	logger    *slog.Logger
	store     store.Store
	format    keys.Format
	push      *redispush.Push
	limiter   *limits
	sealer    *seal.Sealer
	outbox    *mail.Outbox
	passwords *auth.Passwords
	keeper    *retention.Keeper
	metrics   *metrics.Set
	tracer    *tracing.Tracer // nil if traces are off
	started   time.Time
	stopping  stopping
	standing  standing
	clock     *clockWatch
	writable  lately
	files     []reloaded
}

func newLogger(c *config, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.logLevel}
	var lines slog.Handler = slog.NewJSONHandler(to, options)
	if c.logFormat == "text" {
		lines = slog.NewTextHandler(to, options)
	}
	return slog.New(lograte.New(httpx.LogHandler{Handler: lines}, time.Now))
}

// openTimeout bounds the start's work on the store after it is open. Opening is
// not bounded: an upgrade of much data or building an index takes long.
const openTimeout = 30 * time.Second

// build opens the store and makes the parts; tracer may be nil. If one part
// fails, build closes those made before it.
func build(ctx context.Context, c *config, logger *slog.Logger, tracer *tracing.Tracer) (a *app, err error) {
	a = &app{
		config: c, logger: logger, clock: &clockWatch{wall: time.Now, elapsed: elapsed.Now, logger: logger},
		tracer: tracer, metrics: metrics.New(buildinfo.Current().Version, runtime.Version()), started: time.Now(),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close(context.WithoutCancel(ctx)))
			a = nil
		}
	}()
	if a.format, err = keys.NewFormat(c.brand); err != nil {
		return a, err
	}
	if a.store, err = store.Open(ctx, c.databaseURL, logger, a.metrics.WatchStore(), tracer.Watch()); err != nil {
		return a, fmt.Errorf("open the store (LATCHKEY_DATABASE_URL): %w", err)
	}
	opening, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if a.limiter, err = newLimits(c, a.store, a.watchRedis, logger); err != nil {
		return a, err
	}
	a.limiter.restore(opening)
	if a.sealer, err = c.sealer(); err != nil {
		return a, err
	}
	if a.passwords, err = auth.NewPasswords(); err != nil {
		return a, fmt.Errorf("prepare password hashing: %w", err)
	}
	if err = a.buildMail(); err != nil {
		return a, err
	}
	if a.Domain, err = domain.New(opening, a.domainConfig()); err != nil {
		return a, err
	}
	if err = a.buildRetention(); err != nil {
		return a, err
	}
	return a, a.metrics.Register(newCollector(a))
}

// carrier says where requests have keys.
func (c *config) carrier(f keys.Format) auth.Carrier {
	return auth.Carrier{Format: f, Headers: c.keyHeaders}
}

func (a *app) watchRedis() (calls.Watch, error) {
	counted, err := a.metrics.WatchRedis()
	return calls.Join(counted, a.tracer.Watch()), err
}

func (a *app) domainConfig() domain.Config {
	c := a.config
	d := domain.Config{
		Store: a.store, Limiter: a.limiter, Format: a.format, Passwords: a.passwords, Sealer: a.sealer, Mailer: a.outbox, Logger: a.logger,
		Issuer: c.url, Audience: c.oauthAudience, NodeName: c.node(), Version: buildinfo.Current().Version,
		Algorithm: c.signingAlgorithm, SigningKeyLife: c.signingKeyLife,
		AccessLife: c.accessLife, RefreshLife: c.refreshLife, OAuthLife: c.oauthLife,
		Signup: c.signup, SignInLimit: c.signInLimit, GuessLimit: c.guessLimit, CacheSize: c.cacheSize, MaxStale: c.maxStale,
		UsageKept: c.usageKept, NoPolls: c.command,
		WebhookTarget: outbound.Config{Guard: outbound.NewGuard(c.webhookNetworks)},
		WebhookNote:   func(err error) { a.standing.note("webhooks", time.Now(), 0, err) },
		Push:          a.buildPush, MailsBusy: a.outbox.Busy,
	}
	if c.smtpURL == "" {
		d.InvitationAddress = func(token string) string { return a.outbox.Link(auth.MailInvite, token) }
	}
	return d
}

// buildRetention makes the part that removes expired data.
func (a *app) buildRetention() (err error) {
	dir := a.config.archiveDir
	if dir == "" {
		dir = filepath.Join(a.config.dataDir, "archive")
	}
	a.keeper, err = retention.New(retention.Config{
		Store: a.store, Keys: a.Keys, Incidents: a.Incidents, Leaks: a.Leaks, Archive: retention.NewArchive(dir, time.Now),
		Policy: a.config.keep, As: auth.System(), Now: time.Now,
	})
	return err
}

func (a *app) buildMail() (err error) {
	var sender mail.Sender = mail.NewFolder(filepath.Join(a.config.dataDir, "mail"), a.config.mailFrom, a.logger)
	if a.config.smtpURL != "" {
		if sender, err = mail.NewSMTP(a.config.smtpURL, a.config.mailFrom); err != nil {
			return fmt.Errorf("LATCHKEY_SMTP_URL, LATCHKEY_MAIL_FROM: %w", err)
		}
	}
	a.outbox, err = mail.NewOutbox(mail.Config{Sender: sender, BaseURL: a.config.url, Logger: a.logger})
	return err
}

// close ends background work, saves pending writes and closes the store.
func (a *app) close(ctx context.Context) error {
	var faults []error
	if a.Domain != nil {
		a.Stop()
	}
	if a.outbox != nil {
		faults = append(faults, a.outbox.Close(ctx))
	}
	if a.Domain != nil {
		a.leave(ctx)
	}
	if a.push != nil {
		faults = append(faults, a.push.Close())
	}
	if a.Domain != nil {
		faults = append(faults, a.saveUsage(ctx), a.saveLastUsed(ctx))
	}
	if a.limiter != nil {
		faults = append(faults, a.limiter.close(ctx))
	}
	if a.store != nil {
		faults = append(faults, a.store.Close(ctx))
	}
	faults = append(faults, a.tracer.Close(ctx))
	return errors.Join(faults...)
}

// Shares of the time for saving: for usage counts, and for when keys were last
// used. If there are too many of the latter to save in time, the rest is dropped
// without an error.
const (
	usageShare    = saveTimeout / 2
	lastUsedShare = saveTimeout / 4
)

func (a *app) saveUsage(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, usageShare)
	defer cancel()
	return a.Recorder.Close(ctx)
}

func (a *app) saveLastUsed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lastUsedShare)
	defer cancel()
	err := a.LastUsed.Close(ctx)
	if err != nil && ctx.Err() != nil {
		a.logger.WarnContext(ctx, "when some keys were last used was not saved in time")
		return nil
	}
	return err
}
