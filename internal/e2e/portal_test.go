package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/latchkey/latchkey/internal/parts"
)

// screenshot writes what the browser shows into build/screenshots, as it looks
// in light and dark, on a wide screen and a phone.
func screenshot(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		dir := filepath.Join("..", "..", "build", "screenshots")
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return err
		}
		for _, look := range []struct {
			suffix string
			width  int64
			scheme string
		}{{"light", 1280, "light"}, {"dark", 1280, "dark"}, {"phone-dark", 390, "dark"}} {
			scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}}
			if _, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, scheme); err != nil {
				return err
			}
			if _, err := chromedp.EmulateViewport(look.width, 900)(ctx, tab); err != nil {
				return err
			}
			picture, err := chromedp.FullScreenshot(100)(ctx, tab)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name+"-"+look.suffix+".png"), picture, 0o600); err != nil {
				return err
			}
			if slices.Contains(chosen, name+"-"+look.suffix) {
				if err := show(ctx, tab, filepath.Join(dir, name+"-"+look.suffix+".webp")); err != nil {
					return err
				}
			}
		}
		_, err := chromedp.EmulateViewport(1280, 900)(ctx, tab)
		return err
	})
}

// chosen are the pictures that the README shows: make screenshots puts them
// into docs/images.
var chosen = []string{
	"home-light", "home-phone-dark", "keys-light", "key-page-dark", "issue-light", "playground-run-light",
	"staff-incident-planned-light",
}

// show writes the upper part of the page, as a visitor sees it first.
func show(ctx context.Context, tab *chromedp.Target, file string) error {
	quality := int64(85)
	picture, err := cdp.Call(ctx, tab, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: "webp", Quality: &quality})
	if err != nil {
		return err
	}
	return os.WriteFile(file, picture.Data, 0o600)
}

// TestPortal signs in with a real browser and takes a key through its life.
func TestPortal(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	ctx := parts.Browser(t)
	run := func(step string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	text := func(selector string) string {
		t.Helper()
		out, err := chromedp.Run(ctx, chromedp.Text(selector))
		if err != nil {
			t.Fatalf("read %s: %v", selector, err)
		}
		return out
	}
	// copied tells the page that the key was copied, so that it lets us go.
	copied := chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](`document.dispatchEvent(new Event("copy"))`)(ctx, tab)
		return err
	})

	run("open the portal", chromedp.Navigate(s.base+"/"), chromedp.WaitVisible(`#password`), screenshot("login"))
	run("wrong password", chromedp.SendKeys(`#email`, "admin@localhost"), chromedp.SendKeys(`#password`, "wrong"),
		chromedp.Submit(`#password`),
		chromedp.WaitVisible(`.fault`))
	if got := text(`.fault`); !strings.Contains(got, "wrong") {
		t.Errorf("a wrong password shows %q", got)
	}
	run("sign in", chromedp.SendKeys(`#password`, adminPassword), chromedp.Submit(`#password`), chromedp.WaitVisible(`.empty`),
		screenshot("empty"))
	run("new account", chromedp.Click(`.empty .button`), chromedp.WaitVisible(`#name`),
		chromedp.SendKeys(`#name`, "Nightly sync <script>alert(1)</script>"),
		chromedp.Click(`input[value="invoices:read"]`), chromedp.Click(`input[value="invoices:write"]`), screenshot("account-new"),
		chromedp.Submit(`#name`), chromedp.WaitVisible(`.facts`))
	if got := text(`h1`); !strings.Contains(got, "<script>") {
		t.Errorf("the name is shown as %q", got)
	}
	run("issue", chromedp.Click(`.head .button`), chromedp.WaitVisible(`#note`), screenshot("key-new"), chromedp.SendKeys(`#name`, "CI"),
		chromedp.Click(`.indent input[value="invoices:read"]`), chromedp.Submit(`#name`), chromedp.WaitVisible(`[data-secret]`),
		screenshot("key-issued"))
	key := text(`[data-secret]`)
	if answer, body := get(t, s.base+"/verify?scope=invoices:read", key); answer.StatusCode != 200 {
		t.Errorf("the key that was shown: %d %s", answer.StatusCode, body)
	}
	if answer, _ := get(t, s.base+"/verify?scope=invoices:write", key); answer.StatusCode != 403 {
		t.Errorf("a scope that was not ticked: %d", answer.StatusCode)
	}
	run("go to the key", copied, chromedp.Click(`p > a.button.plain`), chromedp.WaitVisible(`.head .danger`), screenshot("key"))
	run("rotate", chromedp.Click(`.head .actions > a.button`), chromedp.WaitVisible(`#grace`), screenshot("key-rotate"),
		chromedp.Submit(`#grace`), chromedp.WaitVisible(`[data-secret]`))
	successor := text(`[data-secret]`)
	run("look at the account", copied, chromedp.Click(`.path a:last-child`), chromedp.WaitVisible(`tbody`), screenshot("account"))
	run("revoke", chromedp.Click(`tbody a`), chromedp.WaitVisible(`.head .danger`), chromedp.Click(`.head .danger`),
		chromedp.WaitVisible(`#reason`),
		chromedp.Click(`input[name=sure]`), screenshot("key-revoke"), chromedp.Submit(`#reason`), chromedp.WaitVisible(`.state.revoked`))
	if got := code(t, s.base, successor); got != "REVOKED" {
		t.Errorf("the successor is %s", got)
	}
	run("start", chromedp.Navigate(s.base+"/service-accounts"), chromedp.WaitVisible(`tbody`), screenshot("accounts"))
	run("sign out", chromedp.Click(`.who button`), chromedp.WaitVisible(`#password`))
	run("back without a session", chromedp.Navigate(s.base+"/"), chromedp.WaitVisible(`#password`))
}
