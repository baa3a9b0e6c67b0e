package auth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
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
// credential. The client is in the request's context. The principal may be shared
// and must not be changed.
func (c *Chain) Authenticate(r *http.Request) (*Principal, error) {
	return authenticate(c.all, r)
}

// AuthenticateFrom is Authenticate for a client that is not in the request's context.
// It allocates nothing for a request with a key, unless an authenticator that needs
// the context comes before that of keys.
func (c *Chain) AuthenticateFrom(client proxies.Client, r *http.Request) (*Principal, error) {
	for i, a := range c.all {
		switch a := a.(type) {
		case *SessionAuthenticator:
			if len(r.Header["Cookie"]) == 0 {
				continue
			}
		case *APIKey:
			if p, err := a.authenticate(client.Address, r); p != nil || err != nil {
				return p, authenticatedBy(a, err)
			}
			continue
		}
		return authenticate(c.all[i:], r.WithContext(proxies.With(r.Context(), client)))
	}
	return Nobody(), nil
}

func authenticate(all []Authenticator, r *http.Request) (*Principal, error) {
	for _, a := range all {
		p, err := a.Authenticate(r)
		if err != nil {
			return nil, authenticatedBy(a, err)
		}
		if p != nil {
			if p.Scheme != a.Name() {
				p.Scheme = a.Name()
			}
			return p, nil
		}
	}
	return Nobody(), nil
}

func authenticatedBy(a Authenticator, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("authenticate by %s: %w", a.Name(), err)
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
