package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/internal/texts"
)

// speaker is a user who chose the language, "" for none.
func (s *suite) speaker(email, language string, role auth.Role) auth.User {
	s.t.Helper()
	u := s.user(email, role)
	u.Language = language
	u.Revision++
	s.must(s.People.Store.Users().Replace(s.t.Context(), u))
	return u
}

// in checks that the page is in the language, and says so.
func (v *visitor) in(what string, p page, language, title string) {
	v.t.Helper()
	said := texts.In(language).Text(title)
	if !strings.Contains(p.body, `<html lang="`+language+`"`) || p.header.Get("Content-Language") != language ||
		!strings.Contains(p.body, "<title>"+said) {
		v.t.Errorf("%s: want %q in %s: %v %s", what, said, language, p.header, p.body)
	}
	if !slices.Contains(p.header.Values("Vary"), "Accept-Language") {
		v.t.Errorf("%s: varies by %v", what, p.header.Values("Vary"))
	}
}

// TestPagesAreInTheReadersLanguage: the one that the user chose, else the one
// that the browser asks for, else English.
func TestPagesAreInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	for name, tt := range map[string]struct{ accepted, chosen, want string }{
		"nobody asks for any":             {"", "", "en"},
		"the browser asks for one":        {"de", "", "de"},
		"for that of a country":           {"de-AT, en;q=0.5", "", "de"},
		"for English first":               {"en-GB, de;q=0.9", "", "en"},
		"for one that there is not":       {"fr", "", "en"},
		"for that and another":            {"fr, de;q=0.3", "", "de"},
		"garbage":                         {"\";;q=,,-", "", "en"},
		"more than is read":               {strings.Repeat("de,", 100), "", "en"},
		"a choice alone":                  {"", "de", "de"},
		"a choice against the browser":    {"en", "de", "de"},
		"English against the browser":     {"de", "en", "en"},
		"one that was there once":         {"de", "tlh", "en"},
		"a choice and a browser's excess": {strings.Repeat("x", 4000), "de", "de"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			email := strings.ReplaceAll(name, " ", "-") + "@example.com"
			v := s.signedIn(s.speaker(strings.ReplaceAll(email, "'", ""), tt.chosen, auth.Owner))
			v.language = tt.accepted
			v.in("a page", v.get("/"), tt.want, "home.title")
			v.in("an error", v.get("/keys/key_x"), tt.want, "status.404")
			v.in("nothing", v.get("/nothing"), tt.want, "status.404")
			if tt.chosen == "" {
				stranger := s.visitor()
				stranger.language = tt.accepted
				stranger.in("a stranger's page", stranger.get("/login"), tt.want, "title.sign_in")
				stranger.in("nothing", stranger.get("/nothing"), tt.want, "status.404")
			}
		})
	}
}

// TestTheChoiceOfALanguage counts at once, and leaves a form that does not ask
// for it alone.
func TestTheChoiceOfALanguage(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	v := s.signedIn(s.user("ada@example.com", auth.Owner))
	choose := func(language string) page {
		return v.post("/me/profile", url.Values{"name": {"Ada"}, "email": {"ada@example.com"}, "language": {language}})
	}
	for _, wrong := range []string{"tlh", "DE", "de-AT", "English", strings.Repeat("x", 1000)} {
		p := choose(wrong)
		v.sees(p, http.StatusUnprocessableEntity, "must be one of "+strings.Join(texts.Languages(), ", "))
		if !strings.Contains(p.body, `aria-describedby="language-fault"`) {
			t.Errorf("%s: the fault does not stand at its field", wrong)
		}
		v.in("what was refused", p, "en", "title.my_account")
	}
	v.sees(choose("de"), http.StatusSeeOther, "done=profile")
	p := v.get("/me?done=profile")
	v.in("the page after", p, "de", "title.my_account")
	if !strings.Contains(p.body, `value="de" lang="de" selected>Deutsch</option>`) {
		t.Errorf("the choice is not shown: %s", p.body)
	}
	v.sees(v.post("/me/profile", url.Values{"name": {"Ada L."}, "email": {"ada@example.com"}}), http.StatusSeeOther, "done=profile")
	v.in("a form without it", v.get("/me"), "de", "title.my_account")
	v.sees(choose(""), http.StatusSeeOther, "done=profile")
	v.in("none", v.get("/me"), "en", "title.my_account")
}

// TestMailsFollowTheirReader: their own choice, else the language of the page
// that caused the mail.
func TestMailsFollowTheirReader(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signup: auth.SignupOpen})
	s.speaker("english@example.com", "en", "")
	s.user("open@example.com", "")
	german := s.visitor()
	german.language = "de-CH"
	german.sees(german.post("/signup", url.Values{"email": {"new@example.com"}, "name": {"Ada"}, "password": {password}}),
		http.StatusOK, texts.In("de").Text("told.look"))
	for _, email := range []string{"english@example.com", "open@example.com"} {
		german.post("/password/forgotten", url.Values{"email": {email}})
	}
	inviter := s.signedIn(s.speaker("german@example.com", "de", auth.Owner))
	for _, email := range []string{"stranger@example.com", "english@example.com"} {
		inviter.sees(inviter.post("/organizations/"+s.organization+"/invite", url.Values{"email": {email}, "role": {"viewer"}}),
			http.StatusSeeOther, "done=")
	}
	for _, tt := range []struct {
		kind     auth.MailKind
		to, want string
	}{
		{auth.MailConfirm, "new@example.com", "de"},
		{auth.MailReset, "english@example.com", "en"},
		{auth.MailReset, "open@example.com", "de"},
		{auth.MailInvite, "stranger@example.com", "de"},
		{auth.MailInvite, "english@example.com", "en"},
	} {
		if m := s.mail(tt.kind, tt.to); m.To == "" || m.Language != tt.want {
			t.Errorf("%s to %s is in %q, want %s", tt.kind, tt.to, m.Language, tt.want)
		}
	}
}

// TestCalendarsAreInTheirOwnersLanguage: a program reads the feed, and sends no
// cookie.
func TestCalendarsAreInTheirOwnersLanguage(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	s.issued(s.organization, "CI")
	address := regexp.MustCompile(`/calendar/feed/[A-Z0-9]+\.ics`)
	for _, tt := range []struct{ email, chosen, accepted, want string }{
		{"a@example.com", "de", "en", "de"},
		{"b@example.com", "", "de", "de"},
		{"c@example.com", "", "", "en"},
	} {
		feed := address.FindString(s.signedIn(s.speaker(tt.email, tt.chosen, auth.Developer)).post("/calendar/feed", nil).body)
		program := s.visitor()
		program.language = tt.accepted
		p := program.get(feed)
		event, err := texts.In(tt.want).Say("calendar.event", "CI")
		s.must(err)
		if p.status != http.StatusOK || p.header.Get("Content-Language") != tt.want || !strings.Contains(p.body, "SUMMARY:"+event) ||
			!strings.Contains(p.body, "X-WR-CALNAME:"+texts.In(tt.want).Text("calendar.name")) {
			t.Errorf("%s: %d %v %s", tt.email, p.status, p.header, p.body)
		}
	}
}
