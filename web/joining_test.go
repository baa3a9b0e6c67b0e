package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/ratelimit"
)

// TestSigningUp: whoever comes where that is open; the address counts once it
// is confirmed, by a click and not by the opening of the link.
func TestSigningUp(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signup: auth.SignupOpen})
	v := s.visitor()
	if login := v.get("/login"); !strings.Contains(login.body, `href="/signup"`) {
		t.Error("the sign-in page does not lead to sign-up")
	}
	typed := url.Values{"email": {"ada@example.com"}, "name": {"Ada"}, "password": {"short"}}
	wrong := v.post("/signup", typed)
	v.sees(wrong, 422, "12 characters")
	if !strings.Contains(wrong.body, `id="password-fault"`) || field(wrong.body, "email") != "ada@example.com" ||
		field(wrong.body, "name") != "Ada" {
		t.Errorf("the form came back as %s", wrong.body)
	}
	typed.Set("password", password)
	done := v.post("/signup", typed)
	v.sees(done, 200, "ada@example.com")
	if strings.Contains(wrong.body+done.body, password) {
		t.Error("a page shows the password")
	}
	v.sees(v.post("/login", url.Values{"email": {"ada@example.com"}, "password": {password}}), 401, "followed the link in our mail")

	link := "/confirm?token=" + s.mail(auth.MailConfirm, "ada@example.com").Token
	for range 2 { // programs that look at mails open links
		v.sees(v.get(link), 200, "Confirm")
	}
	token := field(v.get(link).body, "token")
	v.sees(v.post("/confirm", url.Values{"token": {token}}), 200, "confirmed")
	v.sees(v.post("/confirm", url.Values{"token": {token}}), 404, "used")
	v.sees(v.post("/login", url.Values{"email": {"Ada@Example.com"}, "password": {password}}), 303, "/")
	if strings.Contains(s.log.String(), token) || strings.Contains(s.log.String(), password) {
		t.Error("the log has a secret")
	}
}

// TestKnownAndUnknownPeopleAreAnsweredAlike on every form that accepts an
// address from someone who is not signed in.
func TestKnownAndUnknownPeopleAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signup: auth.SignupOpen})
	s.user("known@example.com", "")
	for path, fields := range map[string]url.Values{
		"/signup":             {"name": {"Eve"}, "password": {another}},
		"/password/forgotten": {},
		"/login":              {"password": {another}},
	} {
		answers := map[string]string{}
		for _, who := range []string{"known@example.com", "other@example.com"} {
			v := s.visitor()
			fields.Set("email", who)
			got := v.post(path, fields)
			answers[who] = strings.ReplaceAll(strings.ReplaceAll(got.body, who, "WHO"), v.cookie(auth.CSRFCookie), "CSRF")
		}
		if answers["known@example.com"] != answers["other@example.com"] {
			t.Errorf("%s answers known people %s and others %s", path, answers["known@example.com"], answers["other@example.com"])
		}
	}
	if s.mail(auth.MailExists, "known@example.com").To == "" || s.mail(auth.MailConfirm, "other@example.com").To == "" {
		t.Errorf("mails %v", s.mails)
	}
}

// TestSignUpIsClosed: no link, no page and no form where nobody may.
func TestSignUpIsClosed(t *testing.T) {
	t.Parallel()
	for _, policy := range []auth.SignupPolicy{auth.SignupInvite, auth.SignupClosed} {
		s := newSuite(t, settings{signup: policy})
		v := s.visitor()
		if login := v.get("/login"); strings.Contains(login.body, `href="/signup"`) {
			t.Errorf("%s: the sign-in page leads to sign-up", policy)
		}
		v.sees(v.get("/signup"), 404, "")
		v.sees(v.post("/signup", url.Values{"email": {"ada@example.com"}, "password": {password}}), 422, "; ask ")
		link := "/invitation?token=" + s.invite("ada@example.com", auth.Viewer)
		if page := v.get(link); strings.Contains(page.body, `action="/invitation/signup"`) != (policy == auth.SignupInvite) {
			t.Errorf("%s: the invitation is %s", policy, page.body)
		}
	}
}

// TestStrangersAreThrottled: one address sends only so many forms.
func TestStrangersAreThrottled(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{throttle: ratelimit.Rule{Requests: 3, Per: time.Minute, Burst: 3}})
	v := s.visitor()
	for range 3 {
		v.sees(v.post("/password/forgotten", url.Values{"email": {"ada@example.com"}}), 200, "")
	}
	got := v.post("/password/forgotten", url.Values{"email": {"ada@example.com"}})
	v.sees(got, 429, "wait")
	if got.header.Get("Retry-After") != "20" {
		t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
	}
	s.advance(20 * time.Second)
	v.sees(v.post("/password/forgotten", url.Values{"email": {"ada@example.com"}}), 200, "")
}

// TestInvitationsWithoutAMailServer: who invites is shown the link to copy, once.
func TestInvitationsWithoutAMailServer(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{noMail: true})
	boss := s.signedIn(s.user("owner@example.com", auth.Owner))
	page := "/organizations/" + s.organization
	made := boss.post(page+"/invite", url.Values{"email": {"ada@example.com"}, "role": {"developer"}})
	link := "/invitation?token=" + s.mail(auth.MailInvite, "ada@example.com").Token
	boss.sees(made, 200, "Invitation for ada@example.com")
	if !strings.Contains(made.body, "https://keys.example.com"+link+"<") || strings.Contains(text(made.body), "on its way") {
		t.Errorf("the link is not there to copy: %s", text(made.body))
	}
	if again := boss.get(page); strings.Contains(again.body, link) {
		t.Error("the link is shown again")
	}
	guest := s.visitor()
	guest.sees(guest.get(link), 200, "owner@example.com invites you as developer")
	boss.sees(boss.post(page+"/invite", url.Values{"email": {"ada@example.com"}, "role": {"developer"}}), 422, "open invitation")
	for _, email := range []string{"owner@example.com", "nobody@example.com"} {
		guest.sees(guest.post("/password/forgotten", url.Values{"email": {email}}), 200, "has no mail server")
	}
}

// TestInvitations: the page says who invites to what as which role; the guest
// becomes a user with that address and a member, once.
func TestInvitations(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	owner := s.user("owner@example.com", auth.Owner)
	boss := s.signedIn(owner)
	boss.sees(boss.post("/organizations/"+s.organization+"/invite", url.Values{"email": {"nobody"}, "role": {"developer"}}), 422,
		"e-mail address such as")
	boss.sees(boss.post("/organizations/"+s.organization+"/invite", url.Values{"email": {"ada@example.com"}, "role": {"developer"}}),
		303, "done=invited")
	token := s.mail(auth.MailInvite, "ada@example.com").Token
	link := "/invitation?token=" + token

	boss.sees(boss.get(link), 200, "signed in as owner@example.com")
	boss.sees(boss.post("/invitation", url.Values{"token": {token}}), 422, "another e-mail address")
	guest := s.visitor()
	guest.sees(guest.get(link), 200, "owner@example.com invites you as developer")
	wrong := guest.post("/invitation/signup", url.Values{
		"token": {token}, "name": {"Ada"}, "password": {"short"},
		"email": {"eve@example.com"},
	})
	guest.sees(wrong, 422, "12 characters")
	if field(wrong.body, "name") != "Ada" || strings.Contains(wrong.body, "eve@example.com") {
		t.Errorf("the form came back as %s", wrong.body)
	}
	guest.sees(guest.post("/invitation/signup", url.Values{"token": {token}, "name": {"Ada"}, "password": {password}}), 303, "/")
	guest.sees(guest.get("/organizations/"+s.organization), 200, "ada@example.com you")
	late := s.visitor()
	late.sees(late.get(link), 404, "used")
	late.sees(late.post("/invitation/signup", url.Values{"token": {token}, "password": {password}}), 404, "used")

	withdrawn := s.invite("bob@example.com", auth.Viewer)
	all, err := s.People.Invitations.List(t.Context(), s.as(owner), s.organization)
	s.must(err)
	boss.sees(boss.post("/organizations/"+s.organization+"/invitations/"+all[0].ID+"/withdraw", nil), 303, "done=withdrawn")
	late.sees(late.get("/invitation?token="+withdrawn), 404, "")
}

// TestAnInvitationOfAUser is accepted once they sign in, to which the page leads.
// Someone signed in as another user signs out first and comes back.
func TestAnInvitationOfAUser(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	ada, eve := s.user("ada@example.com", ""), s.user("eve@example.com", "")
	token := s.invite("ada@example.com", auth.Owner)
	link := "/invitation?token=" + token
	v := s.signedIn(eve)
	v.sees(v.get(link), 200, "for ada@example.com")
	v.sees(v.post("/logout", url.Values{"next": {link}}), 303, link)
	if page := v.get(link); !strings.Contains(page.body, "/login?next=/invitation%3Ftoken%3d"+token) && !strings.Contains(page.body,
		"/login?next=/invitation%3Ftoken="+token) {
		t.Errorf("the page leads to no sign-in and back: %s", page.body)
	}
	v.sees(v.post("/login", url.Values{"email": {ada.Email}, "password": {password}, "next": {link}}), 303, link)
	v.sees(v.get(link), 200, "Accept invitation")
	v.sees(v.post("/invitation", url.Values{"token": {token}}), 303, "/organizations/"+s.organization)
	v.sees(v.post("/invitation", url.Values{"token": {token}}), 404, "used")
	if got := s.as(ada).Memberships[s.organization]; got != auth.Owner {
		t.Errorf("the role is %q", got)
	}
}

// TestForgottenPasswords: the mailed link sets another one, once, and ends
// every session.
func TestForgottenPasswords(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	ada := s.user("ada@example.com", "")
	old := s.signedIn(ada)
	v := s.visitor()
	v.sees(v.post("/password/forgotten", url.Values{"email": {"no address"}}), 422, "e-mail address such as")
	v.sees(v.post("/password/forgotten", url.Values{"email": {"ada@example.com"}}), 200, "ada@example.com")
	token := s.mail(auth.MailReset, "ada@example.com").Token
	v.sees(v.get("/password/new?token="+token), 200, "New password")
	v.sees(v.post("/password/new", url.Values{"token": {token}, "password": {"password1234"}}), 422, "easy to guess")
	v.sees(v.post("/password/new", url.Values{"token": {token}, "password": {another}}), 200, "is set")
	v.sees(v.post("/password/new", url.Values{"token": {token}, "password": {password}}), 404, "Request a new link")
	old.sees(old.get("/me"), 303, "/login")
	v.sees(v.post("/login", url.Values{"email": {ada.Email}, "password": {password}}), 401, "wrong")
	v.sees(v.post("/login", url.Values{"email": {ada.Email}, "password": {another}}), 303, "/")
	if s.mail(auth.MailChanged, ada.Email).To == "" {
		t.Error("nobody was told of the change")
	}
	v.post("/password/forgotten", url.Values{"email": {"ada@example.com"}})
	token = s.mail(auth.MailReset, ada.Email).Token
	s.advance(61 * time.Minute)
	v.sees(v.post("/password/new", url.Values{"token": {token}, "password": {password}}), 404, "has expired")
}
