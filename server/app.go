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

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/internal/elapsed"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/metrics"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/internal/tracing"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/keys/redispush"
	"github.com/latchkey/latchkey/mail"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/reminders"
	"github.com/latchkey/latchkey/retention"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/transfers"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// app is every part that is not HTTP, built from the configuration.
type app struct {
	config       *config
	logger       *slog.Logger
	store        store.Store
	format       keys.Format
	marks        *keys.Marks
	audit        *audit.Log
	nodes        *nodes.Registry
	push         *redispush.Push
	limiter      *limits
	lastUsed     *usage.LastUsed
	meter        *usage.Meter
	recorder     *usage.Recorder
	keys         *keys.Service
	incidents    *incidents.Service
	transfers    *transfers.Service
	certificates *mtls.Registry
	verifier     *verify.Verifier
	people       *auth.People
	idempotency  *idempotency.Keeper
	sealer       *seal.Sealer
	outbox       *mail.Outbox
	reminders    *reminders.Service
	ring         *signing.Keyring
	jwt          *auth.JWT
	oauth        *oauth.Server
	passwords    *auth.Passwords
	keeper       *retention.Keeper
	metrics      *metrics.Set
	tracer       *tracing.Tracer // nil: no traces
	started      time.Time
	stopping     stopping
	standing     standing
	clock        *clockWatch
	writable     lately
	files        []reloaded
}

func newLogger(c *config, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.logLevel}
	if c.logFormat == "text" {
		return slog.New(httpx.LogHandler{Handler: slog.NewTextHandler(to, options)})
	}
	return slog.New(httpx.LogHandler{Handler: slog.NewJSONHandler(to, options)})
}

// openTimeout bounds what a start asks of the store once that is open. Opening it
// is not bounded: an upgrade of much takes long, and an index to be built as well.
const openTimeout = 30 * time.Second

// build opens the store and makes the parts, with a tracer that may be nil.
// Where one cannot be made, those made before are closed.
func build(ctx context.Context, c *config, logger *slog.Logger, tracer *tracing.Tracer) (a *app, err error) {
	a = &app{
		config: c, logger: logger, clock: &clockWatch{wall: time.Now, elapsed: elapsed.Now, logger: logger}, marks: keys.NewMarks(),
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
	a.audit = audit.New(a.store, time.Now)
	a.idempotency = idempotency.New(a.store, time.Now)
	a.lastUsed = usage.NewLastUsed(a.store.Keys(), logger)
	a.meter = usage.NewMeter()
	if a.recorder, err = usage.NewRecorder(usage.RecorderConfig{
		Store: a.store, Meter: a.meter, Retention: c.usageKept,
		Logger: logger,
	}); err != nil {
		return a, err
	}
	if err = a.buildSigning(opening); err != nil {
		return a, err
	}
	if err = a.buildNodes(); err != nil {
		return a, err
	}
	if err = a.buildKeys(); err != nil {
		return a, err
	}
	if err = a.buildPeople(); err != nil {
		return a, err
	}
	if err = a.buildIncidents(); err != nil {
		return a, err
	}
	if err = a.buildTransfers(); err != nil {
		return a, err
	}
	if err = a.buildRetention(); err != nil {
		return a, err
	}
	return a, a.metrics.Register(newCollector(a))
}

func (a *app) watchRedis() (calls.Watch, error) {
	counted, err := a.metrics.WatchRedis()
	return calls.Join(counted, a.tracer.Watch()), err
}

// buildSigning opens what is sealed under the service's secret.
func (a *app) buildSigning(ctx context.Context) error {
	var err error
	if a.sealer, err = a.config.sealer(); err != nil {
		return err
	}
	a.ring, err = signing.NewKeyring(ctx, signing.Config{
		Store: a.store, Sealer: a.sealer, Algorithm: a.config.signingAlgorithm, Issuer: a.config.url, Logger: a.logger,
		Life: a.config.signingKeyLife, Overlap: max(a.config.refreshLife, a.config.oauthLife), Retired: a.marks.SignerRetired,
	})
	return err
}

func (a *app) buildKeys() (err error) {
	a.keys, err = keys.New(keys.Config{
		Store: a.store, Audit: a.audit, Marks: a.marks, Format: a.format, Nodes: a.nodes, Push: a.tell,
		IsMember: auth.IsMember(a.store.Memberships()),
	})
	if err != nil {
		return err
	}
	a.verifier, err = verify.New(verify.Config{
		Store: a.store, Limiter: a.limiter, Marks: a.marks, Format: a.format, Logger: a.logger, Nodes: a.nodes,
		Tokens:    oauth.Reader{Ring: a.ring, Audience: a.config.oauthAudience},
		CacheSize: a.config.cacheSize, MaxStale: a.config.maxStale, GuessLimit: a.config.guessLimit, LastUsed: a.lastUsed.Note,
		Meter: a.meter,
	})
	return err
}

// buildRetention makes what removes what is over.
func (a *app) buildRetention() (err error) {
	dir := a.config.archiveDir
	if dir == "" {
		dir = filepath.Join(a.config.dataDir, "archive")
	}
	a.keeper, err = retention.New(retention.Config{
		Store: a.store, Keys: a.keys, Incidents: a.incidents, Archive: retention.NewArchive(dir, time.Now),
		Policy: a.config.keep, As: auth.System(), Now: time.Now,
	})
	return err
}

func (a *app) buildPeople() error {
	var err error
	if a.passwords, err = auth.NewPasswords(); err != nil {
		return fmt.Errorf("prepare password hashing: %w", err)
	}
	if err := a.buildMail(); err != nil {
		return err
	}
	delays, err := auth.NewDelays(a.config.signInLimit, time.Now)
	if err != nil {
		return fmt.Errorf("prepare delays of sign-ins: %w", err)
	}
	var shown func(string) string
	if a.config.smtpURL == "" {
		shown = func(token string) string { return a.outbox.Link(auth.MailInvite, token) }
	}
	a.people, err = auth.NewPeople(auth.PeopleConfig{
		Store: a.store, Organizations: a.store.Organizations().Get, Audit: a.audit, Passwords: a.passwords, Delays: delays, Sealer: a.sealer,
		Signup: a.config.signup, Mailer: a.outbox, Logger: a.logger, Holder: a.verifier.Holder, InvitationAddress: shown,
	})
	if err != nil {
		return err
	}
	if a.reminders, err = reminders.New(reminders.Config{
		Store: a.store, Sealer: a.sealer, Mailer: a.outbox, Busy: a.outbox.Busy,
		Logger: a.logger,
	}); err != nil {
		return err
	}
	a.jwt = auth.NewJWT(a.people, a.ring, a.verifier, a.format, a.config.accessLife, a.config.refreshLife)
	a.oauth, err = oauth.New(oauth.Config{
		Verifier: a.verifier, Keys: a.keys, Format: a.format, Ring: a.ring, Audit: a.audit, Audience: a.config.oauthAudience,
		Life: a.config.oauthLife,
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

// close ends background work, saves what is written behind and closes the store.
func (a *app) close(ctx context.Context) error {
	var faults []error
	if a.incidents != nil {
		a.incidents.Close()
	}
	if a.people != nil {
		a.people.Close()
	}
	if a.outbox != nil {
		faults = append(faults, a.outbox.Close(ctx))
	}
	if a.ring != nil {
		a.ring.Close()
	}
	if a.verifier != nil {
		a.verifier.Close()
	}
	if a.nodes != nil {
		a.leave(ctx)
	}
	if a.push != nil {
		faults = append(faults, a.push.Close())
	}
	if a.recorder != nil {
		faults = append(faults, a.saveUsage(ctx))
	}
	if a.lastUsed != nil {
		faults = append(faults, a.saveLastUsed(ctx))
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

// How much of the time for saving goes to what was counted, and to when keys
// were last used: of very many of these the rest is forgotten, and is no reason
// to end badly.
const (
	usageShare    = saveTimeout / 2
	lastUsedShare = saveTimeout / 4
)

func (a *app) saveUsage(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, usageShare)
	defer cancel()
	return a.recorder.Close(ctx)
}

func (a *app) saveLastUsed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lastUsedShare)
	defer cancel()
	err := a.lastUsed.Close(ctx)
	if err != nil && ctx.Err() != nil {
		a.logger.WarnContext(ctx, "when some keys were last used was not saved in time")
		return nil
	}
	return err
}
