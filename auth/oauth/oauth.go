// Package oauth is an OAuth 2.0 authorization server for service accounts:
// client credentials for signed access tokens (RFC 6749 section 4.4, RFC 9068),
// introspection (RFC 7662), revocation (RFC 7009) and metadata (RFC 8414). The
// client is a service account, and its secret is one of its keys. The package
// only decides; its caller reads requests and writes responses.
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// DefaultLife is how long an access token lives.
const DefaultLife = 15 * time.Minute

// MaxLife bounds the life of a token: a revoked token must be remembered for
// longer than it lives.
const MaxLife = keys.TombstoneLife / 2

// Config is what a Server needs. All fields but Now are required.
type Config struct {
	Verifier *verify.Verifier
	Keys     *keys.Service
	Format   keys.Format
	Ring     *signing.Keyring
	Audit    *audit.Log
	Audience string        // aud of every token
	Life     time.Duration // of a token, at most MaxLife
	// RevokeHeld revokes the key with the text, which a client at the address holds.
	RevokeHeld func(ctx context.Context, from netip.Addr, text string) error
	Now        func() time.Time
}

// Server issues, inspects and revokes access tokens.
type Server struct{ Config }

// New returns a Server.
func New(c Config) (*Server, error) {
	if c.Verifier == nil || c.Keys == nil || c.Ring == nil || c.Audit == nil || c.Audience == "" {
		return nil, errors.New("oauth: Verifier, Keys, Ring, Audit and Audience are required")
	}
	if c.Life <= 0 || c.Life > MaxLife {
		return nil, fmt.Errorf("oauth: tokens live between 0 and %s", MaxLife)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Server{c}, nil
}

// Credentials are a client's credentials.
type Credentials struct {
	ID     string // of the service account
	Secret string // one of its keys
	Basic  bool   // sent in the Authorization header, not in the body
}

// Token is a successful answer (RFC 6749 section 5.1).
type Token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// Token answers a client's request for an access token. scope, separated by
// spaces, limits it to some of the key's scopes.
func (s *Server) Token(g *verify.Grant, grantType, scope string) (Token, error) {
	switch grantType {
	case "client_credentials":
	case "":
		return Token{}, refuse(InvalidRequest, "grant_type is required")
	default:
		return Token{}, refuse(UnsupportedGrantType, "only client_credentials is supported")
	}
	granted, err := narrow(g, scope)
	if err != nil {
		return Token{}, err
	}
	now := s.Now()
	end := now.Add(s.Life)
	if own := g.EndsAt(); !own.IsZero() && own.Before(end) {
		end = own
	}
	text, err := s.Ring.Sign(signing.AccountToken, signing.Claims{
		Subject: g.Account.ID, Audience: []string{s.Audience}, ExpiresAt: signing.At(end), NotBefore: signing.At(now), IssuedAt: signing.At(now),
		ID: ids.New(""), ClientID: g.Account.ID, Scope: granted, KeyID: g.KeyID(),
	})
	if err != nil {
		return Token{}, fmt.Errorf("sign an access token: %w", err)
	}
	return Token{AccessToken: text, TokenType: "Bearer", ExpiresIn: int64(end.Sub(now) / time.Second), Scope: granted}, nil
}

func narrow(g *verify.Grant, scope string) (string, error) {
	asked := strings.Fields(scope)
	if len(asked) == 0 {
		return g.ScopeList(), nil
	}
	for _, one := range asked {
		if !keys.ValidGrant(one) || !keys.CoveredBy(g.Scopes(), one) {
			return "", refuse(InvalidScope, "the key does not have the scope "+quoted(one))
		}
	}
	return strings.Join(asked, " "), nil
}

// quoted replaces characters that error_description must not contain (RFC 6749
// section 5.2).
func quoted(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, s[:min(len(s), keys.MaxScopeLength)])
}

// Client returns the grant of the authenticated client, or a refusal.
func (s *Server) Client(ctx context.Context, c Credentials) (*verify.Grant, error) {
	if c.ID == "" || c.Secret == "" {
		return nil, unknownClient(c, "send client_id and client_secret, by HTTP Basic or in the body")
	}
	if s.Format.Check(c.Secret) != nil {
		return nil, unknownClient(c, "the secret is not a key of the client")
	}
	verdict, err := s.Verifier.Verify(ctx, &verify.Question{Key: c.Secret, Address: proxies.ClientOf(ctx).Address, Unmetered: true})
	switch {
	case err != nil:
		return nil, fmt.Errorf("check the client: %w", err)
	case verdict.Code == verify.RateLimited:
		return nil, &Error{Code: TemporarilyUnavailable, Description: verdict.Detail.String(), RetryAfter: verdict.Limits.RetryAfter}
	case !verdict.Grant.Known() || verdict.Grant.Account.ID != c.ID:
		return nil, unknownClient(c, "the secret is not a key of the client")
	case verdict.Code != verify.Valid:
		return nil, unknownClient(c, verdict.Detail.String())
	}
	return &verdict.Grant, nil
}

// Introspection describes a token (RFC 7662 section 2.2).
type Introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	ExpiresAt int64  `json:"exp,omitempty"` // seconds since 1970, absent for never
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	ID        string `json:"jti,omitempty"`
}

// Introspect describes an access token or key, if the asker may verify the keys
// of its organization.
func (s *Server) Introspect(ctx context.Context, asker *verify.Grant, token string) (Introspection, error) {
	if token == "" {
		return Introspection{}, refuse(InvalidRequest, "token is required")
	}
	who := auth.AccountPrincipal(asker)
	if len(who.Organizations(keys.VerifyKeys)) == 0 && !who.May(keys.VerifyKeys, "") {
		return Introspection{}, refuse(InsufficientScope, "introspection needs the scope "+string(keys.VerifyKeys))
	}
	verdict, err := s.Verifier.Verify(ctx, &verify.Question{Key: token, Asker: who, Charged: asker.KeyID(), Unmetered: true})
	if err != nil {
		return Introspection{}, fmt.Errorf("introspect: %w", err)
	}
	if verdict.Code == verify.RateLimited {
		return Introspection{}, &Error{Code: TemporarilyUnavailable, Description: verdict.Detail.String(), RetryAfter: verdict.Limits.RetryAfter}
	}
	// The token's networks bind its holder, not the caller.
	if verdict.Code != verify.Valid && verdict.Code != verify.AddressNotAllowed {
		return Introspection{}, nil
	}
	g := &verdict.Grant
	out := Introspection{
		Active: true, Scope: g.ScopeList(), ClientID: g.Account.ID, TokenType: "Bearer", Subject: g.Account.ID,
		Issuer: s.Ring.Issuer,
	}
	if end := g.EndsAt(); !end.IsZero() {
		out.ExpiresAt = end.Unix()
	}
	if claims, err := s.Ring.Verify(ctx, token, signing.AccountToken, s.Audience); err == nil {
		out.ID, out.Audience = claims.ID, s.Audience
	}
	return out, nil
}

// revokeKey revokes a key for its holder. What is no key is not an error.
func (s *Server) revokeKey(ctx context.Context, text string) error {
	err := s.RevokeHeld(ctx, proxies.ClientOf(ctx).Address, text)
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind == errs.Limited {
		return &Error{Code: TemporarilyUnavailable, Description: e.Text.String(), RetryAfter: e.RetryAfter}
	}
	if errors.Is(err, errs.Invalid) {
		return nil
	}
	return err
}

// Revoke ends an access token of the client, or a key that the client holds. A token
// that is already invalid is not an error (RFC 7009 section 2.2).
func (s *Server) Revoke(ctx context.Context, g *verify.Grant, token string) error {
	if token == "" {
		return refuse(InvalidRequest, "token is required")
	}
	if !keys.LikeJWT(token) {
		return s.revokeKey(ctx, token)
	}
	claims, err := s.Ring.Verify(ctx, token, signing.AccountToken, s.Audience)
	if errors.Is(err, signing.ErrInvalid) || errors.Is(err, signing.ErrExpired) || errors.Is(err, signing.ErrEarly) {
		return nil
	}
	if err != nil {
		return err
	}
	if claims.ClientID != g.Account.ID {
		return refuse(UnauthorizedClient, "the token was issued to another client")
	}
	if err := s.Keys.EndToken(ctx, claims.ID); err != nil {
		return fmt.Errorf("revoke an access token: %w", err)
	}
	return s.Audit.Record(ctx, audit.Change{
		Subject: auth.AccountPrincipal(g).Subject(), Action: "access_token.revoke",
		Object: audit.Object{Type: "access_token", ID: claims.ID, OrganizationID: g.Account.OrganizationID},
	})
}
