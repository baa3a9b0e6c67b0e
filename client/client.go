package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client is a client of one Latchkey service. It is safe for concurrent use.
// Create one with New and share it, because it holds the connections.
type Client struct {
	Keys          *KeysService
	Accounts      *AccountsService
	Certificates  *CertificatesService
	Organizations *OrganizationsService
	Members       *MembersService
	Invitations   *InvitationsService
	Incidents     *IncidentsService
	Leaks         *LeaksService
	Imports       *ImportsService
	Webhooks      *WebhooksService
	Tiers         *TiersService
	Scopes        *ScopesService
	Users         *UsersService
	Me            *MeService
	Auth          *AuthService
	Tokens        *TokensService
	Sessions      *SessionsService
	OAuth         *OAuthService
	Audit         *AuditService
	Usage         *UsageService
	Nodes         *NodesService
	Service       *ServiceService

	config    Config
	base      *url.URL
	http      *http.Client
	userAgent string
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
	jitter    func() float64 // from 0 to 1
}

// New returns a Client for the configuration. It sends no request.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	base, err := config.base()
	if err != nil {
		return nil, err
	}
	if err := config.Credential.check(); err != nil {
		return nil, err
	}
	switch {
	case config.Credentials != nil && !config.Credential.IsZero():
		return nil, errors.New("latchkey: Config has both Credential and Credentials")
	case strings.ContainsFunc(config.UserAgent, func(r rune) bool { return r != ' ' && unprintable(r) }):
		return nil, errors.New("latchkey: Config.UserAgent has characters that no header can carry")
	case config.MaxBody < 0 || config.MaxWait < 0:
		return nil, errors.New("latchkey: Config.MaxBody and Config.MaxWait are not negative")
	}
	if config.HTTPClient == nil {
		config.HTTPClient = newHTTPClient()
	}
	c := &Client{
		config: config, base: base, http: plain(config.HTTPClient), userAgent: userAgent(config.UserAgent),
		now: time.Now, sleep: sleep, jitter: rand.Float64,
	}
	c.bind()
	return c, nil
}

// bind sets the client of each service.
func (c *Client) bind() {
	c.Keys, c.Accounts, c.Certificates = &KeysService{c}, &AccountsService{c}, &CertificatesService{c}
	c.Organizations, c.Members, c.Invitations = &OrganizationsService{c}, &MembersService{c}, &InvitationsService{c}
	c.Incidents, c.Imports = &IncidentsService{c}, &ImportsService{c}
	c.Webhooks = &WebhooksService{c}
	c.Tiers, c.Scopes, c.Leaks = &TiersService{c}, &ScopesService{c}, &LeaksService{c}
	c.Users, c.Me, c.Auth = &UsersService{c}, &MeService{c}, &AuthService{c}
	c.Tokens, c.Sessions, c.OAuth = &TokensService{c}, &SessionsService{c}, &OAuthService{c}
	c.Audit, c.Usage, c.Nodes, c.Service = &AuditService{c}, &UsageService{c}, &NodesService{c}, &ServiceService{c}
}

// With returns a client with another credential that shares the connections.
func (c *Client) With(credential Credential) (*Client, error) {
	if err := credential.check(); err != nil {
		return nil, err
	}
	other := *c
	other.config.Credential, other.config.Credentials = credential, nil
	other.bind()
	return &other, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// credential returns the credential for the next request.
func (c *Client) credential(ctx context.Context) (Credential, error) {
	if c.config.Credentials == nil {
		return c.config.Credential, nil
	}
	credential, err := c.config.Credentials(ctx)
	if err != nil {
		return Credential{}, err
	}
	return credential, credential.check()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
