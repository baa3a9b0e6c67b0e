package auth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/latchkey/latchkey/errs"
)

// Authenticator is one way to find the principal of a request.
type Authenticator interface {
	// Name is what configuration calls it.
	Name() string
	// Authenticate returns the principal; nil where the request carries
	// nothing for this authenticator; or an error, of the kind
	// errs.Unauthenticated where the credential is wrong.
	Authenticate(r *http.Request) (*Principal, error)
	// Challenge is the scheme to name in WWW-Authenticate, "" for none.
	Challenge() string
}

// Chain asks authenticators in order. The first that finds its credential
// decides: a wrong one is never passed on to a weaker authenticator.
type Chain struct {
	all        []Authenticator
	challenges []string
}

// NewChain returns the chain of the authenticators in this order.
func NewChain(all ...Authenticator) (*Chain, error) {
	if len(all) == 0 {
		return nil, errors.New("auth: the chain needs an authenticator")
	}
	c := &Chain{all: all}
	seen := map[string]bool{}
	for _, a := range all {
		if seen[a.Name()] {
			return nil, fmt.Errorf("auth: the authenticator %s is in the chain twice", a.Name())
		}
		seen[a.Name()] = true
		if challenge := a.Challenge(); challenge != "" && !slices.Contains(c.challenges, challenge) {
			c.challenges = append(c.challenges, challenge)
		}
	}
	return c, nil
}

// Authenticate returns the principal of the request, nobody if it carries no
// credential.
func (c *Chain) Authenticate(r *http.Request) (*Principal, error) {
	for _, a := range c.all {
		p, err := a.Authenticate(r)
		if err != nil {
			return nil, fmt.Errorf("authenticate by %s: %w", a.Name(), err)
		}
		if p != nil {
			p.Scheme = a.Name()
			return p, nil
		}
	}
	return Nobody(), nil
}

// Has reports whether the authenticator with the name is in the chain.
func (c *Chain) Has(name string) bool {
	return slices.ContainsFunc(c.all, func(a Authenticator) bool { return a.Name() == name })
}

// Challenges are the values of WWW-Authenticate, in the order of the chain.
func (c *Chain) Challenges() []string { return c.challenges }

func wrongCredential(text string, args ...any) error {
	return errs.WithCode(errs.Unauthenticated, "authentication_failed", text, args...)
}
