package server

import (
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/mtls"
)

// chain creates the configured authenticators, in order. Those whose credential a
// browser sends by itself refuse cross-site requests.
func (a *app) chain(csrf *auth.CSRF) (*auth.Chain, error) {
	makers := map[string]func() (auth.Authenticator, error){
		"session": func() (auth.Authenticator, error) { return auth.NewSessionAuthenticator(a.People, csrf), nil },
		"api_key": func() (auth.Authenticator, error) { return auth.NewAPIKey(a.Verifier, a.carrier()), nil },
		"jwt":     func() (auth.Authenticator, error) { return a.JWT, nil },
		"token":   func() (auth.Authenticator, error) { return auth.NewTokenAuthenticator(a.People, a.format), nil },
		"basic": func() (auth.Authenticator, error) {
			return auth.Ambient{Authenticator: auth.NewBasic(a.People, a.logger), CSRF: csrf}, nil
		},
		"remote_user": func() (auth.Authenticator, error) {
			u, err := auth.NewRemoteUser(a.People, a.config.remoteUser, a.logger)
			return auth.Ambient{Authenticator: u, CSRF: csrf}, err
		},
		"mtls": func() (auth.Authenticator, error) {
			m, err := a.mtls()
			return auth.Ambient{Authenticator: m, CSRF: csrf}, err
		},
	}
	for _, extra := range a.config.extra {
		makers[extra.Name] = func() (auth.Authenticator, error) {
			return extra.New(Parts{People: a.People, Verifier: a.Verifier, Logger: a.logger})
		}
	}
	var all []auth.Authenticator
	for _, name := range a.config.authenticators {
		made, err := makers[name]()
		if err != nil {
			return nil, err
		}
		all = append(all, made)
	}
	return auth.NewChain(all...)
}

func (a *app) mtls() (*mtls.Authenticator, error) {
	c := mtls.Config{Store: a.store.Certificates(), Verifier: a.Verifier, Logger: a.logger, Header: a.config.clientCertHeader}
	if a.config.clientCA != "" {
		authorities, err := mtls.NewAuthorities(a.config.clientCA, a.config.clientCRL, time.Now)
		if err != nil {
			return nil, err
		}
		c.Authorities = authorities
		a.files = append(a.files, authorities)
	}
	return mtls.New(c)
}
