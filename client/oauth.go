package client

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
)

// OAuthService obtains and checks access tokens of service accounts. The client
// is a service account, and its secret is one of its keys.
type OAuthService struct{ c *Client }

// OAuthClient is a service account and one of its keys.
type OAuthClient struct {
	ID     string
	Secret Credential // made by APIKey
}

func (c OAuthClient) form(values url.Values) url.Values {
	values.Set("client_id", c.ID)
	if !c.Secret.IsZero() {
		values.Set("client_secret", c.Secret.held().secret)
	}
	return values
}

// AccessToken is a signed token that can be checked offline.
type AccessToken struct {
	Token     string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int64  `json:"expires_in"` // seconds
	Scope     string `json:"scope"`      // separated by spaces
}

// Introspection describes an access token or key. For an invalid one, only Active
// is set.
type Introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope"`
	ClientID  string `json:"client_id"`
	TokenType string `json:"token_type"`
	ExpiresAt int64  `json:"exp"` // seconds since 1970
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	Issuer    string `json:"iss"`
	ID        string `json:"jti"`
}

// AuthorizationServer is the metadata of RFC 8414.
type AuthorizationServer struct {
	Issuer                string   `json:"issuer"`
	TokenEndpoint         string   `json:"token_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	GrantTypes            []string `json:"grant_types_supported"`
	ServiceDocumentation  string   `json:"service_documentation"`
	// Methods by which clients authenticate at each endpoint, such as
	// client_secret_basic.
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
}

// Token obtains an access token for the scopes, or for all scopes of the key.
func (s *OAuthService) Token(ctx context.Context, client OAuthClient, scopes ...string) (AccessToken, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	// The request stores nothing, so a repeat does no harm.
	return call[AccessToken](ctx, s.c, request{method: "POST", path: "/oauth/token", form: client.form(form), anonymous: true, reads: true})
}

// Introspect describes an access token or key. The client needs the scope
// latchkey:verify.
func (s *OAuthService) Introspect(ctx context.Context, client OAuthClient, token string) (Introspection, error) {
	return call[Introspection](ctx, s.c, request{
		method: "POST", path: "/oauth/introspect", form: client.form(url.Values{"token": {token}}), anonymous: true, reads: true,
	})
}

// Revoke revokes an access token that was issued to the client.
func (s *OAuthService) Revoke(ctx context.Context, client OAuthClient, token string) error {
	return send(ctx, s.c, request{
		method: "POST", path: "/oauth/revoke", form: client.form(url.Values{"token": {token}}), anonymous: true, reads: true,
	})
}

// Metadata returns the server's metadata, with its endpoints.
func (s *OAuthService) Metadata(ctx context.Context) (AuthorizationServer, error) {
	return call[AuthorizationServer](ctx, s.c, request{method: "GET", path: "/.well-known/oauth-authorization-server", anonymous: true})
}

// Keys returns the public keys that verify tokens, as a JSON Web Key Set.
func (s *OAuthService) Keys(ctx context.Context) (json.RawMessage, error) {
	return call[json.RawMessage](ctx, s.c, request{method: "GET", path: "/.well-known/jwks.json", anonymous: true})
}
