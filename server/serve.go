package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey"
	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/cli"
	"github.com/latchkey/latchkey/internal/gate"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/tracing"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/web"
)

const serveHelp = `Start the service: the portal, the management API under /api, and /verify.
By default it keeps everything in one SQLite file and prints the first admin's
password once. On SIGTERM it gives clients time to go elsewhere
(LATCHKEY_DRAIN), finishes running requests and stops; a second SIGTERM stops it
at once. On SIGHUP it rereads certificates and revocation lists.

`

func serveCommand(settings source, out, log io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Start the service",
		Long:  serveHelp + describeSettings(),
		Args:  cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := settings.read()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, out, newLogger(c, log))
		},
	}
}

// Timeouts of the server for slow bodies, slow readers and idle connections.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
	drainTimeout  = 7 * time.Second
	saveTimeout   = 2 * time.Second
)

func serve(ctx context.Context, c *config, out io.Writer, logger *slog.Logger) (err error) {
	hangups, ignoreHangups := hangups()
	defer ignoreHangups()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.addr)
	if err != nil {
		return fmt.Errorf("listen (LATCHKEY_ADDR): %w", err)
	}
	built := buildinfo.Current()
	logger.InfoContext(ctx, "starting", "version", built.Version, "commit", built.Commit, "date", built.Date)
	tracer, err := tracing.Start(ctx, os.Getenv, built.Version, logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	a, err := build(ctx, c, logger, tracer)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() {
		saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
		defer cancel()
		err = errors.Join(err, a.close(saving))
	}()
	password, err := a.firstStart(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	handler, self, err := a.handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	secure, files, err := c.secure()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	a.files = append(a.files, files...)
	front := a.front()
	defer front.reloadAtHangup(ctx, hangups)()
	a.warnOfExposed(ctx)
	stopAdmin, err := front.serveAdmin(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stopAdmin()
	if err := front.listenGRPC(ctx, secure, self, a.checks()); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer front.envoys.close()
	if err := a.join(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	greet(ctx, out, a, listener.Addr(), password)
	return a.run(ctx, front, gated(listener, c, secure), secure, handler)
}

// run serves until ctx ends, then finishes open requests. A second signal stops
// at once.
func (a *app) run(ctx context.Context, front *front, clients *gate.Listener, secure *tls.Config, handler http.Handler) error {
	cleaning, stopCleaning := context.WithCancel(ctx)
	var behind sync.WaitGroup
	behind.Go(func() { a.clock.run(cleaning) })
	behind.Go(func() { a.Webhooks.Run(cleaning) })
	for _, work := range a.background() {
		behind.Go(func() { work.run(cleaning) })
	}
	defer func() { stopCleaning(); behind.Wait() }()

	return front.run(ctx, clients, secure, handler, a.Feed.Stop)
}

// handler mounts the API and the portal on one engine. self answers for keys as the
// engine does.
func (a *app) handler() (h http.Handler, self *api.Self, err error) {
	trusted, err := proxies.New(a.config.trustedProxies, a.config.forwardedHeader)
	if err != nil {
		return nil, nil, err
	}
	csrf := auth.NewCSRF()
	chain, err := a.chain(csrf)
	if err != nil {
		return nil, nil, err
	}
	edge := httpx.NewEdge(trusted, a.logger)
	edge.Observe = a.metrics.Requested
	reports := usage.NewReports(a.store)
	service, err := api.New(api.Config{
		Keys: a.Keys, Incidents: a.Incidents, Imports: a.Imports, Exports: a.Exports, Verifier: a.Verifier, Feed: a.Feed,
		Format: a.format, KeyHeaders: a.config.keyHeaders, People: a.People, Chain: chain, CSRF: csrf,
		Certificates: a.Certificates, Transfers: a.Transfers, Leaks: a.Leaks, Webhooks: a.Webhooks,
		Partners: a.partners(), PlainHTTP: api.PlainHTTP(a.config.plainHTTP),
		JWT: a.JWT, OAuth: a.OAuth, Ring: a.Ring, Audit: a.Audit, Nodes: a.Nodes, Usage: reports,
		Idempotency: a.Idempotency, Edge: edge, Build: buildinfo.Current(), Health: a.checks(), Metrics: a.shownMetrics(),
		Verified: a.metrics.Verified,
		Document: latchkey.Contract(), VerifyOpen: a.config.verifyOpen, Original: a.config.original,
		Limiter: a.limiter, Throttles: a.config.throttles,
	})
	if err != nil {
		return nil, nil, err
	}
	providers, err := oidc.New(oidc.Config{Providers: a.config.providers, BaseURL: a.config.url, Sealer: a.sealer})
	if err != nil {
		return nil, nil, err
	}
	portal, err := web.New(web.Config{
		Providers: providers, Format: a.format, Verifier: a.Verifier, Usage: reports, Audit: a.Audit,
		QuotaUsed: a.store.QuotaUse, Staff: a.staff(),
		Reminders: a.Reminders, Leaks: a.Leaks, Webhooks: a.Webhooks, BaseURL: a.config.url,
		Keys: a.Keys, Transfers: a.Transfers, People: a.People, Sessions: auth.NewSessionAuthenticator(a.People, csrf), CSRF: csrf,
		Idempotency: a.Idempotency, Edge: edge, Limiter: a.limiter, Throttle: a.config.throttles.Anonymous,
	})
	if err != nil {
		return nil, nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.HandleMethodNotAllowed = true
	if a.tracer != nil {
		engine.Use(a.tracer.Middleware)
	}
	engine.Use(a.strictTransport(trusted))
	service.Mount(engine)
	portal.Mount(engine)
	engine.NoRoute(edge.Enter, func(c *gin.Context) {
		if strings.HasPrefix(c.Request.URL.Path, "/api/") || !strings.Contains(c.GetHeader("Accept"), "text/html") {
			service.NotFound(c)
			return
		}
		portal.NotFound(c)
	})
	engine.NoMethod(edge.Enter, service.NoMethod)
	return engine, service.Self(), nil
}

// strictTransport sets HSTS for a year if the client came over TLS, according to
// the connection, a trusted proxy or LATCHKEY_URL. Over plain HTTP browsers
// ignore it. Subdomains are left out because they are not ours, and /verify
// because its callers are not browsers.
func (a *app) strictTransport(trusted *proxies.Trusted) gin.HandlerFunc {
	always, hot := strings.HasPrefix(a.config.url, "https://"), api.HotPaths()
	return func(c *gin.Context) {
		if !slices.Contains(hot, c.Request.URL.Path) && (always || trusted.Client(c.Request).Secure) {
			c.Header("Strict-Transport-Security", "max-age=31536000")
		}
	}
}

// shownMetrics returns the metrics for the main address, nil if they have another
// one.
func (a *app) shownMetrics() http.Handler {
	if a.config.adminAddr != "" {
		return nil
	}
	return a.metrics.Handler(a.logger)
}

// greet tells a person where things are. It goes to standard output, the log to
// standard error.
func greet(ctx context.Context, out io.Writer, a *app, address net.Addr, password string) {
	base := "http://" + reachable(address)
	if a.config.tlsCert != "" {
		base = a.config.url
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Latchkey %s\n\n  Portal     %s/\n  Reference  %s/docs\n  Store      %s\n", buildinfo.Current().Version, base,
		base, a.store.Name())
	if password != "" {
		fmt.Fprintf(&b, "\n  First admin %s\n  Password    %s   (shown this once)\n", a.config.adminEmail, password)
	}
	fmt.Fprintf(&b, "\n  Try         %s\n\n", a.try(ctx, base, password))
	_, _ = io.WriteString(out, b.String())
}

// try returns a command that works in any shell. It includes the password only if
// that is printed anyway; otherwise curl asks for it. Without such an admin it
// only calls /readyz.
func (a *app) try(ctx context.Context, base, password string) string {
	if password != "" {
		password = ":" + password
	}
	_, err := a.People.Users.ByEmail(ctx, auth.System(), a.config.adminEmail)
	if err != nil || !slices.Contains(a.config.authenticators, "basic") {
		return "curl " + base + "/readyz"
	}
	line := "curl -u " + shellQuoted(a.config.adminEmail+password) + " " + base + "/api/me"
	if password == "" {
		line += "\n              (curl asks for the password)"
	}
	return line
}

// shellQuoted quotes text as a single shell word.
func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// reachable returns the address as someone on this machine would type it.
func reachable(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
