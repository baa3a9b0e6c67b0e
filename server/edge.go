package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/spf13/cobra"

	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/edge"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/cli"
	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/metrics"
	"github.com/latchkey/latchkey/internal/proxies"
)

const edgeHelp = `Verify keys on this host, without a database. The edge answers GET /verify, POST
/verify and Envoy's gRPC as a node does, from what the nodes in
LATCHKEY_EDGE_UPSTREAM tell it. It holds hashes, never keys, and only of keys that were shown to it. A revoke
holds here within the second in which it holds on every node.

It needs a key with the scope latchkey:edge or latchkey:edge-all, which the
provider's staff grants. Settings of the service that an edge does not have are
ignored, with one warning.

`

func edgeCommand(settings source, out, log io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "edge",
		Short: "Verify keys on this host, fed by a node",
		Long:  edgeHelp + describe(edgeSettings()),
		Args:  cli.Needs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, ignored, err := readEdgeConfig(settings.environment)
			if err != nil {
				return err
			}
			logger := newLogger(c, log)
			if len(ignored) > 0 {
				logger.WarnContext(cmd.Context(), "these are settings of the service, which an edge ignores", "variables", strings.Join(ignored, " "))
			}
			return serveEdge(cmd.Context(), c, out, logger)
		},
	}
}

// sidecar is an edge with its own HTTP server.
type sidecar struct {
	config   *config
	logger   *slog.Logger
	edge     *edge.Edge
	metrics  *metrics.Set
	stopping stopping
}

// connectTimeout bounds how long the start waits for a node.
const connectTimeout = 10 * time.Second

func serveEdge(ctx context.Context, c *config, out io.Writer, logger *slog.Logger) (err error) {
	built := buildinfo.Current()
	logger.InfoContext(ctx, "starting as an edge", "version", built.Version, "commit", built.Commit, "date", built.Date)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.addr)
	if err != nil {
		return fmt.Errorf("listen (LATCHKEY_ADDR): %w", err)
	}
	s := &sidecar{config: c, logger: logger, metrics: metrics.New(built.Version, runtime.Version())}
	connecting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	s.edge, err = edge.New(connecting, edge.Config{
		Upstream: c.edgeUpstream, Key: edge.Credential(c.edgeKey), Name: c.node(), CacheSize: c.cacheSize,
		DenyLimits: c.limitFallback == fallbackDeny, Guesses: c.guessLimit, Logger: logger,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() {
		saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
		defer cancel()
		err = errors.Join(err, s.edge.Close(saving))
	}()
	handler, self, err := s.handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	secure, files, err := c.secure()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	hangups, ignoreHangups := hangups()
	defer ignoreHangups()
	front := &front{config: c, logger: logger, metrics: s.metrics, files: files, stopping: &s.stopping}
	defer front.reloadAtHangup(ctx, hangups)()
	stopAdmin, err := front.serveAdmin(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stopAdmin()
	if err := front.listenGRPC(ctx, secure, self, s.checks()); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer front.envoys.close()
	_, _ = fmt.Fprintf(out, "Latchkey %s, an edge of %s\n\n  Try         curl -H 'X-API-Key: …' http://%s/verify\n\n",
		built.Version, strings.Join(c.edgeUpstream, ", "), reachable(listener.Addr()))
	return front.run(ctx, gated(listener, c, secure), secure, handler, func() {})
}

func (s *sidecar) handler() (http.Handler, *api.Self, error) {
	trusted, err := proxies.New(s.config.trustedProxies, s.config.forwardedHeader)
	if err != nil {
		return nil, nil, err
	}
	chain, err := auth.NewChain(auth.NewAPIKey(s.edge.Verifier(), s.config.carrier(s.edge.Format())))
	if err != nil {
		return nil, nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.HandleMethodNotAllowed = true
	clients := httpx.NewEdge(trusted, s.logger)
	clients.Observe = s.metrics.Requested
	service := api.NewSidecar(api.Config{
		Verifier: s.edge.Verifier(), Chain: chain, Edge: clients, Format: s.edge.Format(), KeyHeaders: s.config.keyHeaders,
		VerifyOpen: s.config.verifyOpen,
		Original:   s.config.original,
		PlainHTTP:  api.PlainHTTP(s.config.plainHTTP), ArrivedPlain: s.edge.ArrivedPlain,
		Verified: s.metrics.Verified, Build: buildinfo.Current(), Health: s.checks(), Now: time.Now,
	})
	service.Mount(engine)
	return engine, service.Self(), nil
}

// checks report down once nothing can be answered from memory, and degraded while
// the edge is cut off.
func (s *sidecar) checks() health.Checks {
	return health.Checks{
		{Name: "changes", Ask: func(context.Context) health.Result {
			p := s.edge.Verifier().Polling()
			switch {
			case p.Stale:
				return health.Found(time.Now(), p.LastPoll, errors.Join(errLate, s.edge.Refused()), health.Down)
			case p.Failures > 0:
				return health.Found(time.Now(), p.LastPoll, errors.Join(errLate, s.edge.Refused()), health.Degraded)
			default:
				return health.Found(time.Now(), p.LastPoll, nil, health.Down)
			}
		}},
		{Name: "serving", Ask: s.stopping.check},
	}
}
