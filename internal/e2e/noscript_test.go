package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey/latchkey/internal/parts"
)

// TestPortalWithoutScripts does the main jobs of a developer on a phone whose
// browser runs no scripts, and finds nothing of it once signed out.
func TestPortalWithoutScripts(t *testing.T) {
	t.Parallel()
	s, email, password := startDemo(t)
	v := phone(t)
	v.signIn(s.base, email, password)
	v.do("home", chromedp.WaitVisible(`.needs`))

	v.do("an account", chromedp.Navigate(s.base+"/service-accounts"), chromedp.WaitVisible(`tbody a`), chromedp.Click(`tbody a`),
		chromedp.WaitVisible(`a[href$="/keys/new"]`))
	v.do("issue", chromedp.Click(`a[href$="/keys/new"]`), chromedp.WaitVisible(`#name`), chromedp.SendKeys(`#name`, "quiet tour"),
		chromedp.Submit(`#name`), chromedp.WaitVisible(`#secret`))
	key := v.text(`#secret`)
	if got := code(t, s.base, key); got != "VALID" {
		t.Errorf("the key that was issued is %s", got)
	}
	v.do("away", chromedp.Navigate(s.base+"/keys"), chromedp.WaitVisible(`#q`))
	v.backShowsNo(key)
	v.do("search", chromedp.Navigate(s.base+"/keys"), chromedp.WaitVisible(`#q`), chromedp.SendKeys(`#q`, "quiet"), chromedp.Submit(`#q`),
		chromedp.WaitVisible(`tbody a`), chromedp.Click(`tbody a`), chromedp.WaitVisible(`a[href$="/rotate"]`))
	if got := v.text(`h1`); !strings.Contains(got, "quiet tour") {
		t.Errorf("the search leads to %q", got)
	}
	v.do("edit", chromedp.Click(`a[href$="/edit"]`), chromedp.WaitVisible(`#note`), chromedp.SendKeys(`#note`, "in the vault"),
		chromedp.Submit(`#note`), chromedp.WaitVisible(`a[href$="/rotate"]`))
	v.do("rotate", chromedp.Click(`a[href$="/rotate"]`), chromedp.WaitVisible(`#grace`), chromedp.Submit(`#grace`),
		chromedp.WaitVisible(`#secret`))
	successor := v.text(`#secret`)
	v.do("dry run", chromedp.Navigate(s.base+"/playground"), chromedp.WaitVisible(`#key`), chromedp.SendKeys(`#key`, successor),
		chromedp.Submit(`#key`), chromedp.WaitVisible(`#verdict`))
	v.do("revoke", chromedp.Navigate(s.base+"/keys?q=quiet"), chromedp.WaitVisible(`tbody a`), chromedp.Click(`tbody a`),
		chromedp.WaitVisible(`.head .danger`), chromedp.Click(`.head .danger`), chromedp.WaitVisible(`#reason`),
		chromedp.Click(`input[name=sure]`), chromedp.Submit(`#reason`), chromedp.WaitVisible(`.state.revoked`))
	if got := code(t, s.base, successor); got != "REVOKED" {
		t.Errorf("the successor is %s", got)
	}
	v.do("sign out", chromedp.Click(`.who button`), chromedp.WaitVisible(`#password`))
	v.backShowsNo("quiet tour")
}

// phone is a visitor on a phone whose browser runs no scripts.
func phone(t *testing.T) *visitor {
	t.Helper()
	v := visit(t)
	v.do("a phone without scripts", chromedp.EmulateViewport(390, 844), scripts(false))
	return v
}

// TestPortalInvitationWithoutScripts goes from an invitation to a key that
// works.
func TestPortalInvitationWithoutScripts(t *testing.T) {
	t.Parallel()
	s, box := startWithMail(t)
	base := s.base
	const ada = "ada@example.com"
	admin := phone(t)
	admin.signIn(base, "admin@localhost", adminPassword)
	admin.do("organizations", chromedp.WaitVisible(`.who`), chromedp.Navigate(base+"/organizations"), chromedp.WaitVisible(`tbody a`),
		chromedp.Click(`tbody a`), chromedp.WaitVisible(`#email`))
	admin.do("invite", chromedp.SendKeys(`#email`, ada), chromedp.Submit(`#email`), chromedp.WaitVisible(`#secret`))

	guest := phone(t)
	guest.do("too easy a password", chromedp.Navigate(box.link(ada)), chromedp.WaitVisible(`#password`), chromedp.SendKeys(`#name`, "Ada"),
		chromedp.SendKeys(`#password`, "passwordpassword"), chromedp.Submit(`#password`), chromedp.WaitVisible(`#password-fault`))
	guest.do("join", chromedp.SendKeys(`#password`, firstPassword), chromedp.Submit(`#password`), chromedp.WaitVisible(`.empty .button`))
	guest.do("first account", chromedp.Click(`.empty .button`), chromedp.WaitVisible(`#name`), chromedp.SendKeys(`#name`, "Nightly sync"),
		chromedp.Submit(`#name`), chromedp.WaitVisible(`a[href$="/keys/new"]`))
	guest.do("first key", chromedp.Click(`a[href$="/keys/new"]`), chromedp.WaitVisible(`#name`), chromedp.SendKeys(`#name`, "CI"),
		chromedp.Submit(`#name`), chromedp.WaitVisible(`#secret`))
	if got := code(t, s.base, guest.text(`#secret`)); got != "VALID" {
		t.Errorf("the first key is %s", got)
	}
}

// TestPortalStaffWithoutScripts finds a key, and takes an incident from its dry
// run to its undo.
func TestPortalStaffWithoutScripts(t *testing.T) {
	t.Parallel()
	s, _, password := startDemo(t)
	v := phone(t)
	v.signIn(s.base, "admin@example.com", password)
	v.do("no such key", chromedp.WaitVisible(`.who`), chromedp.Navigate(s.base+"/provider"), chromedp.WaitVisible(`#find`),
		chromedp.SendKeys(`#find`, "no key"), chromedp.Submit(`#find`), chromedp.WaitVisible(`#find-fault`))
	v.do("dry run", chromedp.Navigate(s.base+"/provider/incidents/new"), chromedp.WaitVisible(`#scope`),
		chromedp.SendKeys(`#scope`, "payments:refund"), chromedp.Submit(`#scope`), chromedp.WaitVisible(`input[name=confirm] ~ .actions`))
	v.do("confirm", chromedp.Click(`input[name=sure]`), chromedp.Click(`.card .actions .danger`),
		chromedp.WaitVisible(`form[action$="/undo"] button`))
	if got := v.text(`.counts`); !strings.Contains(got, "Done") {
		t.Errorf("the counts: %s", got)
	}
	v.do("undo", chromedp.Click(`form[action$="/undo"] button`), chromedp.WaitNotPresent(`form[action$="/undo"]`),
		chromedp.WaitNotPresent(`progress`), chromedp.WaitVisible(`.counts`))
	v.do("upload", chromedp.Navigate(s.base+"/provider/imports"), chromedp.WaitVisible(`#file`), v.upload(), chromedp.Submit(`#file`),
		chromedp.WaitVisible(`#problems`), chromedp.WaitNotPresent(`progress`))
	if got := v.text(`h1`); !strings.Contains(got, "done") {
		t.Errorf("the import: %s", got)
	}
	v.do("the list", chromedp.Navigate(s.base+"/provider/incidents"), chromedp.WaitVisible(`tbody`))
	if got := v.text(`tbody`); !strings.Contains(got, "undone") {
		t.Errorf("the incidents: %s", got)
	}
}

// TestPortalHandOverWithoutScripts removes a member who looks after service
// accounts on a phone, takes them, and gives one of them to nobody.
func TestPortalHandOverWithoutScripts(t *testing.T) {
	t.Parallel()
	s, email, password := startDemo(t)
	axe := parts.Axe(t)
	v := visit(t)
	v.signIn(s.base, email, password)
	mine := func(step string) string {
		v.do(step, chromedp.Navigate(s.base+"/service-accounts?owner=me"), chromedp.WaitVisible(`tbody a`))
		return v.text(`tbody`)
	}
	v.do("home", chromedp.WaitVisible(`.needs`))
	before := strings.Split(mine("mine"), "\n")
	const removal = `tbody tr:nth-child(2) a[href$="/remove"]`
	v.do("members", chromedp.Navigate(s.base+"/organizations"), chromedp.WaitVisible(`tbody a`), chromedp.Click(`tbody a`),
		chromedp.WaitVisible(removal))
	v.do("remove", chromedp.Click(removal), chromedp.WaitVisible(`#owner_id`), accessible(t, axe, "hand-over"), screenshot("hand-over"))
	v.do("a phone without scripts", chromedp.EmulateViewport(390, 844), scripts(false), chromedp.Reload(), chromedp.WaitVisible(`#owner_id`))
	if got := v.text(`form.card`); !strings.Contains(got, "owns") {
		t.Errorf("the page says %q", got)
	}
	v.do("hand over", chromedp.SendKeys(`#owner_id`, "Ada"), chromedp.Click(`form.card button.danger`), chromedp.WaitVisible(`.done`))
	if after := strings.Split(mine("mine now"), "\n"); len(after) <= len(before) {
		t.Errorf("%q are mine, after %q", after, before)
	}
	v.do("to nobody", chromedp.Click(`tbody a`), chromedp.WaitVisible(`a[href$="/edit"]`), chromedp.Click(`a[href$="/edit"]`),
		chromedp.WaitVisible(`#owner_id`), screenshot("owner-edit"), chromedp.SendKeys(`#owner_id`, "nobody"),
		chromedp.Submit(`#owner_id`), chromedp.WaitVisible(`.done`), screenshot("owner-nobody"))
	if got := v.text(`.facts`); !strings.Contains(got, "nobody") {
		t.Errorf("the account says %q", got)
	}
}

// backShowsNo goes back and fails the test if the page has the text. There may
// be no page at all, because the browser must not keep some pages.
func (v *visitor) backShowsNo(text string) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, chromedp.NavigateBack()); err != nil && !strings.Contains(err.Error(), "ERR_CACHE_MISS") {
		v.t.Fatalf("go back: %v", err)
	}
	if shown := v.text(`body`); strings.Contains(shown, text) {
		v.t.Errorf("back shows %q", shown)
	}
}
