package e2e

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/internal/parts"
)

var typeChecks = regexp.MustCompile(`(?ms)^\tif typ := .*?^\t}\n|^    typ: .*?\n|^    if jwt\.get_unverified_header.*?\n.*?\n`)

// TestOfflineChecks runs the programs of docs/offline.md: they take the access
// token of a service account, and neither a user's token nor a forged one. They
// do so without their check of the type as well, by the audience alone.
func TestOfflineChecks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "offline.md"))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, sqliteURL(t))
	token, account := s.accessToken("free", "invoices:read")
	pair := s.call("POST", "/api/token/", map[string]any{"email": "admin@localhost", "password": adminPassword}, 200)
	user := pair["access"].(string)
	cut := strings.Split(token, ".")
	forged := cut[0] + "." + strings.Split(user, ".")[1] + "." + cut[2]
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + cut[1] + "."
	for language, run := range map[string]func(t *testing.T, dir, text string) *exec.Cmd{"go": runGo, "js": runNode, "python": runPython} {
		_, text, found := strings.Cut(string(page), "```"+language+"\n")
		text, _, closed := strings.Cut(text, "```")
		bare := typeChecks.ReplaceAllString(text, "")
		if !found || !closed || bare == text {
			t.Fatalf("docs/offline.md has no program for %s that checks the type", language)
		}
		for name, program := range map[string]string{"as it stands": text, "by the audience alone": bare} {
			t.Run(language+" "+name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				check := func(token string) (string, error) {
					cmd := run(t, dir, program)
					cmd.Env = parts.Environ("LATCHKEY_URL=" + s.base)
					cmd.Stdin = strings.NewReader(token + "\n")
					out, err := cmd.CombinedOutput()
					return string(out), err
				}
				if out, err := check(token); err != nil || out != account+" invoices:read\n" {
					t.Errorf("an access token: %v, %s", err, out)
				}
				for what, wrong := range map[string]string{
					"a user's token": user, "a refresh token": pair["refresh"].(string),
					"a forged token":    forged,
					"an unsigned token": none, "nothing": "",
				} {
					if out, err := check(wrong); err == nil || strings.Contains(out, "ModuleNotFound") || strings.Contains(out, "ERR_MODULE_NOT_FOUND") {
						t.Errorf("%s: %v, %s", what, err, out)
					}
				}
			})
		}
	}
}

// accessToken gets an access token for a new service account, whose id it returns.
func (s *service) accessToken(tier, scope string) (token, account string) {
	s.t.Helper()
	id, secret := s.issue(tier, scope)
	account = s.call("GET", "/api/keys/"+id, nil, 200)["service_account_id"].(string)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {account}, "client_secret": {secret}}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, text := fetch(s.t, r)
	_, token, _ = strings.Cut(text, `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	return token, account
}

// written writes the program and returns its path.
func written(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runGo runs the program once it is built, with the modules of Latchkey.
func runGo(t *testing.T, dir, text string) *exec.Cmd {
	t.Helper()
	built := filepath.Join(dir, "check")
	if _, err := os.Stat(built); err != nil {
		build := exec.CommandContext(t.Context(), "go", "build", "-o", built, written(t, dir, "check.go", text))
		build.Dir, build.Stderr = filepath.Join("..", ".."), io.Discard
		if out, err := build.Output(); err != nil {
			t.Fatalf("build the program in Go: %v\n%s", err, out)
		}
	}
	return exec.CommandContext(t.Context(), built)
}

func runNode(t *testing.T, dir, text string) *exec.Cmd {
	t.Helper()
	modules, err := filepath.Abs(filepath.Join("..", "..", "build", "jose", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), parts.Node(t), written(t, dir, "check.mjs", text))
}

func runPython(t *testing.T, dir, text string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), parts.Venv(t), written(t, dir, "check.py", text))
}
