package e2e

import (
	"context"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/latchkey/latchkey/internal/parts"
)

var demoSignIn = regexp.MustCompile(`(?m)^\s+(ada@\S+)\s+(\S+)`)

// startDemo fills a store by the command and serves it.
func startDemo(t *testing.T) (s *service, email, password string) {
	t.Helper()
	database := sqliteURL(t)
	cmd := exec.CommandContext(t.Context(), parts.Binary(t), "demo")
	cmd.Env = parts.Environ("LATCHKEY_DATABASE_URL="+database, "LATCHKEY_SECRET="+secret)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("latchkey demo: %v\n%s", err, out)
	}
	found := demoSignIn.FindStringSubmatch(string(out))
	if found == nil {
		t.Fatalf("latchkey demo printed no sign-in:\n%s", out)
	}
	s, _ = start(t, database)
	return s, found[1], found[2]
}

// tooWide names what reaches beyond the screen and is in no part that scrolls by
// itself.
const tooWide = `(() => {
	if (document.documentElement.scrollWidth <= innerWidth) return "";
	const clipped = e => {
		for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
			if (getComputedStyle(p).overflowX !== "visible") return true;
		return false;
	};
	return [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !clipped(e)).slice(0, 5).
		map(e => e.tagName + "." + e.className + "#" + e.id + " to " + Math.round(e.getBoundingClientRect().right) +
			": " + e.textContent.slice(0, 60)).join("; ") || "the page";
})()`

// accessible lets axe-core look at the page in both themes, on a phone and on a
// wide screen, neither of which it overflows.
func accessible(t *testing.T, script, name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		for i, theme := range []string{"light", "dark", "light", "dark"} {
			if _, err := chromedp.EmulateViewport([]int64{390, 1280}[i/2], 900)(ctx, tab); err != nil {
				return err
			}
			scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}
			if _, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, scheme); err != nil {
				return err
			}
			if _, err := chromedp.Evaluate[bool](script+";true")(ctx, tab); err != nil {
				return err
			}
			found, err := chromedp.Evaluate[string](`axe.run({resultTypes:["violations"]}).then(r => r.violations.map(v => v.id + ": " + `+
				`v.nodes.map(n => n.target + " " + n.failureSummary).slice(0, 3).join("; ")).join("\n"))`, chromedp.EvalAwaitPromise)(ctx, tab)
			if err != nil {
				return err
			}
			if found != "" {
				t.Errorf("%s in %s:\n%s", name, theme, found)
			}
			wide, err := chromedp.Evaluate[string](tooWide)(ctx, tab)
			if err != nil {
				return err
			}
			if wide != "" {
				t.Errorf("%s is too wide for its screen: %s", name, wide)
			}
		}
		return nil
	})
}

const mostPage = 150_000 // bytes

// TestPortalDemo shows a newcomer around, in both themes and on a phone, and
// does each job of a developer.
func TestPortalDemo(t *testing.T) { //nolint:paralleltest // so many pages take all of the machine
	s, email, password := startDemo(t)
	script := parts.Axe(t)
	v := visit(t)
	v.signIn(s.base, email, password)
	page := func(name, path, until string) {
		t.Helper()
		v.open(name, chromedp.Navigate(s.base+path), chromedp.WaitVisible(until), accessible(t, script, name), screenshot(name))
		size, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`new TextEncoder().encode(document.documentElement.outerHTML).length`))
		if err != nil || size > mostPage {
			t.Errorf("%s has %d bytes, %v", name, size, err)
		}
	}
	v.do("home", chromedp.WaitVisible(`.needs`))
	page("home", "/", `#week`)
	page("keys", "/keys", `tbody`)
	page("keys-expiring", "/keys?expiry=30&sort=expires", `tbody`)
	page("keys-none", "/keys?q=nothing-like-that", `.empty`)
	page("usage-code", "/usage", `#usage .plot`)
	page("usage-account", "/usage?by=service_account", `#usage .plot`)
	page("playground", "/playground", `#key`)
	page("calendar", "/calendar", `.dates`)
	page("me", "/me", `#reminders`)
	page("guides", "/guides", `main a`)
	for _, guide := range v.links(`main a[href^="/guides/"]`) {
		page("guide"+strings.ReplaceAll(guide, "/", "-"), guide, `h1`)
	}
	v.open("docs", chromedp.Navigate(s.base+"/docs"), chromedp.WaitVisible(`.opblock`), accessible(t, script, "docs"), screenshot("docs"))
	page("organizations", "/organizations", `tbody a`)
	page("accounts", "/service-accounts", `tbody a`)
	for _, list := range []string{"/organizations", "/service-accounts"} {
		v.do("the first of "+list, chromedp.Navigate(s.base+list), chromedp.WaitVisible(`tbody a`))
		path, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`new URL(document.querySelector("tbody a").href).pathname`))
		if err != nil {
			t.Fatal(err)
		}
		page("one"+strings.ReplaceAll(list, "/", "-"), path, `h1`)
		if list == "/organizations" {
			page("audit", path+"/audit", `tbody`)
			continue
		}
		page("account-edit", path+"/edit", `#metadata`)
		page("account-delete", path+"/delete", `#name`)
	}
	v.do("a rotated key", chromedp.Navigate(s.base+"/"), chromedp.WaitVisible(`.needs .warn`),
		chromedp.Click(`.need:has(a[href^="/keys/"]):nth-of-type(2) li a`), chromedp.WaitVisible(`#history`), accessible(t, script, "key-page"),
		screenshot("key-page"))

	v.do("pick", chromedp.Navigate(s.base+"/keys?status=active"), chromedp.WaitVisible(`tbody`), chromedp.Click(`tr:nth-child(1) .pick input`),
		chromedp.Click(`tr:nth-child(2) .pick input`),
		chromedp.Click(`button[value=disable]`), chromedp.WaitVisible(`input[name=sure]+p`), accessible(t, script, "keys-bulk"),
		screenshot("keys-bulk"), chromedp.Click(`.actions button`), chromedp.WaitVisible(`.done`))
	v.do("an account", chromedp.Navigate(s.base+"/service-accounts"), chromedp.WaitVisible(`tbody a`), chromedp.Click(`tbody a`),
		chromedp.WaitVisible(`.head .button`), chromedp.Click(`.head .button`), chromedp.WaitVisible(`#networks`),
		accessible(t, script, "issue"), screenshot("issue"))
	v.do("a wrong network", chromedp.SendKeys(`#name`, "Tour"), chromedp.SendKeys(`#networks`, "everywhere"), chromedp.Submit(`#name`),
		chromedp.WaitVisible(`#allowed_networks-fault`), accessible(t, script, "issue-fault"), screenshot("issue-fault"))
	v.do("issue", set("networks", ""), chromedp.Submit(`#name`), chromedp.WaitVisible(`#secret`), accessible(t, script, "issued"),
		screenshot("issued"))
	key := v.text(`#secret`)
	v.do("it is not shown again", v.kept(), chromedp.Reload(), chromedp.WaitVisible(`h1`), chromedp.WaitNotPresent(`#secret`))
	v.do("dry run", chromedp.Navigate(s.base+"/playground"), chromedp.WaitVisible(`#key`), chromedp.SendKeys(`#key`, key),
		chromedp.SendKeys(`#scopes`, "payments:refund"), chromedp.Submit(`#key`), chromedp.WaitVisible(`#verdict`),
		accessible(t, script, "playground-run"), screenshot("playground-run"))
	if html, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`document.documentElement.outerHTML + location.href`)); err != nil ||
		strings.Contains(html, key) {
		t.Errorf("the playground shows the key again, %v", err)
	}
	v.do("a feed", chromedp.Navigate(s.base+"/calendar"), chromedp.WaitVisible(`form[action="/calendar/feed"] button`),
		chromedp.Click(`form[action="/calendar/feed"] button`), chromedp.WaitVisible(`#secret`))
	answer, feed := get(t, v.text(`#secret`), "")
	if answer.StatusCode != http.StatusOK || !strings.Contains(feed, "BEGIN:VEVENT") {
		t.Errorf("the feed: %d %.200s", answer.StatusCode, feed)
	}
	v.do("choose dark", v.kept(), chromedp.Navigate(s.base+"/keys"), chromedp.WaitVisible(`#theme`), set("theme", "dark"),
		chromedp.Submit(`#theme`), chromedp.WaitVisible(`html[data-theme=dark] tbody`))
}

// links are the paths that the elements lead to.
func (v *visitor) links(selector string) []string {
	v.t.Helper()
	all, err := chromedp.Run(v.ctx, chromedp.Evaluate[[]string]("[...new Set([...document.querySelectorAll('"+selector+
		"')].map(a => new URL(a.href).pathname))]"))
	if err != nil {
		v.t.Fatal(err)
	}
	return all
}

// set gives the field with the id a value.
func set(id, value string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := chromedp.Evaluate[string](`document.getElementById("`+id+`").value = "`+value+`"`)(ctx, tab)
		return err
	})
}
