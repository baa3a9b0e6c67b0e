// Package oidc signs people in with accounts from elsewhere: from any OpenID
// provider (OpenID Connect Core 1.0, authorization code with PKCE, state and
// nonce), and from GitHub, whose OAuth 2.0 has its own calls for the user and
// their e-mail addresses. It identifies the account; its caller decides whom to
// admit.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/seal"
)

// Provider is a service where people have accounts.
type Provider struct {
	Name         string // used in paths and identities: lower-case letters, digits and -
	Title        string // shown on the button
	Issuer       string // for an OpenID provider; "" for GitHub
	ClientID     string
	ClientSecret string
	Scopes       []string

	// Endpoints of GitHub, or of a GitHub Enterprise server.
	AuthorizeURL, TokenURL, APIURL string
}

// github reports whether the provider uses GitHub's API.
func (p *Provider) github() bool { return p.Issuer == "" }

// Config is what Providers need. All fields but Now are required.
type Config struct {
	Providers []Provider
	BaseURL   string // public URL of the service, without a trailing slash
	Sealer    *seal.Sealer
	Now       func() time.Time // time.Now if nil
}

// Providers begins and finishes sign-ins.
type Providers struct {
	Config
	client *http.Client
	all    map[string]*remote
}

// remote is a provider with what was discovered about it.
type remote struct {
	Provider
	mu       sync.Mutex
	found    *oidc.Provider
	verifier *oidc.IDTokenVerifier
}

// timeout bounds each request to a provider.
const timeout = 10 * time.Second

// New returns Providers. It contacts a provider only when somebody signs in, so
// one that is down does not stop the start.
func New(c Config) (*Providers, error) {
	if c.BaseURL == "" || c.Sealer == nil {
		return nil, errors.New("oidc: BaseURL and Sealer are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	p := &Providers{Config: c, client: &http.Client{Timeout: timeout, Transport: bounded{http.DefaultTransport}}, all: map[string]*remote{}}
	for _, provider := range c.Providers {
		p.all[provider.Name] = &remote{Provider: provider}
	}
	return p, nil
}

// bounded limits the size of a provider's answers.
type bounded struct{ inner http.RoundTripper }

const maxAnswer = 1 << 20

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	return answer, nil
}

// List returns the providers in the order of the configuration.
func (p *Providers) List() []Provider { return p.Config.Providers }

// find returns the provider after discovery.
func (p *Providers) find(ctx context.Context, name string) (*remote, error) {
	r, ok := p.all[name]
	if !ok {
		return nil, errs.New(errs.NotFound, "no_provider")
	}
	if r.github() {
		return r, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found != nil {
		return r, nil
	}
	// The provider keeps the context for later requests.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), r.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %s does not answer: %w", errs.Unavailable, r.Title, err)
	}
	r.found, r.verifier = found, found.Verifier(&oidc.Config{ClientID: r.ClientID, Now: p.Now})
	return r, nil
}

// callback returns the URL that the provider sends people back to.
func (p *Providers) callback(name string) string { return p.BaseURL + "/login/" + name + "/callback" }

func (p *Providers) oauth(r *remote) *oauth2.Config {
	c := &oauth2.Config{ClientID: r.ClientID, ClientSecret: r.ClientSecret, RedirectURL: p.callback(r.Name), Scopes: r.Scopes}
	if r.github() {
		c.Endpoint = oauth2.Endpoint{AuthURL: r.AuthorizeURL, TokenURL: r.TokenURL}
	} else {
		c.Endpoint = r.found.Endpoint()
	}
	return c
}

// account exchanges the code and returns the account.
func (p *Providers) account(ctx context.Context, r *remote, code, verifier, nonce string) (auth.ExternalAccount, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, p.client)
	token, err := p.oauth(r).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return auth.ExternalAccount{}, refused(r, "oidc_code", err)
	}
	if r.github() {
		return p.githubAccount(ctx, r, token)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return auth.ExternalAccount{}, refused(r, "oidc_no_id_token", nil)
	}
	id, err := r.verifier.Verify(oidc.ClientContext(ctx, p.client), raw)
	if err != nil {
		return auth.ExternalAccount{}, refused(r, "oidc_bad_id_token", err)
	}
	if nonce == "" || id.Nonce != nonce {
		return auth.ExternalAccount{}, refused(r, "oidc_other_sign_in", nil)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified flag   `json:"email_verified"`
		Name     string `json:"name"`
	}
	if err := id.Claims(&claims); err != nil {
		return auth.ExternalAccount{}, refused(r, "oidc_unreadable", err)
	}
	return p.completed(ctx, r, token, auth.ExternalAccount{
		Provider: r.Name, Subject: id.Subject, Email: claims.Email, EmailVerified: bool(claims.Verified), Name: claims.Name,
	})
}

// completed asks the provider for the e-mail address if the ID token does not
// contain it.
func (p *Providers) completed(ctx context.Context, r *remote, token *oauth2.Token, a auth.ExternalAccount) (auth.ExternalAccount, error) {
	if a.Email != "" || r.found.UserInfoEndpoint() == "" {
		return a, nil
	}
	info, err := r.found.UserInfo(oidc.ClientContext(ctx, p.client), oauth2.StaticTokenSource(token))
	if err != nil {
		return a, refused(r, "oidc_nameless", err)
	}
	var more struct {
		Verified flag   `json:"email_verified"`
		Name     string `json:"name"`
	}
	if err := info.Claims(&more); err != nil || info.Subject != a.Subject {
		return a, refused(r, "oidc_somebody_else", err)
	}
	a.Email, a.EmailVerified = info.Email, bool(more.Verified)
	if a.Name == "" {
		a.Name = more.Name
	}
	return a, nil
}

// flag is a boolean that some providers send as a string.
type flag bool

// UnmarshalJSON implements json.Unmarshaler.
func (f *flag) UnmarshalJSON(b []byte) error {
	*f = string(b) == "true" || string(b) == `"true"`
	return nil
}

// refused returns the error of a sign-in that failed at the provider; the cause
// is only for the log.
func refused(r *remote, what string, cause error) error {
	e := errs.WithCode(errs.Unauthenticated, "authentication_failed", "sign_in_failed", "provider", r.Title, "reason", errs.Say(what))
	if cause == nil {
		return e
	}
	return fmt.Errorf("%w (%w)", e, cause)
}
