// Command authenticator is Latchkey with an authenticator of its own: a user
// acts by the badge that a door reader knows. It is built from outside of
// Latchkey, as docs/authenticators.md says; copy it to start from.
package main

import (
	"net/http"
	"os"
	"strings"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/server"
)

// badge lets a user act by their badge.
type badge struct {
	people *auth.People
	known  map[string]string // e-mail address by badge
}

// Name stands in LATCHKEY_AUTHENTICATORS.
func (badge) Name() string { return "badge" }

// Challenge stands in WWW-Authenticate.
func (badge) Challenge() string { return "Badge" }

// Authenticate returns the user of the badge. An error of package errs becomes
// the answer: 401 for errs.Unauthenticated.
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

func main() {
	os.Exit(server.Main(server.Authenticator{Name: "badge", New: func(p server.Parts) (auth.Authenticator, error) {
		return badge{people: p.People, known: map[string]string{"0042": "admin@localhost"}}, nil
	}}))
}
