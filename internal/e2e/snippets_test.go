package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey/latchkey/internal/parts"
)

// snippetsWork runs the programs of the page that shows a key, as they stand
// there.
func snippetsWork(t *testing.T, v *visitor, key string) {
	t.Helper()
	shown := func(what string) string {
		t.Helper()
		text, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](what))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	dir := t.TempDir()
	run := func(want string, name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "LATCHKEY_API_KEY="+key, "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	put := func(file, text string) string {
		t.Helper()
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	snippet := func(begins string) string {
		return shown(`[...document.querySelectorAll(".snippets pre")].map(e => e.textContent).find(s => s.includes(` + "`" + begins + "`" + `))`)
	}
	run("X-Latchkey-Code: VALID", "sh", "-c", shown(`document.getElementById("curl").textContent`))
	run("200 OK VALID", "go", "run", put("main.go", snippet("package main")))
	run("200 VALID", "python3", put("drf.py", snippet("Api-Key")))
	run("200 VALID", parts.Python(t, "requests"), put("snippet.py", snippet("import requests")))
	run("200 VALID", parts.Node(t), put("snippet.mjs", snippet("await fetch")))
}

// guardedByNginx starts nginx with what the page says of it, in front of an API
// that tells the key that it was sent, and asks it.
func guardedByNginx(t *testing.T, v *visitor, base, key string) {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprintf(w, "the API got %q", r.Header.Get("X-API-Key"))
	}))
	t.Cleanup(api.Close)
	snippet, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`[...document.querySelectorAll(".snippets pre")].map(e => `+
		`e.textContent).find(s => s.includes("auth_request"))`))
	if err != nil {
		t.Fatal(err)
	}
	addr := parts.FreeAddr(t)
	const upstream = "http://127.0.0.1:3000"
	if !strings.Contains(snippet, upstream) || !strings.Contains(snippet, base+"/verify") {
		t.Fatalf("the configuration of nginx leads elsewhere:\n%s", snippet)
	}
	parts.Nginx(t, addr, "server {\nlisten "+addr+";\n"+strings.ReplaceAll(snippet, upstream, api.URL)+"\n}")
	upload := strings.Repeat("x", 2<<20) // more than nginx accepts by default
	for _, tt := range []struct {
		name, key string
		status    int
		body      string
	}{
		{"a good key", key, http.StatusOK, `the API got ""`},
		{"no key", "", http.StatusUnauthorized, `"code":"MISSING"`},
		{"a mistyped key", key + "x", http.StatusUnauthorized, `"code":"MALFORMED"`},
		{"a good key over its limit of one an hour", key, http.StatusTooManyRequests, `"code":"RATE_LIMITED"`},
	} {
		answer, body := sent{method: "POST", key: tt.key, body: strings.NewReader(upload)}.to(t, addr)
		if answer.StatusCode != tt.status || !strings.Contains(body, tt.body) {
			t.Errorf("%s at nginx: %d %s", tt.name, answer.StatusCode, body)
		}
		if again := answer.Header.Get("Retry-After"); (again != "") != (tt.status == http.StatusTooManyRequests) {
			t.Errorf("%s at nginx: come again %q", tt.name, again)
		}
	}
}

// named gives the field with the name a value.
func named(name, value string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := chromedp.Evaluate[string](`document.querySelector("[name=`+name+`]").value = "`+value+`"`)(ctx, tab)
		return err
	})
}

// TestPortalSnippets issues a key and runs what its page says.
func TestPortalSnippets(t *testing.T) {
	t.Parallel()
	s, email, password := startDemo(t)
	v := visit(t)
	v.signIn(s.base, email, password)
	v.do("issue", chromedp.WaitVisible(`.needs`), chromedp.Navigate(s.base+"/service-accounts"), chromedp.WaitVisible(`tbody a`),
		chromedp.Click(`tbody a`), chromedp.WaitVisible(`.head .button`), chromedp.Click(`.head .button`),
		chromedp.WaitVisible(`#networks`), chromedp.SendKeys(`#name`, "Snippets"), chromedp.Submit(`#name`), chromedp.WaitVisible(`#secret`))
	snippetsWork(t, v, v.text(`#secret`))
	v.do("a key of one request an hour", v.kept(), chromedp.Click(`.path a:last-child`), chromedp.WaitVisible(`a[href$="/keys/new"]`),
		chromedp.Click(`a[href$="/keys/new"]`), chromedp.WaitVisible(`#networks`),
		chromedp.SendKeys(`#name`, "Nginx"), named("requests", "1"), named("per", "1h"), chromedp.Submit(`#name`),
		chromedp.WaitVisible(`#secret`))
	guardedByNginx(t, v, s.base, v.text(`#secret`))
	v.do("leave", v.kept())
}
