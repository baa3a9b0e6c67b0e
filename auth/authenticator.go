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
	// Name is its name in the configuration.
	Name() string
	// Authenticate returns the principal, or nil if the request has no credential
	// for this authenticator. An invalid credential is an error of kind
	// errs.Unauthenticated.
	Authenticate(r *http.Request) (*Principal, error)
	// Challenge returns the scheme for WWW-Authenticate, "" for none.
	Challenge() string
}

// Chain tries authenticators in order. The first that finds its credential
// decides: an invalid one is never passed on to a weaker authenticator.
type Chain struct {
	all        []Authenticator
	challenges []string
}

// NewChain returns a chain of the authenticators in this order.
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

// Authenticate returns the principal of the request, or nobody if it carries no
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

// Has reports whether the chain has an authenticator with this name.
func (c *Chain) Has(name string) bool {
	return slices.ContainsFunc(c.all, func(a Authenticator) bool { return a.Name() == name })
}

// Challenges returns the values of WWW-Authenticate in the order of the chain.
func (c *Chain) Challenges() []string { return c.challenges }

func wrongCredential(text string, args ...any) error {
	return errs.WithCode(errs.Unauthenticated, "authentication_failed", text, args...)
}
