package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPortalWithoutScripts does the main jobs of a developer on a phone whose
// browser runs no scripts, and finds nothing of it once signed out.
func TestPortalWithoutScripts(t *testing.T) {
	t.Parallel()
	s, email, password := startDemo(t)
	v := visit(t)
	v.do("a phone without scripts", chromedp.EmulateViewport(390, 844), scripts(false))
	v.signIn(s.base, email, password)
	v.do("home", chromedp.WaitVisible(`.needs`))

	v.do("an account", chromedp.Navigate(s.base+"/service-accounts"), chromedp.WaitVisible(`tbody a`), chromedp.Click(`tbody a`), chromedp.WaitVisible(`a[href$="/keys/new"]`))
	v.do("issue", chromedp.Click(`a[href$="/keys/new"]`), chromedp.WaitVisible(`#name`), chromedp.SendKeys(`#name`, "quiet tour"), chromedp.Submit(`#name`), chromedp.WaitVisible(`#secret`))
	key := v.text(`#secret`)
	if got := code(t, s.base, key); got != "VALID" {
		t.Errorf("the key that was issued is %s", got)
	}
	v.do("away", chromedp.Navigate(s.base+"/keys"), chromedp.WaitVisible(`#q`))
	v.backShowsNo(key)
	v.do("search", chromedp.Navigate(s.base+"/keys"), chromedp.WaitVisible(`#q`), chromedp.SendKeys(`#q`, "quiet"), chromedp.Submit(`#q`), chromedp.WaitVisible(`tbody a`), chromedp.Click(`tbody a`), chromedp.WaitVisible(`a[href$="/rotate"]`))
	if got := v.text(`h1`); !strings.Contains(got, "quiet tour") {
		t.Errorf("the search leads to %q", got)
	}
	v.do("edit", chromedp.Click(`a[href$="/edit"]`), chromedp.WaitVisible(`#note`), chromedp.SendKeys(`#note`, "in the vault"), chromedp.Submit(`#note`), chromedp.WaitVisible(`a[href$="/rotate"]`))
	v.do("rotate", chromedp.Click(`a[href$="/rotate"]`), chromedp.WaitVisible(`#grace`), chromedp.Submit(`#grace`), chromedp.WaitVisible(`#secret`))
	successor := v.text(`#secret`)
	v.do("dry run", chromedp.Navigate(s.base+"/playground"), chromedp.WaitVisible(`#key`), chromedp.SendKeys(`#key`, successor), chromedp.Submit(`#key`), chromedp.WaitVisible(`#verdict`))
	v.do("revoke", chromedp.Navigate(s.base+"/keys?q=quiet"), chromedp.WaitVisible(`tbody a`), chromedp.Click(`tbody a`), chromedp.WaitVisible(`.head .danger`), chromedp.Click(`.head .danger`), chromedp.WaitVisible(`#reason`),
		chromedp.Click(`input[name=sure]`), chromedp.Submit(`#reason`), chromedp.WaitVisible(`.state.revoked`))
	if got := code(t, s.base, successor); got != "REVOKED" {
		t.Errorf("the successor is %s", got)
	}
	v.do("sign out", chromedp.Click(`.who button`), chromedp.WaitVisible(`#password`))
	v.backShowsNo("quiet tour")
}

// backShowsNo goes back and fails the test if the page has the text. It may be
// that there is no page at all: the browser keeps none that it must not.
func (v *visitor) backShowsNo(text string) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, chromedp.NavigateBack()); err != nil && !strings.Contains(err.Error(), "ERR_CACHE_MISS") {
		v.t.Fatalf("go back: %v", err)
	}
	if shown := v.text(`body`); strings.Contains(shown, text) {
		v.t.Errorf("back shows %q", shown)
	}
}
