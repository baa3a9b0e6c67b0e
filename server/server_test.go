package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), // the client's kept connections
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
	)
}

// run runs the command line and returns what it printed.
func run(t *testing.T, environment []string, in string, args ...string) (out string, err error) {
	t.Helper()
	var printed, logged bytes.Buffer
	cmd := newCommand(environment, strings.NewReader(in), &printed, &logged)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return printed.String(), err
}

func database(t *testing.T) string {
	t.Helper()
	return "LATCHKEY_DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "latchkey.db")
}

func TestEveryFaultOfTheConfigurationIsNamed(t *testing.T) {
	t.Parallel()
	bad := map[string]string{
		"ADDR": "8080", "DATABASE_URL": "postgres://h/x", "AUTHENTICATORS": "basic,magic", "VERIFY_OPEN": "maybe", "FAST_LANE": "maybe",
		"TRUSTED_PROXIES":  "10.0.0.1/8",
		"FORWARDED_HEADER": "via", "BRAND": "Not A Brand", "CACHE_SIZE": "1", "MAX_STALE": "1ms", "NODE_NAME": "a\nb", "GUESS_LIMIT": "many",
		"SIGN_IN_LIMIT": "-1/1m",
		"REDIS_URL":     "localhost:6379", "REDIS_TIMEOUT": "0s", "LIMIT_MODE": "loose", "LIMIT_FALLBACK": "hope",
		"LOG": "loud", "LOG_FORMAT": "xml", "SPELT_WRONG": "x", "ADMIN_PASSWORD_FILE": "/nowhere/to/be/found", "LOG_FILE": "x",
	}
	environment := []string{"PATH=/bin", "LATCHKEY_LOG_FORMAT_=x"}
	for name, value := range bad {
		environment = append(environment, "LATCHKEY_"+name+"="+value)
	}
	_, err := readConfig(environment)
	if err == nil {
		t.Fatal("nothing is wrong with it")
	}
	for name := range bad {
		if !strings.Contains(err.Error(), "LATCHKEY_"+strings.TrimSuffix(name, "_FILE")) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
	if _, err := run(t, environment, "", "serve"); err == nil || !strings.Contains(err.Error(), "LATCHKEY_BRAND") {
		t.Errorf("serve started, or said: %v", err)
	}
}

func TestSecretsAreReadFromFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := readConfig([]string{"LATCHKEY_ADMIN_PASSWORD_FILE=" + file, "LATCHKEY_SIGN_IN_LIMIT=off", "LATCHKEY_GUESS_LIMIT="})
	if err != nil || c.adminPassword != "from a file " {
		t.Fatalf("%v: the password is %q", err, c.adminPassword)
	}
	if !c.signInLimit.IsZero() || c.guessLimit.String() != "60/1m burst 60" {
		t.Errorf("limits are %q and %q", c.signInLimit, c.guessLimit)
	}
	if _, err := readConfig([]string{"LATCHKEY_ADMIN_PASSWORD_FILE=" + file, "LATCHKEY_ADMIN_PASSWORD=x"}); err == nil ||
		!strings.Contains(err.Error(), "not both") {
		t.Errorf("both ways at once: %v", err)
	}
}

func TestHelpListsEverySetting(t *testing.T) {
	t.Parallel()
	help, err := run(t, nil, "", "serve", "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings() {
		if !strings.Contains(help, "LATCHKEY_"+s.name+" (default ") || !strings.Contains(help, s.meaning) {
			t.Errorf("serve --help leaves out LATCHKEY_%s", s.name)
		}
	}
	for _, args := range [][]string{
		{"--help"},
		{"version", "--help"},
		{"healthcheck", "--help"},
		{"user", "--help"},
		{"user", "create", "--help"},
		{"user", "password", "--help"},
	} {
		if text, err := run(t, nil, "", args...); err != nil || !strings.Contains(text, "Usage:") {
			t.Errorf("%v: %v: %s", args, err, text)
		}
	}
	if text, err := run(t, nil, "", "version"); err != nil || !strings.HasPrefix(text, "latchkey ") {
		t.Errorf("version: %v: %s", err, text)
	}
}

// built is an app over the environment.
func built(t *testing.T, environment ...string) *app {
	t.Helper()
	c, err := readConfig(environment)
	if err != nil {
		t.Fatal(err)
	}
	a, err := build(t.Context(), c, newLogger(c, io.Discard), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return a
}

func TestFirstStart(t *testing.T) {
	t.Parallel()
	db := database(t)
	a := built(t, db)
	password, err := a.firstStart(t.Context())
	if err != nil || len(password) < auth.MinPasswordLength {
		t.Fatalf("the first start made up %q: %v", password, err)
	}
	if _, err := a.People.Sessions.Check(t.Context(), auth.Login{Name: "admin@localhost", Password: password}); err != nil {
		t.Errorf("the password that is printed: %v", err)
	}
	expectSeeded(t, a)
	for range 2 {
		if again, err := a.firstStart(t.Context()); err != nil || again != "" {
			t.Errorf("a later start made up %q: %v", again, err)
		}
	}
	expectSeeded(t, a)
}

// expectSeeded wants the tiers, scopes and organization of a first start, once.
func expectSeeded(t *testing.T, a *app) {
	t.Helper()
	ctx, page := t.Context(), keys.Page{Limit: 100}
	tiers, err := a.Keys.Tiers(ctx, page)
	if err != nil || len(tiers) != 3 {
		t.Errorf("%d tiers: %v", len(tiers), err)
	}
	organizations, err := a.Keys.Organizations(ctx, auth.System(), keys.OrganizationFilter{}, page)
	if err != nil || len(organizations) != 1 {
		t.Errorf("%d organizations: %v", len(organizations), err)
	}
	scopes, err := a.Keys.Scopes(ctx, page)
	if err != nil || len(scopes) < 10 {
		t.Errorf("%d scopes: %v", len(scopes), err)
	}
	users, err := a.People.Users.List(ctx, auth.System(), auth.UserFilter{}, page)
	if err != nil || len(users) != 1 || !users[0].IsAdmin {
		t.Errorf("%d users: %v", len(users), err)
	}
	made := map[string]int{}
	events, err := a.Audit.Events(ctx, audit.Filter{}, "", 200)
	for _, e := range events {
		made[e.Action+" "+e.Object.ID]++
	}
	for what, times := range made {
		if times != 1 {
			t.Errorf("%s was done %d times", what, times)
		}
	}
	if err != nil || len(made) != len(tiers)+len(organizations)+len(scopes)+2*len(users) { // who owns the organization
		t.Errorf("%d events: %v", len(made), err)
	}
}

func TestNodesThatStartAtOnceMakeEachThingOnce(t *testing.T) {
	t.Parallel()
	for name, db := range map[string]string{"sqlite": database(t), "mongodb": "LATCHKEY_DATABASE_URL=" + parts.Mongo(t).URL()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := "LATCHKEY_SECRET=" + strings.Repeat("s", 40)
			nodes := []*app{built(t, db, secret), built(t, db, secret), built(t, db, secret)}
			passwords := make([]string, len(nodes))
			var starting sync.WaitGroup
			for i, a := range nodes {
				starting.Go(func() {
					var err error
					if passwords[i], err = a.firstStart(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			starting.Wait()
			expectSeeded(t, nodes[0])
			right := 0
			for _, p := range passwords {
				if p == "" {
					continue
				}
				right++
				if _, err := nodes[0].People.Sessions.Check(t.Context(), auth.Login{Name: "admin@localhost", Password: p}); err != nil {
					t.Errorf("a password that was printed: %v", err)
				}
			}
			if right != 1 {
				t.Errorf("%d nodes print a password", right)
			}
		})
	}
}

// Opening one new file from many processes at once is what the first start of
// a supervisor that starts twice does.
func TestManyOpenANewFileAtOnce(t *testing.T) {
	t.Parallel()
	c, err := readConfig([]string{database(t)})
	if err != nil {
		t.Fatal(err)
	}
	var opening sync.WaitGroup
	for range 8 {
		opening.Go(func() {
			a, err := build(t.Context(), c, newLogger(c, io.Discard), nil)
			if err != nil {
				t.Error(err)
				return
			}
			if err := a.close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	opening.Wait()
}

func TestUserCommands(t *testing.T) {
	t.Parallel()
	db := database(t)
	const first, second = "correct horse battery", "lighthouse keeper two"
	if out, err := run(t, []string{db}, first+"\n", "user", "create", "--admin", "--name", "Ada", "ada@example.com"); err != nil ||
		!strings.Contains(out, "ada@example.com") || strings.Contains(out, first) {
		t.Fatalf("user create: %v: %s", err, out)
	}
	for name, tt := range map[string]struct {
		in, says string
		args     []string
	}{
		"made twice":          {first, "exists", []string{"user", "create", "ADA@example.com"}},
		"no password":         {"", "standard input", []string{"user", "create", "bob@example.com"}},
		"a short password":    {"short", "at least", []string{"user", "create", "bob@example.com"}},
		"no address":          {first, "needs EMAIL", []string{"user", "create"}},
		"password of nobody":  {first, "no such user", []string{"user", "password", "bob@example.com"}},
		"a password too weak": {"short", "at least", []string{"user", "password", "ada@example.com"}},
	} {
		if _, err := run(t, []string{db}, tt.in, tt.args...); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := run(t, []string{db}, second, "user", "password", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	a := built(t, db)
	if _, err := a.People.Sessions.Check(t.Context(), auth.Login{Name: "ada@example.com", Password: second}); err != nil {
		t.Errorf("the password that was set: %v", err)
	}
	// The first start after it has an admin, and still everything to make.
	if password, err := a.firstStart(t.Context()); err != nil || password != "" {
		t.Errorf("the start after user create made up %q: %v", password, err)
	}
	if _, err := a.Keys.Tier(t.Context(), keys.DefaultTier); err != nil {
		t.Errorf("it made no tiers: %v", err)
	}
}

// serving runs serve until stop, which returns what it ended with.
func serving(t *testing.T, environment ...string) (base string, printed *bytes.Buffer, stop context.CancelFunc, ended chan error) {
	t.Helper()
	addr := parts.FreeAddr(t)
	c, err := readConfig(append([]string{"LATCHKEY_DRAIN=0s", "LATCHKEY_ADDR=" + addr}, environment...))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	printed, ended = &bytes.Buffer{}, make(chan error, 1)
	go func() { ended <- serve(ctx, c, printed, newLogger(c, io.Discard)) }()
	t.Cleanup(stop)
	base = "http://" + addr
	parts.Await(t, 20*time.Second, "the service", func(ctx context.Context) error { return probe(ctx, http.DefaultClient, base+"/readyz") })
	return base, printed, stop, ended
}

func TestAStopFinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	const password = "correct horse battery"
	base, printed, stop, ended := serving(t, database(t), "LATCHKEY_ADMIN_PASSWORD="+password)
	for _, want := range []string{base + "/", base + "/docs", "SQLite at ", "curl -u 'admin@localhost' " + base} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("the greeting lacks %q:\n%s", want, printed)
		}
	}
	if strings.Contains(printed.String(), password) {
		t.Error("the greeting shows a password that was given")
	}
	if _, err := run(t, nil, "", "healthcheck", "--url", base+"/readyz"); err != nil {
		t.Errorf("healthcheck: %v", err)
	}
	if _, err := run(t, []string{"LATCHKEY_ADDR=" + strings.TrimPrefix(base, "http://")}, "", "healthcheck"); err != nil {
		t.Errorf("healthcheck by LATCHKEY_ADDR: %v", err)
	}

	body, sending := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/organizations", body)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("admin@localhost", password)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Expect", "100-continue") // the body is sent once the handler reads it
	patient := &http.Transport{ExpectContinueTimeout: time.Minute}
	defer patient.CloseIdleConnections()
	answered := make(chan error, 1)
	go func() {
		answer, err := patient.RoundTrip(r)
		if err == nil {
			if answer.StatusCode != http.StatusCreated {
				err = errors.New(answer.Status)
			}
			err = errors.Join(err, answer.Body.Close())
		}
		answered <- err
	}()
	if _, err := io.WriteString(sending, `{"name":`); err != nil {
		t.Fatal(err)
	}
	stop()
	parts.Await(t, 20*time.Second, "no new connections", func(ctx context.Context) error {
		if probe(ctx, http.DefaultClient, base+"/readyz") == nil {
			return errors.New("it still answers")
		}
		return nil
	})
	if _, err := io.WriteString(sending, `"late"}`); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sending.Close(), <-answered, <-ended); err != nil {
		t.Errorf("the request under way, and the end: %v", err)
	}
	if _, err := run(t, nil, "", "healthcheck", "--url", base+"/readyz"); err == nil {
		t.Error("healthcheck calls a stopped service ready")
	}
}

func TestReadyURL(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		":8080": "localhost:8080", "0.0.0.0:1": "localhost:1", "[::]:2": "localhost:2",
		"10.0.0.1:3": "10.0.0.1:3",
	} {
		if got, err := readyURL(&config{addr: addr}); err != nil || got != fmt.Sprintf("http://%s/readyz", want) {
			t.Errorf("%s: %s, %v", addr, got, err)
		}
	}
}

func TestSigningKeyCommands(t *testing.T) {
	t.Parallel()
	db := database(t)
	command := func(args ...string) string {
		t.Helper()
		out, err := run(t, []string{db}, "", append([]string{"signing-key"}, args...)...)
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return out
	}
	first := command("list")
	if strings.Count(first, "sig_") != 1 || !strings.Contains(first, "ES256") {
		t.Errorf("a first key: %s", first)
	}
	command("rotate")
	if second := command("list"); strings.Count(second, "sig_") != 2 {
		t.Errorf("after a rotation: %s", second)
	}
	command("rotate", "--retire")
	if third := command("list"); strings.Count(third, "sig_") != 1 || strings.Contains(first, strings.Fields(third)[6]) {
		t.Errorf("after all were retired: %s", third)
	}
	// Without the secret nothing can be read, and reset says so by being the way out.
	other := "LATCHKEY_SECRET=" + strings.Repeat("another ", 8)
	if _, err := run(t, []string{db, other}, "", "signing-key", "list"); err == nil || !strings.Contains(err.Error(), "signing-key reset") {
		t.Errorf("another secret: %v", err)
	}
	if out, err := run(t, []string{db, other}, "", "signing-key", "reset"); err != nil || !strings.Contains(out, "removed 1 key") {
		t.Errorf("reset: %s, %v", out, err)
	}
	if _, err := run(t, []string{db, other}, "", "signing-key", "list"); err != nil {
		t.Errorf("after the reset: %v", err)
	}
}

// TestConfigurationPage: docs/configuration.md says what --help says. With
// UPDATE_GOLDEN set it is written anew.
func TestConfigurationPage(t *testing.T) {
	t.Parallel()
	page := "# Configuration\n\nWhat `latchkey serve --help` prints; a test holds this page to it.\n\n```text\n" + describeSettings() + "```\n"
	path := filepath.Join("..", "docs", "configuration.md")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil || string(kept) != page {
		t.Errorf("docs/configuration.md is not what --help says (%v): run `make golden`", err)
	}
}
