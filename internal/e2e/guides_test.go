package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestPortalGuides reads the guides and does what they say, as it stands there.
func TestPortalGuides(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	id, key := s.issue("free", "invoices:read")
	_, verifier := s.issue("free", "latchkey:verify")
	_, manager := s.issue("free", "latchkey:keys:write", "invoices:read") // whoever rotates a key grants what it has
	script := parts.Axe(t)
	v := visit(t)
	v.signIn(s.base, "admin@localhost", adminPassword)
	v.do("guides", chromedp.WaitVisible(`.who`), chromedp.Navigate(s.base+"/guides"), chromedp.WaitVisible(`a[href="/guides/errors"]`),
		accessible(t, script, "guides"), screenshot("guides"))
	for name, want := range map[string][]string{
		"first-key": {"X-Latchkey-Code: VALID", `"scopes":["invoices:read"]`},
		"gateway":   {`"code":"VALID"`},
		"rotation":  {`"rotated_from":"` + id + `"`},
	} {
		v.do(name, chromedp.Navigate(s.base+"/guides/"+name), chromedp.WaitVisible(`.guide`), accessible(t, script, "guide "+name),
			screenshot("guide-"+name))
		commands, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`[...document.querySelectorAll(".guide pre")].map(e => `+
			`e.textContent).filter(s => !s.includes("auth_request")).join("\n")`))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-euc", commands)
		cmd.Stdin = strings.NewReader(key + "\n")
		cmd.Env = append(os.Environ(), "LATCHKEY_API_KEY="+key, "LATCHKEY_VERIFIER_KEY="+verifier, "LATCHKEY_MANAGER_KEY="+manager, "KEY_ID="+id)
		out, err := cmd.CombinedOutput()
		for _, w := range want {
			if err != nil || !strings.Contains(string(out), w) {
				t.Errorf("%s: %v, no %s in\n%s\n%s", name, err, w, commands, out)
			}
		}
	}
	v.do("errors", chromedp.Navigate(s.base+"/guides/errors"), chromedp.WaitVisible(`tbody`), accessible(t, script, "guide errors"),
		screenshot("guide-errors"))
	if got := v.text(`tbody`); !strings.Contains(got, "QUOTA_EXCEEDED") || !strings.Contains(got, "429") {
		t.Errorf("the errors: %s", got)
	}
}
