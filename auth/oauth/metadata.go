package oauth

import (
	"context"
	"errors"
	"strings"

	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// Metadata describes the server to its clients (RFC 8414).
type Metadata struct {
	Issuer                string   `json:"issuer"`
	TokenEndpoint         string   `json:"token_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	GrantTypes            []string `json:"grant_types_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	TokenMethods          []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionMethods  []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	ServiceDocumentation  string   `json:"service_documentation"`
}

// Metadata returns the metadata.
func (s *Server) Metadata() Metadata {
	methods, base := []string{"client_secret_basic", "client_secret_post"}, s.Ring.Issuer
	return Metadata{
		Issuer: base, TokenEndpoint: base + "/oauth/token", IntrospectionEndpoint: base + "/oauth/introspect",
		RevocationEndpoint: base + "/oauth/revoke", JWKSURI: base + "/.well-known/jwks.json",
		GrantTypes: []string{"client_credentials"}, ResponseTypes: []string{},
		TokenMethods: methods, IntrospectionMethods: methods, RevocationMethods: methods, ServiceDocumentation: base + "/docs",
	}
}

// Reader reads access tokens offline. It implements keys.TokenReader.
type Reader struct {
	Ring     *signing.Keyring
	Audience string
}

var _ verify.TokenReader = Reader{}

// Looks reports whether text looks like a signed token.
func (Reader) Looks(text string) bool { return keys.LikeJWT(text) }

// ReadAccessToken returns the content of a service account's access token.
func (r Reader) ReadAccessToken(ctx context.Context, text string) (verify.AccessToken, error) {
	c, err := r.Ring.Verify(ctx, text, signing.AccountToken, r.Audience)
	switch {
	case errors.Is(err, signing.ErrExpired):
		return verify.AccessToken{}, verify.ErrTokenExpired
	case errors.Is(err, signing.ErrInvalid), errors.Is(err, signing.ErrEarly):
		return verify.AccessToken{}, keys.ErrMalformed
	case err != nil:
		return verify.AccessToken{}, err
	}
	return verify.AccessToken{ID: c.ID, KeyID: c.KeyID, Scopes: strings.Fields(c.Scope), ExpiresAt: c.ExpiresAt.Time}, nil
}
