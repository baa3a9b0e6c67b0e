package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// TestFormsNeedTheirToken: every form of the portal, with and without a
// session, is refused where another site may have sent it.
func TestFormsNeedTheirToken(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signup: auth.SignupOpen})
	member := s.signedIn(s.user("ada@example.com", auth.Owner))
	stranger := s.visitor()
	stranger.get("/login")
	organization := "/organizations/" + s.organization
	for _, path := range []string{
		"/me/profile", "/me/password", "/me/otp/begin", "/me/otp/enable", "/me/otp/disable", "/me/sessions/end",
		"/me/sessions/ses_x/end", "/me/tokens",
		"/me/tokens/tok_x/revoke", "/me/unlink", "/me/identities/github", "/logout", "/invitation", organization + "/invite", organization +
			"/invitations/x/withdraw",
		organization + "/members/x/role", organization + "/members/x/remove",
	} {
		member.sees(member.bare(path, url.Values{}), 403, "the form is incomplete")
		member.sees(member.bare(path, url.Values{auth.CSRFField: {"0123456789abcdef"}}), 403, "open it again")
		stranger.sees(stranger.post(path, nil), 303, "/login")
	}
	for _, path := range []string{
		"/login", "/login/code", "/signup", "/confirm", "/invitation/signup", "/password/forgotten", "/password/new",
	} {
		stranger.sees(stranger.bare(path, url.Values{}), 403, "the form is incomplete")
	}
}

// TestMyProfile: a fault stands at its field beside what was typed; a new
// address counts once it is confirmed.
func TestMyProfile(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.user("taken@example.com", "")
	v := s.signedIn(s.user("ada@example.com", ""))
	wrong := v.post("/me/profile", url.Values{"name": {"Ada"}, "username": {"1st"}, "email": {"nonsense"}})
	v.sees(wrong, 422, "must be an e-mail address")
	wrong = v.post("/me/profile", url.Values{"name": {"Ada"}, "username": {"1st"}, "email": {"ada@example.com"}})
	v.sees(wrong, 422, "a letter first")
	if !strings.Contains(wrong.body, `aria-describedby="username-fault"`) || field(wrong.body, "username") != "1st" ||
		field(wrong.body, "name") != "Ada" {
		t.Errorf("the form came back as %s", wrong.body)
	}
	v.sees(v.post("/me/profile", url.Values{"name": {"Ada"}, "email": {"thief@example.com"}}), 422, "is not your password")
	v.sees(v.post("/me/profile", url.Values{
		"name": {"Ada <b>"}, "username": {"ada"}, "email": {"lovelace@example.com"},
		"current_password": {password},
	}), 303, "done=email")
	page := v.get("/me?done=email")
	v.sees(page, 200, "We emailed the new address")
	if field(page.body, "email") != "ada@example.com" || field(page.body, "name") != "Ada &lt;b&gt;" {
		t.Errorf("the profile is %s", page.body)
	}
	v.sees(page, 200, "lovelace@example.com is not confirmed yet")
	if m := s.mail(auth.MailMoving, "ada@example.com"); m.NewEmail != "lovelace@example.com" || m.Token != "" {
		t.Errorf("the old address was told %v", m)
	}
	token := s.mail(auth.MailNewEmail, "lovelace@example.com").Token
	v.sees(v.post("/confirm", url.Values{"token": {token}}), 200, "Go to my account")
	if page := v.get("/me"); field(page.body, "email") != "lovelace@example.com" || strings.Contains(page.body, "is not confirmed yet") {
		t.Errorf("the profile is %s", page.body)
	}
	// and its owner decides
	v.sees(v.post("/me/profile", url.Values{"email": {"taken@example.com"}, "current_password": {password}}), 303, "done=email")
	v.sees(v.post("/confirm", url.Values{"token": {s.mail(auth.MailNewEmail, "taken@example.com").Token}}), 409, "")
}

// TestRemindersCanBeTurnedOff: on the own page, by the link of a mail with a
// click, and by the mail program alone; not by a forged secret.
func TestRemindersCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	ada := s.user("ada@example.com", auth.Owner)
	v, stranger := s.signedIn(ada), s.visitor()
	wanted := func(want bool) {
		t.Helper()
		if got, err := s.Reminders.Wanted(t.Context(), ada.ID); err != nil || got != want {
			t.Fatalf("wants mails: %t, %v", got, err)
		}
	}
	v.sees(v.bare("/me/reminders", url.Values{"reminders": {"off"}}), 403, "the form is incomplete")
	v.sees(v.post("/me/reminders", url.Values{"reminders": {"off"}}), 303, "done=reminders_off")
	wanted(false)
	v.sees(v.get("/me?done=reminders_off"), 200, "Get these emails")
	v.sees(v.post("/me/reminders", url.Values{"reminders": {"on"}}), 303, "done=reminders_on")
	wanted(true)
	token := s.reminded(ada)
	stranger.sees(stranger.get("/unsubscribe?token="+token), 200, "Stop these emails")
	wanted(true) // looking at it does nothing
	stranger.sees(stranger.bare("/unsubscribe?token=forged", url.Values{"List-Unsubscribe": {"One-Click"}}), 404, "not ours")
	wanted(true)
	stranger.sees(stranger.bare("/unsubscribe?token="+token, url.Values{"List-Unsubscribe": {"One-Click"}}), 200, "no longer get these emails")
	wanted(false)
	v.sees(v.post("/me/reminders", url.Values{"reminders": {"on"}}), 303, "done=reminders_on")
	stranger.sees(stranger.bare("/unsubscribe", url.Values{"token": {token}}), 200, "no longer get these emails")
	wanted(false)
}

// reminded has the user get a mail about a key that expires soon, and returns
// the secret in it.
func (s *suite) reminded(u auth.User) string {
	s.t.Helper()
	account, err := s.Keys.CreateAccount(s.t.Context(), auth.System(), "", s.organization, keys.AccountFields{
		Name: "sync", Tier: "free",
		Scopes: []string{},
	})
	s.must(err)
	_, _, err = s.Keys.Issue(s.t.Context(), auth.System(), keys.IssueInput{
		ServiceAccountID: account.ID, Environment: keys.Live,
		KeyFields: keys.KeyFields{Name: "old", ExpiresAt: s.now().AddDate(0, 0, 60)},
	})
	s.must(err)
	s.advance(30 * 24 * time.Hour)
	_, err = s.Reminders.Step(s.t.Context())
	s.must(err)
	m := s.mail(auth.MailExpiring, u.Email)
	if len(m.Expiring) != 1 || m.Expiring[0].Name != "old" {
		s.t.Fatalf("the mail is %v", m)
	}
	s.advance(-30 * 24 * time.Hour)
	return m.Token
}

// TestMyPassword: who changes it goes on, everybody else who has it is out.
func TestMyPassword(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	ada := s.user("ada@example.com", "")
	v, other := s.signedIn(ada), s.signedIn(ada)
	v.sees(v.post("/me/password", url.Values{"old_password": {another}, "password": {another}}), 422, "is not your password")
	v.sees(v.post("/me/password", url.Values{"old_password": {password}, "password": {"short"}}), 422, "12 characters")
	v.sees(v.post("/me/password", url.Values{"old_password": {password}, "password": {another}}), 303, "done=password")
	v.sees(v.get("/me"), 200, "")
	other.sees(other.get("/me"), 303, "/login")
}

var endOne = regexp.MustCompile(`action="(/me/sessions/ses_[^"]+/end)"`)

// TestMySessions are listed, ended one by one or all but this one.
func TestMySessions(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	ada := s.user("ada@example.com", "")
	v, second, third := s.signedIn(ada), s.signedIn(ada), s.signedIn(ada)
	eve := s.signedIn(s.user("eve@example.com", ""))
	page := v.get("/me")
	ends := endOne.FindAllStringSubmatch(page.body, -1)
	if len(ends) != 2 || strings.Count(page.body, "this one") != 1 {
		t.Fatalf("the sessions are %s", page.body)
	}
	eve.sees(eve.post(ends[0][1], nil), 404, "")
	third.sees(third.get("/me"), 200, "")
	v.sees(v.post(ends[0][1], nil), 303, "done=session") // the newest is the first
	third.sees(third.get("/me"), 303, "/login")
	second.sees(second.get("/me"), 200, "")
	v.sees(v.post("/me/sessions/end", nil), 303, "done=sessions")
	second.sees(second.get("/me"), 303, "/login")
	v.sees(v.get("/me"), 200, "")
	out := v.post("/logout", nil)
	v.sees(out, 303, "/login")
	if !strings.Contains(out.header.Get("Clear-Site-Data"), "cache") {
		t.Error("the browser keeps what it has")
	}
	v.sees(v.get("/me"), 303, "/login?next=%2Fme")
	v.sees(v.post("/logout", url.Values{"next": {"https://evil.example.com"}}), 303, "/login")
}

// TestMyTokens: the secret is on one page, and nowhere else.
func TestMyTokens(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.signedIn(s.user("ada@example.com", ""))
	v.sees(v.post("/me/tokens", url.Values{"once": {"1"}, "token_name": {" "}, "days": {"30"}}), 422, "is required")
	made := v.post("/me/tokens", url.Values{"once": {"2"}, "token_name": {"laptop"}, "days": {"30"}})
	v.sees(made, 200, "Copy your token now")
	secret := regexp.MustCompile(`lk_user_\w{49}`).FindString(made.body)
	page := v.get("/me")
	v.sees(page, 200, "laptop")
	if secret == "" || strings.Contains(page.body, secret) || strings.Contains(s.log.String(), secret) {
		t.Errorf("the secret %q is shown again, or in the log", secret)
	}
	revoke := regexp.MustCompile(`/me/tokens/\w+/revoke`).FindString(page.body)
	eve := s.signedIn(s.user("eve@example.com", ""))
	eve.sees(eve.post(revoke, nil), 404, "")
	v.sees(v.post(revoke, nil), 303, "done=token")
	v.sees(v.post("/me/tokens", url.Values{"once": {"3"}, "token_name": {"x"}, "days": {"-1"}}), 400, "how long")
}

// TestMembers: owners change roles and remove, the last of them stays; others
// see, and leave; strangers see nothing.
func TestMembers(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	ada, bob := s.user("ada@example.com", auth.Owner), s.user("bob@example.com", auth.Viewer)
	owner, viewer := s.signedIn(ada), s.signedIn(bob)
	organization := "/organizations/" + s.organization
	owner.sees(owner.post(organization+"/members/"+ada.ID+"/role", url.Values{"role": {"viewer"}}), 422, "keeps at least one owner")
	owner.sees(owner.post(organization+"/members/"+ada.ID+"/remove", nil), 422, "keeps at least one owner")
	page := viewer.get(organization)
	viewer.sees(page, 200, "ada@example.com")
	if strings.Contains(page.body, "/invite") || strings.Contains(page.body, "/role") || strings.Count(page.body, "/remove") != 1 {
		t.Errorf("a viewer is offered %s", page.body)
	}
	viewer.sees(viewer.post(organization+"/members/"+ada.ID+"/role", url.Values{"role": {"viewer"}}), 422, "only owners")
	viewer.sees(viewer.post(organization+"/invite", url.Values{"email": {"x@example.com"}, "role": {"viewer"}}), 422, "only owners")
	owner.sees(owner.post(organization+"/members/"+bob.ID+"/role", url.Values{"role": {"owner"}}), 303, "done=role")
	owner.sees(owner.post(organization+"/members/"+ada.ID+"/remove", nil), 303, "/organizations")
	owner.sees(owner.get(organization), 404, "")
	viewer.sees(viewer.post(organization+"/members/"+ada.ID+"/remove", nil), 404, "")
	eve := s.signedIn(s.user("eve@example.com", ""))
	eve.sees(eve.get(organization), 404, "")
	eve.sees(eve.get("/organizations"), 200, "not in an organization yet")
	eve.sees(eve.post(organization+"/members/"+bob.ID+"/remove", nil), 404, "")
	eve.sees(eve.post(organization+"/invite", url.Values{"email": {"x@example.com"}, "role": {"viewer"}}), 404, "")
}
