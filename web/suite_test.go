package web_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/internal/domain"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/store/sqlite"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/web"
)

const (
	password = "correct horse battery staple"
	another  = "seven grey umbrellas"
)

// settings are what a test may want different from the defaults.
type settings struct {
	signup   auth.SignupPolicy
	throttle ratelimit.Rule
	guesses  ratelimit.Rule
	noMail   bool // there is no mail server
	partly   bool // the store puts only some keys in order by use
}

// partly is a store without an index of the order by use.
type partly struct{ *sqlite.Store }

type partlyKeys struct{ keys.KeyCollection }

// Keys implements keys.Store.
func (s partly) Keys() keys.KeyCollection { return partlyKeys{s.Store.Keys()} }

// WholeByUse implements keys.KeyCollection.
func (partlyKeys) WholeByUse(context.Context, keys.KeyFilter) (bool, error) { return false, nil }

// suite is the portal over a store of its own. Its clock stands still but for
// advance.
type suite struct {
	*domain.Domain
	sealer       *seal.Sealer
	t            *testing.T
	base         string
	organization string
	log          *parts.Output
	at           atomic.Int64
	mu           sync.Mutex
	mails        []auth.Mail
	rotated      int // signing keys
	routes       gin.RoutesInfo
	external     string // what the provider tells of the addresses
}

// Post implements auth.Mailer.
func (s *suite) Post(m auth.Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
}

// mail returns the latest mail of the kind to the address, or a zero one.
func (s *suite) mail(kind auth.MailKind, to string) auth.Mail {
	s.t.Helper()
	s.People.Close() // what answers did not wait for is done
	s.mu.Lock()
	defer s.mu.Unlock()
	var found auth.Mail
	for _, m := range s.mails {
		if m.Kind == kind && m.To == to {
			found = m
		}
	}
	return found
}

func (s *suite) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *suite) now() time.Time          { return time.UnixMilli(s.at.Load()).UTC() }
func (s *suite) advance(d time.Duration) { s.at.Add(d.Milliseconds()) }

// passwords and the hash of the password are shared: making one takes long.
var (
	passwords    = sync.OnceValues(auth.NewPasswords)
	passwordHash = sync.OnceValues(func() (string, error) {
		hashing, err := passwords()
		if err != nil {
			return "", err
		}
		return hashing.Hash(context.Background(), password)
	})
)

func newSuite(t *testing.T, with settings) *suite {
	t.Helper()
	if with.signup == "" {
		with.signup = auth.SignupInvite
	}
	s := &suite{t: t, log: &parts.Output{}, external: `[{"email":"ada@example.com","primary":true,"verified":true}]`}
	s.at.Store(time.Now().UnixMilli())
	logger := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"))
	s.must(err)
	limiter, err := ratelimit.NewLocal(ratelimit.Config{Store: store, Logger: logger, Now: s.now})
	s.must(err)
	format, err := keys.NewFormat(keys.DefaultBrand)
	s.must(err)
	s.build(with, store, limiter, format, logger)
	s.must(s.Keys.Seed(t.Context(), auth.System(), false))
	o, err := s.Keys.CreateOrganization(t.Context(), auth.System(), "", keys.OrganizationFields{Name: "Acme"})
	s.must(err)
	s.organization = o.ID
	trusted, err := proxies.New(nil, proxies.XForwardedFor)
	s.must(err)
	csrf := auth.NewCSRF()
	staff := s.provide(store)
	server := httptest.NewUnstartedServer(nil)
	portal, err := web.New(web.Config{
		Staff: staff, BaseURL: "http://" + server.Listener.Addr().String(),
		Reminders: s.Reminders, Leaks: s.Leaks, Webhooks: s.Webhooks, Verifier: s.Verifier, Usage: usage.NewReports(store),
		Audit: s.Audit, QuotaUsed: store.QuotaUse,
		Keys: s.Keys, Transfers: s.Transfers, People: s.People, Sessions: auth.NewSessionAuthenticator(s.People, csrf), CSRF: csrf,
		Providers: s.provider(s.sealer), Format: format, Idempotency: s.Idempotency, Edge: httpx.NewEdge(trusted, logger),
		Limiter: limiter, Throttle: with.throttle,
	})
	s.must(err)
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	portal.Mount(engine)
	engine.NoRoute(portal.NotFound)
	s.routes = engine.Routes()
	server.Config.Handler = engine
	server.Start()
	t.Cleanup(server.Close)
	s.base = server.URL
	return s
}

// build makes the parts.
func (s *suite) build(with settings, store *sqlite.Store, limiter *ratelimit.Local, format keys.Format, logger *slog.Logger) {
	s.t.Helper()
	hashing, err := passwords()
	s.must(err)
	s.sealer, err = seal.New([]byte(strings.Repeat("s", seal.MinSecret)))
	s.must(err)
	c := domain.Config{
		Store: store, Limiter: limiter, Format: format, Passwords: hashing, Sealer: s.sealer, Mailer: s, Logger: logger, Now: s.now,
		Issuer: "https://keys.example.com", Audience: "https://keys.example.com", NodeName: "suite", Version: "v1", Algorithm: signing.ES256,
		AccessLife: auth.DefaultAccessLife, RefreshLife: auth.DefaultRefreshLife, OAuthLife: oauth.DefaultLife,
		Signup: with.signup, SignInLimit: with.guesses, GuessLimit: with.guesses, CacheSize: 1000,
		UsageKept: usage.Retention{Minutes: 48 * time.Hour, Hours: 90 * 24 * time.Hour, Days: 730 * 24 * time.Hour},
	}
	if with.partly {
		c.Store = partly{store}
	}
	if with.noMail {
		c.InvitationAddress = func(token string) string { return "https://keys.example.com/invitation?token=" + token }
	}
	s.Domain, err = domain.New(s.t.Context(), c)
	s.must(err)
	s.t.Cleanup(func() {
		ctx := context.WithoutCancel(s.t.Context())
		s.must(errors.Join(s.Close(ctx), limiter.Close(ctx), store.Close(ctx)))
	})
}

// provider is a stand-in for GitHub's three endpoints.
func (s *suite) provider(sealer *seal.Sealer) *oidc.Providers {
	s.t.Helper()
	mux := http.NewServeMux()
	tell := func(path, text string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, text)
		})
	}
	tell("POST /token", `{"access_token":"gho_x","token_type":"bearer"}`)
	tell("GET /user", `{"id":42,"login":"ada","name":"Ada Lovelace"}`)
	mux.HandleFunc("GET /user/emails", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s.external) })
	server := httptest.NewServer(mux)
	s.t.Cleanup(server.Close)
	github := oidc.GitHub()
	github.ClientID, github.ClientSecret = "id", "secret"
	github.AuthorizeURL, github.TokenURL, github.APIURL = server.URL+"/authorize", server.URL+"/token", server.URL
	all, err := oidc.New(oidc.Config{Providers: []oidc.Provider{github}, BaseURL: "http://keys.example.com", Sealer: sealer, Now: s.now})
	s.must(err)
	return all
}

// user makes a user with the password, and a member where a role is given.
func (s *suite) user(email string, role auth.Role) auth.User {
	s.t.Helper()
	hash, err := passwordHash()
	s.must(err)
	u := auth.User{Stamp: keys.NewStamp(s.now()), ID: ids.New(ids.User), Email: email, PasswordHash: hash, ConfirmedAt: s.now()}
	s.must(s.People.Store.Users().Insert(s.t.Context(), u))
	if role != "" {
		_, err := s.People.Members.Add(s.t.Context(), auth.System(), s.organization, u.ID, role)
		s.must(err)
	}
	return u
}

func (s *suite) as(u auth.User) *auth.Principal {
	s.t.Helper()
	p, err := s.People.Users.Principal(s.t.Context(), u)
	s.must(err)
	return p
}

// invite mails an invitation and returns its token.
func (s *suite) invite(email string, role auth.Role) string {
	s.t.Helper()
	_, err := s.People.Invitations.Invite(s.t.Context(), auth.System(), s.organization, email, role)
	s.must(err)
	return s.mail(auth.MailInvite, email).Token
}

// visitor is somebody with a browser that follows no redirect by itself.
type visitor struct {
	*suite
	client   *http.Client
	language string // Accept-Language, "" for none
}

func (s *suite) visitor() *visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	s.must(err)
	return &visitor{suite: s, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// signedIn is a visitor with a session, made without a password, whose hashing
// takes long.
func (s *suite) signedIn(u auth.User) *visitor {
	s.t.Helper()
	v := s.visitor()
	token, _, err := s.People.Sessions.Begin(s.t.Context(), u)
	s.must(err)
	v.keep(auth.SessionCookie, token, "/")
	v.keep(auth.CSRFCookie, rand.Text(), "/")
	return v
}

// page is what a visitor got.
type page struct {
	status   int
	header   http.Header
	body     string
	location string
}

func (v *visitor) send(r *http.Request) page {
	v.t.Helper()
	r.Header.Set("Accept", "text/html")
	if v.language != "" {
		r.Header.Set("Accept-Language", v.language)
	}
	answer, err := v.client.Do(r)
	v.must(err)
	defer answer.Body.Close() //nolint:errcheck // read to its end below
	body, err := io.ReadAll(answer.Body)
	v.must(err)
	p := page{answer.StatusCode, answer.Header, string(body), answer.Header.Get("Location")}
	if !strings.HasPrefix(r.URL.Path, "/static/") && (p.header.Get("Cache-Control") != "no-store" ||
		!strings.Contains(p.header.Get("Content-Security-Policy"), "default-src 'none'")) {
		v.t.Errorf("%s: may be kept, or loads what it likes: %v", r.URL.Path, p.header)
	}
	if p.status == http.StatusServiceUnavailable && p.header.Get("Retry-After") == "" {
		v.t.Errorf("%s: 503 does not say when to come again", r.URL.Path)
	}
	return p
}

// misled sends a request that names another host, as a proxy may pass it on.
func (v *visitor) misled(r *http.Request) page {
	v.t.Helper()
	r.Host = "evil.example.net"
	for _, c := range v.client.Jar.Cookies(r.URL) { // which go by Host
		r.AddCookie(c)
	}
	r.Header.Set("X-Forwarded-Host", r.Host)
	return v.send(r)
}

func (v *visitor) get(path string) page {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.base+path, nil)
	v.must(err)
	return v.send(r)
}

func (v *visitor) cookie(name string) string {
	at, err := url.Parse(v.base + "/login/code")
	v.must(err)
	for _, c := range v.client.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (v *visitor) keep(name, value, path string) {
	at, err := url.Parse(v.base)
	v.must(err)
	v.client.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: path}})
}

// post sends a form with the token that the page had.
func (v *visitor) post(path string, fields url.Values) page {
	v.t.Helper()
	if v.cookie(auth.CSRFCookie) == "" { // who comes new opens a page first
		v.get("/login")
	}
	if fields == nil {
		fields = url.Values{}
	}
	fields.Set(auth.CSRFField, v.cookie(auth.CSRFCookie))
	return v.bare(path, fields)
}

// bare sends a form as it is.
func (v *visitor) bare(path string, fields url.Values) page {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.base+path, strings.NewReader(fields.Encode()))
	v.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.send(r)
}

// sees asks for the status, and for words on the page or, of a redirect, where
// it leads.
func (v *visitor) sees(p page, status int, words string) {
	v.t.Helper()
	where := p.location
	if status/100 != 3 {
		where = text(p.body)
	}
	if p.status != status || !strings.Contains(where, words) {
		v.t.Fatalf("%d %s, want %d %q", p.status, where, status, words)
	}
}

var (
	tags  = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)
	space = regexp.MustCompile(`\s+`)
)

// text is what a page says.
func text(body string) string {
	_, main, _ := strings.Cut(body, "<main")
	return space.ReplaceAllString(tags.ReplaceAllString("<main"+main, " "), " ")
}

// field is the value of the input with the name.
func field(body, name string) string {
	found := regexp.MustCompile(fmt.Sprintf(`<input[^>]* name="%s"[^>]*?value="([^"]*)"`, name)).FindStringSubmatch(body)
	if found == nil {
		return ""
	}
	return found[1]
}
