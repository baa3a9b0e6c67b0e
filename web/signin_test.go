package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/ratelimit"
)

// device shows the one-time codes of a secret.
type device struct {
	s      *suite
	secret string
}

func (d *device) shows() string {
	d.s.t.Helper()
	code, err := totp.GenerateCode(d.secret, d.s.now())
	d.s.must(err)
	return code
}

// enrol turns one-time codes on by the pages, and returns the device and the
// recovery codes.
func (v *visitor) enrol() (*device, []string) {
	v.t.Helper()
	begun := v.post("/me/otp/begin", nil)
	v.sees(begun, 200, "Scan this")
	_, rest, _ := strings.Cut(begun.body, `enter this secret: <code class="chip">`)
	secret, _, _ := strings.Cut(rest, "<")
	if !strings.Contains(begun.body, `<svg class="qr"`) || len(secret) != 32 {
		v.t.Fatalf("the secret is %q on %s", secret, begun.body)
	}
	d := &device{v.suite, secret}
	wrong := v.post("/me/otp/enable", url.Values{"code": {"000000"}})
	v.sees(wrong, 422, "not the code that the device shows")
	if !strings.Contains(wrong.body, secret) {
		v.t.Error("after a mistyped code the secret is another one")
	}
	on := v.post("/me/otp/enable", url.Values{"code": {d.shows()}})
	v.sees(on, 200, "Save these recovery codes")
	_, rest, _ = strings.Cut(on.body, `data-secret><code>`)
	codes, _, _ := strings.Cut(rest, "</code>")
	v.advance(time.Minute) // a code works once
	return d, strings.Fields(codes)
}

// TestASignInOfTwoSteps: the password is asked once, then a code, which works
// once; a recovery code does as well.
func TestASignInOfTwoSteps(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	ada := s.user("ada@example.com", "")
	device, recovery := s.signedIn(ada).enrol()
	name := url.Values{"email": {ada.Email}, "password": {password}, "next": {"/organizations"}}

	v := s.visitor()
	first := v.post("/login", name)
	v.sees(first, 200, "Enter the code")
	if strings.Contains(first.body, password) || v.cookie(auth.SessionCookie) != "" {
		t.Error("the first step tells the password or begins a session")
	}
	code := device.shows()
	v.sees(v.post("/login/code", url.Values{"code": {"000000"}, "next": {"/organizations"}}), 401, "the code is wrong")
	v.sees(v.post("/login/code", url.Values{"code": {code}, "next": {"/organizations"}}), 303, "/organizations")
	v.sees(v.get("/me"), 200, "10 recovery codes are left")

	again := s.visitor()
	again.post("/login", name)
	again.sees(again.post("/login/code", url.Values{"code": {code}}), 401, "used already")
	again.sees(again.post("/login/code", url.Values{"code": {strings.ToUpper(recovery[3])}}), 303, "/")
	again.sees(again.get("/me"), 200, "9 recovery codes are left")
	spent := s.visitor()
	spent.post("/login", name)
	spent.sees(spent.post("/login/code", url.Values{"code": {recovery[3]}}), 401, "used already")
	spent.sees(spent.post("/login/code", url.Values{"code": {""}}), 401, "one-time code")

	again.sees(again.post("/me/otp/disable", url.Values{"otp_password": {another}}), 422, "is not your password")
	again.sees(again.post("/me/otp/disable", url.Values{"otp_password": {password}}), 303, "done=otp")
	v.sees(v.post("/login", name), 303, "/organizations")
}

// TestTheSecondStepIsOfTheFirst: what the browser keeps in between is sealed,
// short-lived, of one user and one password.
func TestTheSecondStepIsOfTheFirst(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	ada := s.user("ada@example.com", "")
	device, _ := s.signedIn(ada).enrol()
	const kept = "latchkey_pending"
	step := func(change func(v *visitor)) *visitor {
		v := s.visitor()
		v.sees(v.post("/login", url.Values{"email": {ada.Email}, "password": {password}}), 200, "Enter the code")
		change(v)
		return v
	}
	over := func(name string, v *visitor) {
		t.Helper()
		if got := v.post("/login/code", url.Values{"code": {device.shows()}}); got.status != 401 || !strings.Contains(got.body, "start again") {
			t.Errorf("%s: %d %s", name, got.status, text(got.body))
		}
		if v.cookie(auth.SessionCookie) != "" {
			t.Errorf("%s: a session began", name)
		}
	}
	over("without a first step", s.visitor())
	over("with something made up", step(func(v *visitor) { v.keep(kept, "AAAA", "/login/code") }))
	over("with a changed one", step(func(v *visitor) {
		sealed, other := v.cookie(kept), "A"
		if sealed[20:21] == other {
			other = "B"
		}
		v.keep(kept, sealed[:20]+other+sealed[21:], "/login/code")
	}))
	over("too late", step(func(*visitor) { s.advance(auth.PendingLife) }))
	late := step(func(*visitor) {})
	s.must(s.People.Registration.ChangePassword(t.Context(), s.as(ada), password, another, false))
	over("with the password of before", late)
}

// TestCodesAreNotGuessed: wrong ones make wait as wrong passwords do.
func TestCodesAreNotGuessed(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{guesses: ratelimit.Rule{Requests: 2, Per: time.Minute, Burst: 2}})
	ada := s.user("ada@example.com", "")
	device, _ := s.signedIn(ada).enrol()
	v := s.visitor()
	v.post("/login", url.Values{"email": {ada.Email}, "password": {password}})
	for range 2 {
		v.sees(v.post("/login/code", url.Values{"code": {"000000"}}), 401, "")
	}
	got := v.post("/login/code", url.Values{"code": {device.shows()}})
	v.sees(got, 429, "wait before the next")
	if got.header.Get("Retry-After") == "" {
		t.Error("the page does not say how long")
	}
}

// byProvider signs in by the stand-in, from the page's link on.
func (v *visitor) byProvider(begin page) page {
	v.t.Helper()
	v.sees(begin, 303, "/authorize?")
	u, err := url.Parse(begin.location)
	v.must(err)
	return v.get("/login/github/callback?code=good&state=" + url.QueryEscape(u.Query().Get("state")))
}

// TestSigningInByAProvider: users with one-time codes need one here, too; an
// invitation admits a new user, who accepts it.
func TestSigningInByAProvider(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	stranger := s.visitor()
	stranger.sees(stranger.byProvider(stranger.get("/login/github")), 403, "ask an owner")
	token := s.invite("ada@example.com", auth.Developer)
	link := "/invitation?token=" + token
	guest := s.visitor()
	guest.sees(guest.byProvider(guest.get("/login/github?next="+url.QueryEscape(link)+"&invitation="+token)), 303, link)
	guest.sees(guest.get(link), 200, "Accept invitation")
	guest.sees(guest.post("/invitation", url.Values{"token": {token}}), 303, "/organizations/")
	page := guest.get("/me")
	guest.sees(page, 200, "github ada@example.com")
	guest.sees(guest.post("/me/unlink", url.Values{"id": {field(page.body, "id")}}), 422, "only way to sign in")

	device, _ := guest.enrol()
	v := s.visitor()
	v.sees(v.byProvider(v.get("/login/github?next=/organizations")), 200, "Enter the code")
	v.sees(v.get("/me"), 303, "/login")
	v.sees(v.post("/login/code", url.Values{"code": {device.shows()}, "next": {"/organizations"}}), 303, "/organizations")
}

// TestLinkingAnAccount is for signed-in users, and undone on their page.
func TestLinkingAnAccount(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.external = `[{"email":"other@example.com","primary":true,"verified":false}]`
	ada := s.user("ada@example.com", "")
	v := s.signedIn(ada)
	v.sees(v.byProvider(v.post("/me/identities/github", nil)), 303, "/me")
	page := v.get("/me")
	v.sees(page, 200, "other@example.com")
	elsewhere := s.visitor()
	elsewhere.sees(elsewhere.byProvider(elsewhere.get("/login/github")), 303, "/")
	if page := elsewhere.get("/me"); field(page.body, "email") != ada.Email {
		t.Errorf("it signs in %s", page.body)
	}
	eve := s.signedIn(s.user("eve@example.com", ""))
	eve.sees(eve.byProvider(eve.post("/me/identities/github", nil)), 409, "linked to a user already")
	v.sees(v.post("/me/unlink", url.Values{"id": {field(page.body, "id")}}), 303, "done=identity")
	v.sees(v.post("/me/unlink", url.Values{"id": {field(page.body, "id")}}), 404, "")
	stranger := s.visitor()
	stranger.sees(stranger.byProvider(stranger.get("/login/github")), 401, "has not verified")
}
