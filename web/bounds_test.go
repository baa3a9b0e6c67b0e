package web_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestFormsOfStrangersAreSmall: who has not signed in sends at most 16 KiB.
func TestFormsOfStrangersAreSmall(t *testing.T) {
	t.Parallel()
	v := newSuite(t, settings{}).visitor()
	v.get("/login")
	for _, path := range []string{
		"/login", "/login/code", "/signup", "/confirm", "/invitation/signup", "/password/forgotten", "/password/new",
		"/unsubscribe", "/theme", "/leaked",
	} {
		v.sees(v.post(path, url.Values{"email": {strings.Repeat("x", 16<<10)}}), 413, "")
		if got := v.post(path, url.Values{"email": {strings.Repeat("x", 15<<10)}}); got.status == 413 {
			t.Errorf("%s takes no 15 KiB", path)
		}
	}
}

// TestFormsHaveFewFields: so that nobody makes us take thousands apart.
func TestFormsHaveFewFields(t *testing.T) {
	t.Parallel()
	v := newSuite(t, settings{}).visitor()
	v.get("/login")
	many := url.Values{}
	for i := range 501 {
		many.Add("email", string(rune('a'+i%26)))
	}
	v.sees(v.post("/login", many), 400, "send 500 at most")
}
