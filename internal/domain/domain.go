// Package domain builds the parts of the service that are not HTTP, in dependency
// order: for the program, and for tests that need them all.
package domain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/exports"
	"github.com/latchkey/latchkey/feed"
	"github.com/latchkey/latchkey/imports"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/outbound"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/reminders"
	"github.com/latchkey/latchkey/store"
	"github.com/latchkey/latchkey/transfers"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
	"github.com/latchkey/latchkey/webhooks"
)

// Config is what a Domain is built from. Fields without a comment are required.
type Config struct {
	Store     store.Store
	Limiter   ratelimit.Counters
	Format    keys.Format
	Passwords *auth.Passwords
	Sealer    *seal.Sealer
	Mailer    auth.Mailer
	Logger    *slog.Logger
	Now       func() time.Time // time.Now if nil

	Issuer   string // the public address, which signed tokens name
	Audience string // for tokens of OAuth clients
	NodeName string
	Version  string

	Algorithm      signing.Algorithm
	SigningKeyLife time.Duration // 0: signing keys do not rotate automatically
	AccessLife     time.Duration
	RefreshLife    time.Duration
	OAuthLife      time.Duration

	Signup      auth.SignupPolicy
	SignInLimit ratelimit.Rule // none if zero
	GuessLimit  ratelimit.Rule // none if zero
	CacheSize   int            // verify.DefaultCacheSize if 0
	MaxStale    time.Duration  // verify.DefaultMaxStale if 0
	UsageKept   usage.Retention
	NoPolls     bool // nothing is verified, see verify.Config

	// Push returns a function that tells other nodes of changes at once; nil: they poll.
	Push func(*nodes.Registry, *keys.Marks) (func(marks []string), error)
	// InvitationAddress is shown to people who invite others if no mail can be sent;
	// nil: it is not shown.
	InvitationAddress func(token string) string
	// WebhookTarget says what webhooks may connect to; zero allows public addresses over TLS.
	WebhookTarget outbound.Config
	// WebhookTiming says when webhooks are delivered; zero means the defaults.
	WebhookTiming webhooks.Timing
	// WebhookNote is told how each round of their delivery ended; nil: nobody is.
	WebhookNote func(error)
	// MailsBusy reports whether reminders should wait; nil: they never wait.
	MailsBusy func() bool
}

// Domain is the parts of the service that are not HTTP.
type Domain struct {
	Audit        *audit.Log
	Idempotency  *idempotency.Keeper
	Marks        *keys.Marks
	Meter        *usage.Meter
	Recorder     *usage.Recorder
	LastUsed     *usage.LastUsed
	Ring         *signing.Keyring
	Nodes        *nodes.Registry
	Keys         *keys.Service
	Verifier     *verify.Verifier
	Feed         *feed.Feed
	People       *auth.People
	Reminders    *reminders.Service
	JWT          *auth.JWT
	OAuth        *oauth.Server
	Incidents    *incidents.Service
	Imports      *imports.Service
	Exports      *exports.Service
	Certificates *mtls.Registry
	Transfers    *transfers.Service
	Leaks        *leaks.Service
	Webhooks     *webhooks.Service
}

// New builds the parts. If one cannot be built, it stops those that it has started.
func New(ctx context.Context, c Config) (*Domain, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxStale == 0 {
		c.MaxStale = verify.DefaultMaxStale
	}
	d := &Domain{
		Audit: audit.New(c.Store, c.Now), Idempotency: idempotency.New(c.Store, c.Now), Marks: keys.NewMarks(),
		Meter: usage.NewMeter(), LastUsed: usage.NewLastUsed(c.Store.Keys(), c.Logger),
	}
	for _, build := range []func(context.Context, *Config) error{
		d.buildUsage, d.buildSigning, d.buildNodes, d.buildKeys, d.buildPeople, d.buildTokens, d.buildStaff,
	} {
		if err := build(ctx, &c); err != nil {
			return nil, errors.Join(err, d.Close(context.WithoutCancel(ctx)))
		}
	}
	return d, nil
}

func (d *Domain) buildUsage(_ context.Context, c *Config) (err error) {
	d.Recorder, err = usage.NewRecorder(usage.RecorderConfig{
		Store: c.Store, Meter: d.Meter, Retention: c.UsageKept,
		Logger: c.Logger, Now: c.Now,
	})
	return err
}

func (d *Domain) buildSigning(ctx context.Context, c *Config) (err error) {
	d.Ring, err = signing.NewKeyring(ctx, signing.Config{
		Store: c.Store, Sealer: c.Sealer, Algorithm: c.Algorithm, Issuer: c.Issuer, Logger: c.Logger, Now: c.Now,
		Life: c.SigningKeyLife, Overlap: max(c.RefreshLife, c.OAuthLife), Retired: d.Marks.SignerRetired,
	})
	return err
}

func (d *Domain) buildNodes(_ context.Context, c *Config) (err error) {
	d.Nodes, err = nodes.New(nodes.Config{
		Store: c.Store, Name: c.NodeName, Version: c.Version, MaxStale: c.MaxStale, Logger: c.Logger, Now: c.Now,
	})
	return err
}

func (d *Domain) buildKeys(_ context.Context, c *Config) (err error) {
	var push func([]string)
	if c.Push != nil {
		if push, err = c.Push(d.Nodes, d.Marks); err != nil {
			return err
		}
	}
	d.Keys, err = keys.New(keys.Config{
		Store: c.Store, Audit: d.Audit, Marks: d.Marks, Format: c.Format, Nodes: d.Nodes, Push: push, Now: c.Now,
		IsMember: auth.IsMember(c.Store.Memberships()),
	})
	if err != nil {
		return err
	}
	d.Verifier, err = verify.New(verify.Config{
		Store: c.Store, Limiter: c.Limiter, Marks: d.Marks, Format: c.Format, Logger: c.Logger, Nodes: d.Nodes, Now: c.Now,
		Tokens:    oauth.Reader{Ring: d.Ring, Audience: c.Audience},
		CacheSize: c.CacheSize, MaxStale: c.MaxStale, GuessLimit: c.GuessLimit, LastUsed: d.LastUsed.Note, Meter: d.Meter,
		NoPolls: c.NoPolls,
	})
	if err != nil {
		return err
	}
	d.Feed, err = feed.New(feed.Config{
		Marks: d.Marks, Verifier: d.Verifier, Limiter: c.Limiter, Nodes: d.Nodes, MaxStale: c.MaxStale,
		Recorder: d.Recorder, Meter: d.Meter, LastUsed: d.LastUsed.Note, Key: c.Store.Keys().Get, Now: c.Now,
		Plain: func(keyID string) { d.Leaks.ArrivedPlain(keyID) },
	})
	return err
}

func (d *Domain) buildPeople(_ context.Context, c *Config) error {
	delays, err := auth.NewDelays(c.SignInLimit, c.Now)
	if err != nil {
		return fmt.Errorf("prepare delays of sign-ins: %w", err)
	}
	d.People, err = auth.NewPeople(auth.PeopleConfig{
		Store: c.Store, Organizations: c.Store.Organizations().Get, Audit: d.Audit, Passwords: c.Passwords, Delays: delays, Sealer: c.Sealer,
		Signup: c.Signup, Mailer: c.Mailer, Logger: c.Logger, Now: c.Now, Holder: d.Verifier.Holder, InvitationAddress: c.InvitationAddress,
	})
	if err != nil {
		return err
	}
	d.Reminders, err = reminders.New(reminders.Config{
		Store: c.Store, Sealer: c.Sealer, Mailer: c.Mailer, Busy: c.MailsBusy,
		Logger: c.Logger, Now: c.Now,
	})
	return err
}

func (d *Domain) buildTokens(_ context.Context, c *Config) (err error) {
	d.JWT = auth.NewJWT(d.People, d.Ring, d.Verifier, c.Format, c.AccessLife, c.RefreshLife)
	d.OAuth, err = oauth.New(oauth.Config{
		Verifier: d.Verifier, Keys: d.Keys, Format: c.Format, Ring: d.Ring, Audit: d.Audit, Audience: c.Audience, Life: c.OAuthLife, Now: c.Now,
		RevokeHeld: func(ctx context.Context, from netip.Addr, text string) error {
			return d.Leaks.RevokeHeld(ctx, from, text)
		},
	})
	return err
}

func (d *Domain) buildStaff(ctx context.Context, c *Config) (err error) {
	d.Incidents, err = incidents.New(incidents.Config{
		Keys: d.Keys, Store: c.Store, Logger: c.Logger,
		Left: d.People.Members.Left,
	})
	if err != nil {
		return err
	}
	d.Imports, err = imports.New(ctx, imports.Config{
		Store: c.Store, Keys: d.Keys, Format: c.Format, Logger: c.Logger, Node: c.NodeName, Nodes: d.Nodes,
	})
	if err != nil {
		return err
	}
	d.Exports = &exports.Service{Store: c.Store, Audit: d.Audit, Brand: c.Format.Brand(), Now: c.Now}
	d.Certificates = &mtls.Registry{Store: c.Store.Certificates(), Accounts: d.Keys, Audit: d.Audit, Now: c.Now}
	d.Leaks, err = leaks.New(leaks.Config{
		Store: c.Store, Keys: d.Keys, Finder: d.Verifier, Guesses: d.Verifier,
		Format: c.Format, Tokens: d.People.Tokens,
		Sealer: c.Sealer, Mailer: c.Mailer, Logger: c.Logger,
	})
	if err != nil {
		return err
	}
	d.Webhooks, err = webhooks.New(webhooks.Config{
		Store: c.Store, Audit: d.Audit, Sealer: c.Sealer, Mailer: c.Mailer, Turns: d.Nodes, Logger: c.Logger, Version: c.Version,
		Target: c.WebhookTarget, Timing: c.WebhookTiming, Note: c.WebhookNote, Now: c.Now,
	})
	if err != nil {
		return err
	}
	d.Transfers, err = transfers.New(transfers.Config{Keys: d.Keys, Store: c.Store, Usage: c.Store, Certificates: d.Certificates})
	return err
}

// Stop stops background work. Close saves what was counted.
func (d *Domain) Stop() {
	if d.Incidents != nil {
		d.Incidents.Close()
	}
	if d.Imports != nil {
		d.Imports.Close()
	}
	if d.Leaks != nil {
		d.Leaks.Close()
	}
	if d.People != nil {
		d.People.Close()
	}
	if d.Ring != nil {
		d.Ring.Close()
	}
	if d.Feed != nil {
		d.Feed.Stop()
	}
	if d.Verifier != nil {
		d.Verifier.Close()
	}
}

// Close stops and saves what was counted. The store and the limiter stay open.
func (d *Domain) Close(ctx context.Context) error {
	d.Stop()
	err := d.LastUsed.Close(ctx)
	if d.Recorder != nil {
		err = errors.Join(err, d.Recorder.Close(ctx))
	}
	return err
}
