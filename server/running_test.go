package server

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
)

// TestCommandsSayWhatIsWrong holds every command to a message and a failure
// where it is called with what it does not know, or without what it needs.
func TestCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, says string }{
		{"", "latchkey needs a command: there are accounts, audit, backup,"},
		{"userz", `latchkey has no command "userz"`},
		{"user", "latchkey user needs a command: there are create, link, list, password; see latchkey user --help"},
		{"user lists", `latchkey user has no command "lists": there are create,`},
		{"signing-key", "latchkey signing-key needs a command: there are list, reset, rotate"},
		{"signing-key lost", `has no command "lost"`},
		{"user create", "latchkey user create needs EMAIL; see latchkey user create --help"},
		{"user create a@example.com b@example.com", `latchkey user create takes no "b@example.com"`},
		{"user password", "latchkey user password needs EMAIL"},
		{"backup", "latchkey backup needs FILE"},
		{"restore", "latchkey restore needs FILE"},
		{"restore a b", `latchkey restore takes no "b"`},
		{"user link", "latchkey user link needs EMAIL and NAME"},
		{"user link a@example.com", "latchkey user link needs NAME"},
		{"serve now", `latchkey serve takes no "now"`},
		{"version 2", `latchkey version takes no "2"`},
		{"healthcheck now", `latchkey healthcheck takes no "now"`},
		{"user list all", `latchkey user list takes no "all"`},
		{"signing-key list all", `takes no "all"`},
		{"signing-key rotate now", `takes no "now"`},
		{"signing-key reset now", `takes no "now"`},
		{"secret rotate now", `takes no "now"`},
		{"demo now", `takes no "now"`},
		{"help userz", `latchkey has no command "userz"; see latchkey --help`},
		{"help user lists", `latchkey user has no command "lists"`},
		{"user create --adnim a@example.com", "--adnim"},
	} {
		if out, err := run(t, []string{database(t)}, "correct horse battery\n", strings.Fields(tt.args)...); err == nil ||
			!strings.Contains(err.Error(), tt.says) {
			t.Errorf("latchkey %s: %v, want %s\n%s", tt.args, err, tt.says, out)
		}
	}
	plain, err := run(t, nil, "", "version")
	if flagged, ferr := run(t, nil, "", "--version"); err != nil || ferr != nil || flagged != plain {
		t.Errorf("--version prints %q (%v), version %q (%v)", flagged, ferr, plain, err)
	}
	if out, err := run(t, nil, "", "help", "user", "list"); err != nil || !strings.Contains(out, "latchkey user list") {
		t.Errorf("help user list: %q %v", out, err)
	}
}

func TestUserCommandsSayWhatTheyDid(t *testing.T) {
	t.Parallel()
	db := database(t)
	if _, err := run(t, []string{db}, "correct horse battery\n", "user", "create", "--admin", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, []string{db}, "lighthouse keeper two\n", "user", "password", "ada@example.com")
	if err != nil || !strings.HasPrefix(out, "set the password of usr_") ||
		!strings.Contains(out, "ada@example.com; all sessions have ended") || strings.Contains(out, "lighthouse") {
		t.Errorf("user password: %q %v", out, err)
	}
	out, err = run(t, []string{db}, "", "user", "list")
	if lines := strings.Split(strings.TrimSpace(out), "\n"); err != nil || len(lines) != 2 || !strings.HasPrefix(lines[0], "USER ") ||
		!strings.HasPrefix(lines[1], "usr_") || strings.Join(strings.Fields(lines[1])[1:], " ") != "ada@example.com yes active never" {
		t.Errorf("user list: %q %v", out, err)
	}
}

func TestTheAdminsAddressIsCheckedOnAFilledStore(t *testing.T) {
	t.Parallel()
	db := database(t)
	if _, err := run(t, []string{db}, "correct horse battery\n", "user", "create", "--admin", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{"LATCHKEY_ADMIN_EMAIL=x", "LATCHKEY_ADMIN_EMAIL=Ada <ada@example.com>", "LATCHKEY_MAIL_FROM=nobody"} {
		name, _, _ := strings.Cut(setting, "=")
		if _, err := run(t, []string{db, setting}, "", "serve"); err == nil || !strings.Contains(err.Error(), name+": must be an") {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

// curl returns the command of the greeting, as it would be pasted.
func curl(t *testing.T, greeting string) string {
	t.Helper()
	_, line, found := strings.Cut(greeting, "  Try         ")
	line, _, _ = strings.Cut(line, "\n")
	if !found || !strings.HasPrefix(line, "curl ") {
		t.Fatalf("the greeting has no command:\n%s", greeting)
	}
	return line
}

// pasted runs a line in a shell that has none of our settings.
func pasted(t *testing.T, line, in string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euc", line)
	cmd.Env, cmd.Stdin = parts.Environ(), strings.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v", line, err)
	}
	return string(out)
}

func TestTheGreetingsCommandWorksAsItStands(t *testing.T) {
	t.Parallel()
	db, email := database(t), "o'brien@example.com"
	_, first, stop, ended := serving(t, db, "LATCHKEY_ADMIN_EMAIL="+email)
	if got := pasted(t, curl(t, first.String()), ""); !strings.Contains(got, `"email":"`+email+`"`) {
		t.Errorf("at the first start: %s", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	_, again, _, _ := serving(t, db, "LATCHKEY_ADMIN_EMAIL="+email)
	line := curl(t, again.String())
	if !strings.Contains(again.String(), "asks for the password") || strings.Contains(line, "$") ||
		!strings.HasPrefix(line, `curl -u 'o'\''brien@example.com' http`) {
		t.Errorf("at the second: %s", again)
	}
	for name, settings := range map[string][]string{
		"without such an admin": {db}, "without Basic": {database(t), "LATCHKEY_AUTHENTICATORS=session"},
	} {
		_, greeting, _, _ := serving(t, settings...)
		line := curl(t, greeting.String())
		if name == "without Basic" && !strings.Contains(greeting.String(), "Password") {
			t.Errorf("%s: %s", name, greeting)
		}
		if got := pasted(t, line, ""); !strings.Contains(got, `"status":"ok"`) {
			t.Errorf("%s: %s: %s", name, line, got)
		}
	}
}

func TestBrowsersAreToldToComeByTLS(t *testing.T) {
	t.Parallel()
	plain, _, _, _ := serving(t, database(t), "LATCHKEY_TRUSTED_PROXIES=127.0.0.1/32")
	public, _, _, _ := serving(t, database(t), "LATCHKEY_URL=https://keys.example.com")
	for _, tt := range []struct {
		name, url, proto string
		told             bool
	}{
		{"plain HTTP", plain + "/login", "", false},
		{"plain HTTP behind a proxy", plain + "/login", "http", false},
		{"TLS that ends at a proxy", plain + "/login", "https", true},
		{"the API too", plain + "/api/me", "https", true},
		{"what is not there", plain + "/nothing", "https", true},
		{"a proxy that nobody trusts", public + "/login", "http", true},
		{"LATCHKEY_URL", public + "/api/me", "", true},
		{"who only verifies", public + "/verify", "", false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.proto != "" {
			r.Header.Set("X-Forwarded-For", "203.0.113.9")
			r.Header.Set("X-Forwarded-Proto", tt.proto)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if got := answer.Header.Get("Strict-Transport-Security"); (got == "max-age=31536000") != tt.told || (got != "") != tt.told {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// TestTheDatabaseIsForItsOwnerAlone, in a folder that was there before.
func TestTheDatabaseIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "latchkey.db")
	c, err := readConfig([]string{"LATCHKEY_DATABASE_URL=sqlite:" + file})
	if err != nil {
		t.Fatal(err)
	}
	open := func(log io.Writer) {
		t.Helper()
		a, err := build(t.Context(), c, newLogger(c, log), nil)
		if err != nil {
			t.Fatal(err)
		}
		a.warnOfExposed(t.Context())
		if _, err := a.People.Users.List(t.Context(), auth.System(), auth.UserFilter{}, keys.Page{Limit: 1}); err != nil {
			t.Error(err)
		}
		for _, path := range []string{file, file + "-wal", file + "-shm", filepath.Join(dir, "secret")} {
			if info, err := os.Stat(path); err != nil || (log == io.Discard && info.Mode().Perm() != 0o600) {
				t.Errorf("%s: %v %v", path, info, err)
			}
		}
		if err := a.close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	open(io.Discard)
	for _, path := range []string{file, filepath.Join(dir, "secret")} {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	open(&log)
	for _, want := range []string{"WARN", file, filepath.Join(dir, "secret")} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log.String())
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("what an operator set was changed: %v %v", info, err)
	}
}
