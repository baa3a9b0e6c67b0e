package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowsableAPI reads, follows, makes, changes and deletes in a real
// browser, as people do with Django REST Framework's.
func TestBrowsableAPI(t *testing.T) {
	t.Parallel()
	s, _ := start(t, sqliteURL(t))
	_, first := s.issue("free", "invoices:read")
	v := visit(t)
	v.do("without signing in", chromedp.Navigate(s.base+"/api/keys"), chromedp.WaitVisible(`.status.bad`))
	v.do("sign in and come back", chromedp.Click(`header a[href^="/login"]`), chromedp.WaitVisible(`#password`),
		chromedp.SendKeys(`#email`, "admin@localhost"),
		chromedp.SendKeys(`#password`, adminPassword), chromedp.Submit(`#password`), chromedp.WaitVisible(`.status.good`), screenshot("api-keys"))
	v.do("the root", chromedp.Navigate(s.base+"/api/"), chromedp.WaitVisible(`.status.good`), screenshot("api-root"))
	v.do("follow a link", chromedp.Click(`pre a[href="/api/service-accounts"]`),
		chromedp.WaitVisible(`pre a[href^="/api/service-accounts/sa_"]`), chromedp.Click(`pre a[href^="/api/service-accounts/sa_"]`),
		chromedp.WaitVisible(`form input[value="PATCH"] ~ textarea`))
	v.do("change", chromedp.SetValue(`form input[value="PATCH"] ~ textarea`, `{"description":"<b>by form</b>"}`), screenshot("api-account"),
		chromedp.Submit(`form input[value="PATCH"] ~ textarea`), chromedp.WaitVisible(`.status.good`))
	if got := v.text(`pre`); !strings.Contains(got, `\u003cb\u003eby form`) && !strings.Contains(got, "<b>by form</b>") {
		t.Errorf("after the change: %s", got)
	}
	account := strings.Trim(v.text(`pre a[href^="/api/service-accounts/sa_"]`), `"`)
	v.do("make a key", chromedp.Navigate(s.base+"/api/keys?limit=1"), chromedp.WaitVisible(`textarea`),
		chromedp.SetValue(`textarea`, `{"service_account_id":"`+account+`","name":"by form"}`), chromedp.Submit(`textarea`),
		chromedp.WaitVisible(`.status.good`), screenshot("api-made"))
	key := regexp.MustCompile(`"key": "(lk_live_[0-9A-Za-z]+)"`).FindStringSubmatch(v.text(`pre`))
	if got := v.text(`.status`); got != "HTTP 201 Created" || key == nil || key[1] == first {
		t.Fatalf("after making a key: %s %s", got, v.text(`pre`))
	}
	if got := code(t, s.base, key[1]); got != "VALID" {
		t.Errorf("the key that was made by the form is %s", got)
	}
	v.do("the next page", chromedp.Navigate(s.base+"/api/keys?limit=1"), chromedp.WaitVisible(`a[rel=next]`), screenshot("api-page"),
		chromedp.Click(`a[rel=next]`), chromedp.WaitNotPresent(`a[rel=next]`), chromedp.WaitVisible(`.status.good`))
	scopes := s.base + "/api/scopes"
	v.do("make", chromedp.Navigate(scopes), chromedp.WaitVisible(`textarea`), chromedp.SetValue(`textarea`,
		`{"name":"reports:read","description":"Read reports"}`), chromedp.Submit(`textarea`), chromedp.WaitVisible(`.status.good`))
	if got := v.text(`.status`); got != "HTTP 201 Created" {
		t.Errorf("after making: %s", got)
	}
	v.do("a fault", chromedp.Navigate(scopes), chromedp.WaitVisible(`textarea`), chromedp.SetValue(`textarea`, `{"name":"Reports"}`),
		chromedp.Submit(`textarea`), chromedp.WaitVisible(`.status.bad`), screenshot("api-fault"))
	v.do("delete", chromedp.Navigate(scopes+"/reports:read"), chromedp.WaitVisible(`.status.good`),
		chromedp.Click(`details:has(input[value="DELETE"]) summary`), chromedp.WaitVisible(`button.danger`), screenshot("api-delete"),
		chromedp.Click(`button.danger`), chromedp.WaitVisible(`h1 .DELETE`))
	if got := v.text(`.status`); got != "HTTP 204 No Content" {
		t.Errorf("after deleting: %s", got)
	}
	v.do("gone", chromedp.Navigate(scopes+"/reports:read"), chromedp.WaitVisible(`.status.bad`))
}
