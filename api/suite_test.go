package api_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
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
	"github.com/latchkey/latchkey/auth/mtls"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/internal/buildinfo"
	"github.com/latchkey/latchkey/internal/health"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/metrics"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/transfers"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// contract checks every exchange of every test of this package.
var contract *recorder

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
	code := m.Run()
	if missing := contract.unseen(); code == 0 && whole() && len(missing) > 0 {
		fmt.Fprintf(os.Stderr, "documented in openapi.yaml and never seen in the suite:\n  %s\nFAIL\n", strings.Join(missing, "\n  "))
		code = 1
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
	limits    ratelimit.Limiter // of keys, the suite's own if nil
	signIns   ratelimit.Rule
	trusted   []netip.Prefix
	forwarded proxies.Header
	open      bool     // LATCHKEY_VERIFY_OPEN
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
	path         string // of the store
	store        *faultyStore
	meter        *usage.Meter
	recorder     *usage.Recorder
	lastUsed     *usage.LastUsed
	limiter      *ratelimit.Local
	nodes        *nodes.Registry
	decides      *verify.Verifier
	keys         *keys.Service
	incidents    *incidents.Service
	transfers    *transfers.Service
	people       *auth.People
	marks        *keys.Marks
	sealer       *seal.Sealer
	mails        *mailbox
	staff        auth.User // whom admin made last
	secret       string    // of the one-time codes that staff began with
	jwt          *auth.JWT
	certificates *mtls.Registry
	ring         *signing.Keyring
	format       keys.Format
	log          *parts.Output
	engine       http.Handler
	at           atomic.Int64
	count        atomic.Int64
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
	s := &suite{settings: with, log: &parts.Output{}, mails: &mailbox{}, marks: keys.NewMarks()}
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
	s.sign(t, logger)
	log := audit.New(s.store, s.now)
	s.nodes, err = nodes.New(nodes.Config{Store: s.store, Name: "suite", Version: "v1", MaxStale: verify.DefaultMaxStale, Logger: logger, Now: s.now})
	must(t, err)
	must(t, s.nodes.Join(t.Context()))
	s.keys, err = keys.New(keys.Config{Store: s.store, Audit: log, Marks: s.marks, Format: format, Nodes: s.nodes, Now: s.now, IsMember: auth.IsMember(s.store.Memberships())})
	must(t, err)
	if with.limits == nil {
		with.limits = s.limiter
	}
	s.gather(t, opened, logger)
	verifier, err := verify.New(verify.Config{
		Store: s.store, Limiter: with.limits, Marks: s.marks, Format: format, Logger: logger, GuessLimit: with.guesses, Now: s.now,
		Tokens:    oauth.Reader{Ring: s.ring, Audience: issuer},
		Meter:     s.meter,
		LastUsed:  s.lastUsed.Note,
		CacheSize: 1000, // clearing a large one takes longer than most tests
	})
	must(t, err)
	s.format, s.decides = format, verifier
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		verifier.Close()
		s.people.Close()
		must(t, errors.Join(s.recorder.Close(ctx), s.lastUsed.Close(ctx), s.limiter.Close(ctx), opened.Close(ctx)))
	})
	s.buildPeople(t, log, logger)
	s.incidents, err = incidents.New(incidents.Config{Keys: s.keys, Objects: s.store, Store: s.store, Logger: logger, Left: s.people.Members.Left})
	must(t, err)
	t.Cleanup(s.incidents.Close)
	s.certificates = &mtls.Registry{Store: s.store.Certificates(), Accounts: s.keys, Audit: log, Now: s.now}
	s.transfers, err = transfers.New(transfers.Config{Keys: s.keys, Store: s.store, Usage: s.store, Certificates: s.certificates})
	must(t, err)
	s.jwt = auth.NewJWT(s.people, s.ring, verifier, s.format, auth.DefaultAccessLife, auth.DefaultRefreshLife)
	server, err := oauth.New(oauth.Config{
		Verifier: verifier, Keys: s.keys, Format: format, Ring: s.ring, Audit: log, Audience: issuer, Life: oauth.DefaultLife, Now: s.now,
	})
	must(t, err)
	s.serve(t, logger, api.Config{
		Certificates: s.certificates,
		Limiter:      s.limiter, JWT: s.jwt, OAuth: server, Ring: s.ring, CSRF: auth.NewCSRF(),
		Keys: s.keys, Incidents: s.incidents, Transfers: s.transfers, Verifier: verifier, Format: format, People: s.people, Audit: log, Nodes: s.nodes, Usage: usage.NewReports(s.store), VerifyOpen: with.open,
		Idempotency: idempotency.New(s.store, s.now), Build: buildinfo.Build{Version: "v1", Commit: "abc", Date: "2026-01-02T03:04:05Z"}, Health: s.checks(), Metrics: metrics.New("test", "go").Handler(logger), Document: latchkey.Contract(), Now: s.now,
	})
	return s
}

// checks ask the store alone.
func (s *suite) checks() health.Checks {
	return health.Checks{{Name: "store", Ask: func(ctx context.Context) health.Result {
		return health.Found(s.now(), s.now(), s.store.Ping(ctx), health.Down)
	}}}
}

// gather starts what counts and saves usage.
func (s *suite) gather(t *testing.T, opened *sqlite.Store, logger *slog.Logger) {
	t.Helper()
	s.meter, s.lastUsed = usage.NewMeter(), usage.NewLastUsed(opened.Keys(), logger)
	var err error
	s.recorder, err = usage.NewRecorder(usage.RecorderConfig{
		Store: opened, Meter: s.meter, Logger: logger, Now: s.now,
		Retention: usage.Retention{Minutes: 48 * time.Hour, Hours: 90 * 24 * time.Hour, Days: 730 * 24 * time.Hour},
	})
	must(t, err)
}

// issuer is the public address of the service under test.
const issuer = "https://keys.example.com"

func (s *suite) sign(t *testing.T, logger *slog.Logger) {
	t.Helper()
	var err error
	s.sealer, err = seal.New([]byte("a secret of the suite, long enough for all"))
	must(t, err)
	s.ring, err = signing.NewKeyring(t.Context(), signing.Config{
		Store: s.store, Sealer: s.sealer, Algorithm: signing.ES256, Issuer: issuer, Logger: logger, Overlap: auth.DefaultRefreshLife, Now: s.now, Retired: s.marks.SignerRetired,
	})
	must(t, err)
	t.Cleanup(s.ring.Close)
}

func (s *suite) buildPeople(t *testing.T, log *audit.Log, logger *slog.Logger) {
	t.Helper()
	hashing, err := passwords()
	must(t, err)
	if s.signup == "" {
		s.signup = auth.SignupOpen
	}
	delays, err := auth.NewDelays(s.signIns, s.now)
	must(t, err)
	s.people, err = auth.NewPeople(auth.PeopleConfig{
		Store: s.store, Organizations: s.store.Organizations().Get, Audit: log, Passwords: hashing,
		Delays: delays, Sealer: s.sealer, Now: s.now,
		Mailer: s.mails, Logger: logger, Signup: s.signup, Holder: s.decides.Holder,
	})
	must(t, err)
}

// serve puts the API on an engine, as the service does.
func (s *suite) serve(t *testing.T, logger *slog.Logger, c api.Config) {
	t.Helper()
	trusted, err := proxies.New(s.trusted, s.forwarded)
	must(t, err)
	c.Edge = httpx.NewEdge(trusted, logger)
	c.Throttles = s.throttles
	all := []auth.Authenticator{
		auth.NewSessionAuthenticator(s.people, c.CSRF), auth.NewAPIKey(c.Verifier, c.Format), c.JWT,
		auth.NewTokenAuthenticator(s.people, c.Format), auth.NewBasic(s.people, logger),
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
	engine.NoMethod(c.Edge.Enter, service.MethodNotAllowed)
	s.engine = engine
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
