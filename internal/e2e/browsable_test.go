package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowsableAPI reads, follows, makes, changes and deletes in a real
// browser, as people do with Django REST Framework's.
func TestBrowsableAPI(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	s.issue("free", "invoices:read")
	v := visit(t)
	v.do("without signing in", chromedp.Navigate(s.base+"/api/keys"), chromedp.WaitVisible(`.status.bad`))
	v.do("sign in and come back", chromedp.Click(`header a[href^="/login"]`), chromedp.WaitVisible(`#password`), chromedp.SendKeys(`#email`, "admin@localhost"),
		chromedp.SendKeys(`#password`, adminPassword), chromedp.Submit(`#password`), chromedp.WaitVisible(`.status.good`), screenshot("api-keys"))
	v.do("the root", chromedp.Navigate(s.base+"/api/"), chromedp.WaitVisible(`.status.good`), screenshot("api-root"))
	v.do("follow a link", chromedp.Click(`pre a[href="/api/service-accounts"]`), chromedp.WaitVisible(`pre a[href^="/api/service-accounts/sa_"]`), chromedp.Click(`pre a[href^="/api/service-accounts/sa_"]`), chromedp.WaitVisible(`form input[value="PATCH"] ~ textarea`))
	v.do("change", chromedp.SetValue(`form input[value="PATCH"] ~ textarea`, `{"description":"<b>by form</b>"}`), screenshot("api-account"), chromedp.Submit(`form input[value="PATCH"] ~ textarea`), chromedp.WaitVisible(`.status.good`))
	if got := v.text(`pre`); !strings.Contains(got, `\u003cb\u003eby form`) && !strings.Contains(got, "<b>by form</b>") {
		t.Errorf("after the change: %s", got)
	}
	scopes := s.base + "/api/scopes"
	v.do("make", chromedp.Navigate(scopes), chromedp.WaitVisible(`textarea`), chromedp.SetValue(`textarea`, `{"name":"reports:read","description":"Read reports"}`), chromedp.Submit(`textarea`), chromedp.WaitVisible(`.status.good`))
	if got := v.text(`.status`); got != "HTTP 201 Created" {
		t.Errorf("after making: %s", got)
	}
	v.do("a fault", chromedp.Navigate(scopes), chromedp.WaitVisible(`textarea`), chromedp.SetValue(`textarea`, `{"name":"Reports"}`), chromedp.Submit(`textarea`), chromedp.WaitVisible(`.status.bad`), screenshot("api-fault"))
	v.do("delete", chromedp.Navigate(scopes+"/reports:read"), chromedp.WaitVisible(`.status.good`), chromedp.Submit(`form input[value="DELETE"]`), chromedp.WaitVisible(`.status.good`))
	if got := v.text(`.status`); got != "HTTP 204 No Content" {
		t.Errorf("after deleting: %s", got)
	}
	v.do("gone", chromedp.Navigate(scopes+"/reports:read"), chromedp.WaitVisible(`.status.bad`))
}
