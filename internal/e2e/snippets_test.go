package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// snippetsWork runs the programs of the page that shows a key, as they stand
// there. JavaScript needs a node, which not every machine has.
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
	node, err := exec.LookPath("node")
	if err != nil {
		t.Log("there is no node: the JavaScript was not run")
		return
	}
	run("200 VALID", node, put("snippet.mjs", snippet("await fetch")))
}

// TestPortalSnippets issues a key and runs what its page says.
func TestPortalSnippets(t *testing.T) {
	t.Parallel()
	s, email, password := startDemo(t)
	v := visit(t)
	v.signIn(s.base, email, password)
	v.do("issue", chromedp.WaitVisible(`.needs`), chromedp.Navigate(s.base+"/service-accounts"), chromedp.WaitVisible(`tbody a`), chromedp.Click(`tbody a`), chromedp.WaitVisible(`.head .button`), chromedp.Click(`.head .button`),
		chromedp.WaitVisible(`#networks`), chromedp.SendKeys(`#name`, "Snippets"), chromedp.Submit(`#name`), chromedp.WaitVisible(`#secret`))
	snippetsWork(t, v, v.text(`#secret`))
	v.do("leave", v.kept())
}
