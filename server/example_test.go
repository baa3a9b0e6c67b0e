package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/server"
)

// badge lets a user act by the badge that a door reader knows: an authenticator
// of one's own, in one file.
type badge struct {
	people *auth.People
	known  map[string]string // e-mail address by badge
}

func (badge) Name() string      { return "badge" }
func (badge) Challenge() string { return "Badge" }

func (b badge) Authenticate(r *http.Request) (*auth.Principal, error) {
	number, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Badge ")
	if !ok {
		return nil, nil // not for us: the next authenticator is asked
	}
	email, known := b.known[number]
	if !known {
		return nil, errs.New(errs.Unauthenticated, "there is no such badge")
	}
	u, err := b.people.Users.ByEmail(r.Context(), auth.System(), email)
	if err != nil {
		return nil, err
	}
	return b.people.Users.Principal(r.Context(), u)
}

// doors is the program: its own main would be os.Exit(doors()).
func doors() int {
	return server.Main(server.Authenticator{Name: "badge", New: func(p server.Parts) (auth.Authenticator, error) {
		return badge{people: p.People, known: map[string]string{"0042": "admin@localhost"}}, nil
	}})
}

func init() {
	server.Instead = func() int {
		os.Args = []string{"doors", "serve"}
		return doors()
	}
}

// TestAnAuthenticatorOfOnesOwn builds it in from outside, as docs/authenticators.md says.
func TestAnAuthenticatorOfOnesOwn(t *testing.T) {
	t.Parallel()
	addr := parts.FreeAddr(t)
	p := parts.Start(t, embedding(t, addr))
	p.AwaitListening(addr)
	ask := func(credential string) (status int, scheme string, challenges []string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/api/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", credential)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close() //nolint:errcheck // read to its end
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		var me struct{ Scheme string }
		_ = json.Unmarshal(text, &me) // a problem has no scheme
		return answer.StatusCode, me.Scheme, answer.Header.Values("WWW-Authenticate")
	}
	parts.Await(t, 20*time.Second, "the service", func(context.Context) error {
		if status, _, _ := ask("Badge 0042"); status != http.StatusOK {
			return errs.New(errs.Unavailable, http.StatusText(status))
		}
		return nil
	})
	if _, scheme, _ := ask("Badge 0042"); scheme != "badge" {
		t.Errorf("acts by %q", scheme)
	}
	status, _, challenges := ask("Badge 0000")
	if status != http.StatusUnauthorized || !strings.Contains(strings.Join(challenges, " "), "Badge") {
		t.Errorf("a wrong badge: %d %v", status, challenges)
	}
	if status, scheme, _ := ask("Basic " + "YWRtaW5AbG9jYWxob3N0OmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ=="); status != http.StatusOK ||
		scheme != "basic" {
		t.Errorf("the next authenticator: %d %s", status, scheme)
	}
}
