package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestSigningUpInABrowser: an open service lets whoever comes in by a mailed
// link, shows where they are signed in, and nothing once they have signed out.
func TestSigningUpInABrowser(t *testing.T) {
	t.Parallel()
	s, box := startWithMail(t, "LATCHKEY_SIGNUP=open")
	base := s.base
	const (
		bob, password = "bob@example.com", "four quiet otters"
		confirm       = `form[action="/confirm"] button`
		signInAgain   = `#password[autocomplete=current-password]`
	)

	v := visit(t)
	v.do("to the form", chromedp.Navigate(base+"/login"), chromedp.WaitVisible(`a[href="/signup"]`), chromedp.Click(`a[href="/signup"]`),
		chromedp.WaitVisible(`#name`), screenshot("signup"))
	v.do("sign up", chromedp.SendKeys(`#email`, bob), chromedp.SendKeys(`#name`, "Bob"), chromedp.SendKeys(`#password`, password),
		chromedp.Submit(`#name`), chromedp.WaitVisible(`.below`), chromedp.WaitNotPresent(`#name`))
	link := box.link(bob)
	v.signIn(base, bob, password)
	v.do("too early", chromedp.WaitVisible(`.fault.summary`), screenshot("login-refused"))
	v.do("open the mailed link", chromedp.Navigate(link), chromedp.WaitVisible(confirm), screenshot("confirm"), chromedp.Click(confirm),
		chromedp.WaitNotPresent(confirm))
	v.do("open it again", chromedp.Navigate(link), chromedp.WaitVisible(confirm), chromedp.Click(confirm), chromedp.WaitNotPresent(confirm),
		screenshot("over"))
	v.signIn(base, bob, password)
	v.do("in no organization", chromedp.WaitVisible(`.who`), chromedp.Navigate(base+"/organizations"), chromedp.WaitVisible(`.empty`),
		screenshot("organizations-none"))

	elsewhere := visit(t)
	elsewhere.signIn(base, "BOB@example.com", password)
	elsewhere.do("signed in", chromedp.WaitVisible(`.who`))
	v.do("where I am signed in", chromedp.Navigate(base+"/me"), chromedp.WaitVisible(`#sessions`))
	if got := v.text(`[aria-label=Sessions] tbody`); strings.Count(got, "127.0.0.1") != 2 || strings.Count(got, "this one") != 1 {
		t.Errorf("the sessions are %s", got)
	}
	v.do("end the other", chromedp.Click(`form[action^="/me/sessions/ses_"] button`), chromedp.WaitVisible(`.done`), screenshot("me-done"))
	elsewhere.do("it has ended", chromedp.Navigate(base+"/me"), chromedp.WaitVisible(signInAgain))

	v.do("sign out", chromedp.Click(`.who button`), chromedp.WaitVisible(signInAgain), chromedp.WaitNotPresent(`.who`))
	v.do("back shows nothing", chromedp.NavigateBack(), chromedp.WaitVisible(signInAgain), chromedp.WaitNotPresent(`.who`))
	v.do("nor does the address", chromedp.Navigate(base+"/me"), chromedp.WaitVisible(signInAgain), chromedp.WaitNotPresent(`.who`))

	organization := s.call("GET", "/api/organizations", nil, 200)["items"].([]any)[0].(map[string]any)["id"].(string)
	for _, member := range []map[string]any{
		{"email": "ada@example.com", "name": "Ada Lovelace"}, {"email": "grace@example.com", "name": "Grace Hopper"},
	} {
		u := s.call("POST", "/api/users", member, 201)
		s.call("POST", "/api/organizations/"+organization+"/members", map[string]any{"user_id": u["id"], "role": "owner"}, 201)
	}
	admin := visit(t)
	admin.signIn(base, "admin@localhost", adminPassword)
	admin.do("the members", chromedp.WaitVisible(`.who`), chromedp.Navigate(base+"/organizations/"+organization),
		chromedp.WaitVisible(`#email`), chromedp.SendKeys(`#email`, "ada@example.com"), chromedp.Submit(`#email`),
		chromedp.WaitVisible(`.fault.summary`), screenshot("organization-members"))
}
