package api_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey"
	"github.com/latchkey/latchkey/api"
	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/domain"
	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/metrics"
	"github.com/latchkey/latchkey/internal/outbound"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/usage"
)

// contract checks every exchange of every test of this package, and goClient
// makes them.
var (
	contract *recorder
	goClient *driver
)

// TestMain runs the suite. When all of it ran, every documented status of
// every operation must have been seen.
func TestMain(m *testing.M) {
	flag.Parse()
	gin.SetMode(gin.ReleaseMode)
	d, err := loadDocument(latchkey.Contract())
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapi.yaml:", err)
		os.Exit(1)
	}
	contract = newRecorder(d)
	if goClient, err = newDriver(d); err != nil {
		fmt.Fprintln(os.Stderr, "the Go client:", err)
		os.Exit(1)
	}
	code := m.Run()
	if missing := contract.unseen(); code == 0 && whole() && len(missing) > 0 {
		fmt.Fprintf(os.Stderr, "documented in openapi.yaml and never seen in the suite:\n  %s\nFAIL\n", strings.Join(missing, "\n  "))
		code = 1
	}
	if missing := goClient.unread(); code == 0 && whole() && len(missing) > 0 {
		fmt.Fprintf(os.Stderr, "never made by the Go client in the suite:\n  %s\nFAIL\n", strings.Join(missing, "\n  "))
		code = 1
	}
	if testing.Verbose() {
		fmt.Println("by the Go client:", goClient.counts())
	}
	os.Exit(code)
}

// whole reports whether every test was asked for.
func whole() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}

// settings are what a test may want different from the defaults.
type settings struct {
	guesses   ratelimit.Rule
	limits    ratelimit.Counters // of keys, the suite's own if nil
	signIns   ratelimit.Rule
	trusted   []netip.Prefix
	forwarded proxies.Header
	open      bool // LATCHKEY_VERIFY_OPEN
	original  proxies.Family
	plain     api.PlainHTTP
	alone     bool     // no partners
	only      []string // authenticators that are on; nil: all
	throttles api.Throttles
	signup    auth.SignupPolicy // open if ""
	beside    *suite            // the store is that of this one, as of another node
}

func throttles(anonymous, user, admin, account ratelimit.Rule, tiers map[string]ratelimit.Rule) api.Throttles {
	return api.Throttles{Anonymous: anonymous, User: user, Admin: admin, ServiceAccount: account, Tiers: tiers}
}

// suite is one service in process, put together as cmd/latchkey does, over a
// store of its own with what a first start makes. Its clock stands still but
// for advance.
type suite struct {
	settings
	*domain.Domain
	path    string // of the store
	store   *faultyStore
	limiter *ratelimit.Local
	sealer  *seal.Sealer
	mails   *mailbox
	staff   auth.User // the last one that admin made
	secret  string    // of the one-time codes that staff began with
	format  keys.Format
	log     *parts.Output
	engine  http.Handler
	self    *api.Self
	at      atomic.Int64
	count   atomic.Int64
}

func (s *suite) now() time.Time          { return time.Unix(0, s.at.Load()).UTC() }
func (s *suite) advance(d time.Duration) { s.at.Add(int64(d)) }

// mailbox keeps the mails that would be sent.
type mailbox struct {
	mu    sync.Mutex
	mails []auth.Mail
}

// Post implements auth.Mailer.
func (m *mailbox) Post(one auth.Mail) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, one)
}

// nowhere knows no names.
var nowhere = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("there is no name server")
}}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// passwords is shared: making one hashes a password.
var passwords = sync.OnceValues(auth.NewPasswords)

func newSuite(t *testing.T, with settings) *suite {
	t.Helper()
	if with.forwarded == "" {
		with.forwarded = proxies.XForwardedFor
	}
	s := &suite{settings: with, log: &parts.Output{}, mails: &mailbox{}}
	s.at.Store(time.Now().UnixNano())
	logger := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if with.beside != nil {
		s.path = with.beside.path
	} else {
		s.path = filepath.Join(t.TempDir(), "latchkey.db")
		first, err := firstStart()
		must(t, err)
		must(t, os.WriteFile(s.path, first, 0o600))
	}
	opened, err := sqlite.Open(t.Context(), s.path)
	must(t, err)
	s.store = &faultyStore{Store: opened}
	s.limiter, err = ratelimit.NewLocal(ratelimit.Config{Store: s.store, Logger: logger, Now: s.now})
	must(t, err)
	format, err := keys.NewFormat(keys.DefaultBrand)
	must(t, err)
	if with.limits == nil {
		with.limits = s.limiter
	}
	s.build(t, with, format, logger)
	s.serve(t, logger, api.Config{
		Certificates: s.Certificates, Limiter: s.limiter, JWT: s.JWT, OAuth: s.OAuth, Ring: s.Ring, CSRF: auth.NewCSRF(),
		Keys: s.Keys, Incidents: s.Incidents, Imports: s.Imports, Exports: s.Exports, MaxUpload: 1 << 20,
		Transfers: s.Transfers, Leaks: s.Leaks, Webhooks: s.Webhooks,
		Partners: s.partners(t), PlainHTTP: with.plain, Verifier: s.Verifier, Feed: s.Feed, Format: format,
		People: s.People, Audit: s.Audit,
		Nodes: s.Nodes, Usage: usage.NewReports(s.store), VerifyOpen: with.open, Original: with.original,
		Idempotency: s.Idempotency, Health: s.checks(),
		Build:   buildinfo.Build{Version: "v1", Commit: "abc", Date: "2026-01-02T03:04:05Z"},
		Metrics: metrics.New("test", "go").Handler(logger), Document: latchkey.Contract(), Now: s.now,
	})
	return s
}

// checks ask the store alone.
func (s *suite) checks() health.Checks {
	return health.Checks{{Name: "store", Ask: func(ctx context.Context) health.Result {
		return health.Found(s.now(), s.now(), s.store.Ping(ctx), health.Down)
	}}}
}

// issuer is the public address of the service under test.
const issuer = "https://keys.example.com"

// build makes the parts, over the store that can fail.
func (s *suite) build(t *testing.T, with settings, format keys.Format, logger *slog.Logger) {
	t.Helper()
	hashing, err := passwords()
	must(t, err)
	s.sealer, err = seal.New([]byte("a secret of the suite, long enough for all"))
	must(t, err)
	if with.signup == "" {
		with.signup = auth.SignupOpen
	}
	s.Domain, err = domain.New(t.Context(), domain.Config{
		Store: s.store, Limiter: with.limits, Format: format, Passwords: hashing, Sealer: s.sealer, Mailer: s.mails, Logger: logger, Now: s.now,
		Issuer: issuer, Audience: issuer, NodeName: "suite", Version: "v1", Algorithm: signing.ES256,
		AccessLife: auth.DefaultAccessLife, RefreshLife: auth.DefaultRefreshLife, OAuthLife: oauth.DefaultLife,
		Signup: with.signup, SignInLimit: with.signIns, GuessLimit: with.guesses,
		CacheSize:     1000, // clearing a large one takes longer than most tests
		WebhookTarget: outbound.Config{Resolver: nowhere},
		UsageKept:     usage.Retention{Minutes: 48 * time.Hour, Hours: 90 * 24 * time.Hour, Days: 730 * 24 * time.Hour},
	})
	must(t, err)
	must(t, s.Nodes.Join(t.Context()))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		must(t, errors.Join(s.Close(ctx), s.limiter.Close(ctx), s.store.Close(ctx)))
	})
	s.format = format
}

// serve puts the API on an engine, as the service does.
func (s *suite) serve(t *testing.T, logger *slog.Logger, c api.Config) {
	t.Helper()
	trusted, err := proxies.New(s.trusted, s.forwarded)
	must(t, err)
	c.Edge = httpx.NewEdge(trusted, logger)
	c.Throttles = s.throttles
	all := []auth.Authenticator{
		auth.NewSessionAuthenticator(s.People, c.CSRF), auth.NewAPIKey(c.Verifier, auth.Carrier{Format: c.Format, Headers: c.KeyHeaders}), c.JWT,
		auth.NewTokenAuthenticator(s.People, c.Format), auth.NewBasic(s.People, logger),
	}
	all = slices.DeleteFunc(all, func(a auth.Authenticator) bool { return s.only != nil && !slices.Contains(s.only, a.Name()) })
	c.Chain, err = auth.NewChain(all...)
	must(t, err)
	service, err := api.New(c)
	must(t, err)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.HandleMethodNotAllowed = true
	service.Mount(engine)
	engine.NoRoute(c.Edge.Enter, service.NotFound)
	engine.NoMethod(c.Edge.Enter, service.NoMethod)
	s.engine, s.self = engine, service.Self()
}

// firstStart returns the file of a store with what a first start makes.
var firstStart = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "latchkey-suite")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, path := context.Background(), filepath.Join(dir, "latchkey.db")
	opened, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	format, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		return nil, err
	}
	service, err := keys.New(keys.Config{Store: opened, Audit: audit.New(opened, time.Now), Marks: keys.NewMarks(), Format: format})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(service.Seed(ctx, auth.System(), true), opened.Close(ctx)); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
