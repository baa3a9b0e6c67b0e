package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

// mailsTo are the kinds of the mails to the address, and the token of the last.
func (s *suite) mailsTo(address string) (kinds, token string) {
	s.People.Close()
	s.mails.mu.Lock()
	defer s.mails.mu.Unlock()
	var all []string
	for _, m := range s.mails.mails {
		if m.To == address {
			all, token = append(all, string(m.Kind)), m.Token
		}
	}
	return strings.Join(all, " "), token
}

func signUpAs(email string) call {
	return post("/api/signup", map[string]any{"email": email, "name": "Ada", "password": password})
}

func signInAs(email, password, code string) call {
	return post("/api/session", map[string]any{"email": email, "password": password, "code": code})
}

func byMail(path, token string, more ...string) call {
	body := map[string]any{"token": token}
	for i := 0; i < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	return post(path, body)
}

// TestSigningUp: who signed up confirms the address, then signs in.
func TestSigningUp(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	const ada = "ada@example.com"
	want[struct{}](t, s, 202, signUpAs(ada))
	kinds, token := s.mailsTo(ada)
	if kinds != "confirm" || token == "" {
		t.Fatalf("Ada was mailed %q", kinds)
	}
	// Signing in reveals to nobody that an address is new here, not even with the
	// right password; Ada gets the mail again.
	right := refused(t, s, 401, "authentication_failed", signInAs(ada, password, ""))
	wrong := refused(t, s, 401, "authentication_failed", signInAs(ada, otherPassword, ""))
	unknown := refused(t, s, 401, "authentication_failed", signInAs("nobody@example.com", password, ""))
	if right.Detail != wrong.Detail || right.Detail != unknown.Detail || !strings.Contains(right.Detail, "mail") {
		t.Errorf("the answers differ: %q, %q and %q", right.Detail, wrong.Detail, unknown.Detail)
	}
	if kinds, _ := s.mailsTo(ada); kinds != "confirm confirm" {
		t.Errorf("Ada was mailed %q", kinds)
	}
	refused(t, s, 404, "not_found", byMail("/api/password/reset", token, "password", otherPassword))
	want[struct{}](t, s, 200, byMail("/api/email/confirm", token))
	refused(t, s, 404, "not_found", byMail("/api/email/confirm", token))
	if me, _ := want[client.Me](t, s, 200, signInAs(ada, password, "")); me.Email != ada || me.Name != "Ada" || me.IsAdmin ||
		len(me.Roles) > 0 {
		t.Errorf("Ada is %+v", me)
	}
}

// TestNobodyLearnsWhoIsAUser: the answers are the same to the byte; what there
// is to tell is in the owner's mail.
func TestNobodyLearnsWhoIsAUser(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	confirmed, unconfirmed, gone := s.withPassword(t), s.unconfirmed(t), s.withPassword(t)
	s.disable(t, gone.ID)
	answers := map[string]string{}
	for _, tt := range []struct{ address, signUp, forgotten string }{
		{"new@example.com", "confirm", "reset"}, // the first made a user
		{strings.ToUpper(confirmed.Email), "exists", "reset"},
		{unconfirmed.Email, "confirm", "reset"},
		{gone.Email, "exists", ""},
	} {
		for _, c := range []call{signUpAs(tt.address), post("/api/password/forgotten", map[string]any{"email": tt.address})} {
			got := s.send(t, c)
			got.header.Del("X-Request-Id")
			answers[fmt.Sprint(got.status, got.header, string(got.body))] = c.path + " " + tt.address
			s.People.Close()
		}
		address := tt.address
		if strings.EqualFold(address, confirmed.Email) {
			address = confirmed.Email // as its owner wrote it
		}
		if kinds, _ := s.mailsTo(address); kinds != strings.TrimSpace(tt.signUp+" "+tt.forgotten) {
			t.Errorf("%s was mailed %q", tt.address, kinds)
		}
	}
	if len(answers) != 1 {
		t.Errorf("the answers tell apart %v", answers)
	}
	want[struct{}](t, s, 202, post("/api/password/forgotten", map[string]any{"email": "nobody@example.com"}))
	if kinds, _ := s.mailsTo("nobody@example.com"); kinds != "" {
		t.Errorf("nobody was mailed %q", kinds)
	}
}

// TestPolicies: who may become a user, with an invitation and without one.
func TestPolicies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy           auth.SignupPolicy
		without, invited int
	}{
		{auth.SignupOpen, 202, 202},
		{auth.SignupInvite, 403, 202},
		{auth.SignupClosed, 403, 403},
	} {
		t.Run(string(tt.policy), func(t *testing.T) {
			t.Parallel()
			s := newSuite(t, settings{signup: tt.policy})
			x := s.tenant(t)
			if got := s.send(t, signUpAs("one@example.com")); got.status != tt.without {
				t.Errorf("without: %d %s", got.status, got.body)
			}
			token := s.link(t, auth.Link{Purpose: auth.Invitation, Email: "two@example.com", OrganizationID: x.organization, Role: auth.Developer})
			c := signUpAs("two@example.com")
			c.body = with(c.body.(map[string]any), []string{"invitation"}, token)
			got := s.send(t, c)
			if got.status != tt.invited {
				t.Fatalf("invited: %d %s", got.status, got.body)
			}
			if tt.invited != 202 {
				return
			}
			if me, _ := want[client.Me](t, s, 200, signInAs("two@example.com", password, "")); me.Roles[x.organization] != "developer" {
				t.Errorf("the invited one is %+v", me)
			}
			refused(t, s, 404, "not_found", c)
			if kinds, _ := s.mailsTo("two@example.com"); kinds != "" {
				t.Errorf("there was nothing to confirm, and a mail %q", kinds)
			}
		})
	}
}

// TestInvitationsAreForTheirAddress, which may have a user already.
func TestInvitationsAreForTheirAddress(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{signup: auth.SignupInvite})
	x, u := s.tenant(t), s.withPassword(t)
	invited := func(email, typed string) call {
		token := s.link(t, auth.Link{Purpose: auth.Invitation, Email: email, OrganizationID: x.organization, Role: auth.Viewer})
		c := signUpAs(typed)
		c.body = with(c.body.(map[string]any), []string{"invitation"}, token)
		return c
	}
	if p := refused(t, s, 400, "invalid_request", invited("ada@example.com", "eve@example.com")); !names(p, "email") {
		t.Errorf("another address: %v", p)
	}
	refused(t, s, 409, "conflict", invited(u.Email, u.Email))
	c := invited("ada@example.com", "ada@example.com")
	c.body = with(c.body.(map[string]any), []string{"password"}, "short")
	refused(t, s, 400, "invalid_request", c) // and does not spend it
	c.body = with(c.body.(map[string]any), []string{"password"}, password)
	want[struct{}](t, s, 202, c)
	for status, err := range map[int]error{500: errBroken, 503: fmt.Errorf("%w: %s", errs.Unavailable, inside)} {
		s.store.breakBy(always(err))
		if got := s.send(t, c); got.status != status || strings.Contains(string(got.body), "fire") {
			t.Errorf("while the store fails: %d %s", got.status, got.body)
		}
		s.store.breakBy(nil)
	}
}

// TestAConfirmedAddressIsUnique also where two wait to be confirmed.
func TestAConfirmedAddressIsUnique(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	u, other := s.withPassword(t), s.withPassword(t)
	token := s.link(t, auth.Link{Purpose: auth.ConfirmEmail, Email: strings.ToUpper(other.Email), UserID: u.ID})
	refused(t, s, 409, "conflict", byMail("/api/email/confirm", token))
	if got := s.email(t, u.ID); got != u.Email {
		t.Errorf("the address is %s", got)
	}
}

// TestLinksWorkOnce of several that use one at once, and not for long.
func TestLinksWorkOnce(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, u := s.tenant(t), s.withPassword(t)
	invitation := auth.Link{Purpose: auth.Invitation, Email: u.Email, OrganizationID: x.organization, Role: auth.Viewer}
	reset := func(token string) call { return byMail("/api/password/reset", token, "password", otherPassword) }
	for name, c := range map[string]func() call{
		"accept": func() call { return accept(s.link(t, invitation), s.session(t, u.ID)) },
		"confirm": func() call {
			n := s.unconfirmed(t)
			return byMail("/api/email/confirm", s.linkTo(t, &n, auth.ConfirmEmail))
		},
		"reset": func() call { n := s.withPassword(t); return reset(s.linkTo(t, &n, auth.ResetPassword)) },
	} {
		old := c()
		s.advance(time.Hour)
		refused(t, s, 404, "not_found", old)
		one := c()
		var mu sync.Mutex
		seen := map[int]int{}
		var using sync.WaitGroup
		for range 4 {
			using.Go(func() {
				got := s.send(t, one)
				mu.Lock()
				defer mu.Unlock()
				seen[got.status]++
			})
		}
		using.Wait()
		if seen[200] != 1 || seen[404]+seen[409] != 3 {
			t.Errorf("%s, four at once: %v", name, seen)
		}
	}
}

// TestLinksOfAnotherPurpose open nothing.
func TestLinksOfAnotherPurpose(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, u := s.tenant(t), s.withPassword(t)
	invitation := auth.Link{Purpose: auth.Invitation, Email: u.Email, OrganizationID: x.organization, Role: auth.Viewer}
	reset := func(token string) call { return byMail("/api/password/reset", token, "password", otherPassword) }
	for name, c := range map[string]call{
		"an invitation resets":   reset(s.link(t, invitation)),
		"an invitation confirms": byMail("/api/email/confirm", s.link(t, invitation)),
		"a reset confirms":       byMail("/api/email/confirm", s.linkTo(t, &u, auth.ResetPassword)),
		"a reset accepts":        accept(s.linkTo(t, &u, auth.ResetPassword), s.session(t, u.ID)),
		"a guess":                reset("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
	} {
		if p := refused(t, s, 404, "not_found", c); p.Detail == "" {
			t.Errorf("%s: nothing is said", name)
		}
	}
}

// TestStrangersAreThrottled before anything is done for them.
func TestStrangersAreThrottled(t *testing.T) {
	t.Parallel()
	rule := ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 1}
	s := newSuite(t, settings{throttles: throttles(rule, ratelimit.Rule{}, ratelimit.Rule{}, ratelimit.Rule{}, nil)})
	for i, id := range []string{"signUp", "confirmEmail", "forgotPassword", "resetPassword"} {
		c := s.good(t, s.operation(t, id), s.tenant(t), nil)
		c.from = fmt.Sprintf("203.0.113.%d", i)
		if got := s.send(t, c); got.status >= 300 {
			t.Errorf("%s: %d %s", id, got.status, got.body)
		}
		_, got := want[client.Problem](t, s, http.StatusTooManyRequests, c)
		if got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %v", id, got.header)
		}
	}
}

// TestWorkBehindAnswers is bounded, and what fails of it is in the log.
func TestWorkBehindAnswers(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	forgotten := post("/api/password/forgotten", map[string]any{"email": "ada@example.com"})
	stuck := make(chan struct{})
	s.store.breakBy(func(context.Context, string) error { <-stuck; return errBroken })
	for range 64 {
		want[struct{}](t, s, 202, forgotten)
	}
	refused(t, s, 503, "unavailable", forgotten)
	refused(t, s, 503, "unavailable", signUpAs("ada@example.com"))
	close(stuck)
	s.People.Close()
	s.store.breakBy(nil)
	want[struct{}](t, s, 202, forgotten)
	if text := s.log.String(); strings.Count(text, "work behind an answer failed") != 64 || !strings.Contains(text, inside) {
		t.Error("the log does not tell of all that failed")
	}
}

// TestMailedTokensDoNotLeak into answers, events or the log.
func TestMailedTokensDoNotLeak(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x, admin := s.tenant(t), s.admin(t)
	want[struct{}](t, s, 202, signUpAs("ada@example.com"))
	want[client.Invitation](t, s, 201, call{
		method: "POST", path: "/api/organizations/" + x.organization + "/invitations", as: admin,
		body: map[string]any{"email": "bob@example.com", "role": "owner"},
	})
	s.People.Close()
	want[struct{}](t, s, 202, post("/api/password/forgotten", map[string]any{"email": "ada@example.com"}))
	s.People.Close()
	listed, _ := want[json.RawMessage](t, s, 200, call{method: "GET", path: "/api/organizations/" + x.organization +
		"/invitations", as: admin})
	text := s.log.String() + string(listed) + mustJSON(t, s.events(t, admin, "limit=200"))
	for _, m := range s.mails.mails {
		if m.Token == "" || strings.Contains(text, m.Token) {
			t.Errorf("the token of %s to %s is empty, or told", m.Kind, m.To)
		}
	}
}
