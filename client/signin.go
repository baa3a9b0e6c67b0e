package client

import (
	"context"
	"iter"
	"net/http"
)

// AuthService signs up, signs in for tokens, and sets passwords. Only
// ChangePassword sends a credential.
type AuthService struct{ c *Client }

// SignUp asks to become a user. The service mails a link, unless an invitation
// has proved the address.
func (s *AuthService) SignUp(ctx context.Context, in SignUp) error {
	return send(ctx, s.c, request{method: "POST", path: "/api/signup", body: in, anonymous: true})
}

// ConfirmEmail confirms an address with the token of the mailed link.
func (s *AuthService) ConfirmEmail(ctx context.Context, token string) error {
	return send(ctx, s.c, request{method: "POST", path: "/api/email/confirm", body: LinkToken{Token: token}, anonymous: true})
}

// ForgotPassword asks for a mail with a link to set a new password. The response
// is the same whether or not there is such a user.
func (s *AuthService) ForgotPassword(ctx context.Context, email string) error {
	return send(ctx, s.c, request{method: "POST", path: "/api/password/forgotten", body: ForgottenPassword{Email: email}, anonymous: true})
}

// ResetPassword sets a new password with the token of the mailed link.
func (s *AuthService) ResetPassword(ctx context.Context, in ResetPassword) error {
	return send(ctx, s.c, request{method: "POST", path: "/api/password/reset", body: in, anonymous: true})
}

// ChangePassword changes the calling user's password.
func (s *AuthService) ChangePassword(ctx context.Context, in ChangePassword) error {
	return send(ctx, s.c, request{method: "POST", path: "/api/password/change", body: in})
}

const tokenPath = "/api/token"

// ObtainToken signs in by username for an opaque token, for use with UserToken.
func (s *AuthService) ObtainToken(ctx context.Context, username, password, code string) (ObtainedToken, error) {
	return call[ObtainedToken](ctx, s.c, request{
		method: "POST", path: tokenPath, anonymous: true, body: SignIn{Username: username, Password: password, Code: code},
	})
}

// ObtainTokenPair signs in by e-mail address for signed tokens. The access token
// is for use with BearerToken.
func (s *AuthService) ObtainTokenPair(ctx context.Context, email, password, code string) (TokenPair, error) {
	return call[TokenPair](ctx, s.c, request{
		method: "POST", path: tokenPath, anonymous: true, body: SignIn{Email: email, Password: password, Code: code},
	})
}

// RefreshTokenPair exchanges a refresh token for the next pair.
func (s *AuthService) RefreshTokenPair(ctx context.Context, refresh string) (TokenPair, error) {
	return call[TokenPair](ctx, s.c, request{
		method: "POST", path: tokenPath + "/refresh", anonymous: true, body: RefreshToken{Refresh: refresh},
	})
}

// VerifyToken returns nil if the signed token is valid, and an Unauthenticated
// error if not.
func (s *AuthService) VerifyToken(ctx context.Context, token string) error {
	return send(ctx, s.c, request{
		method: "POST", path: tokenPath + "/verify", anonymous: true, body: VerifyToken{Token: token}, reads: true,
	})
}

// EndTokenPair ends a refresh token and all tokens that came from it.
func (s *AuthService) EndTokenPair(ctx context.Context, refresh string) error {
	return send(ctx, s.c, request{
		method: "POST", path: tokenPath + "/blacklist", anonymous: true, body: RefreshToken{Refresh: refresh},
	})
}

// TokensService manages the calling user's personal tokens.
type TokensService struct{ c *Client }

const tokensPath = "/api/tokens"

// Create creates a token. Only this response contains its secret.
func (s *TokensService) Create(ctx context.Context, in CreateToken) (CreatedToken, error) {
	return call[CreatedToken](ctx, s.c, request{method: "POST", path: tokensPath, body: in})
}

// List returns a page of tokens without their secrets, newest first.
func (s *TokensService) List(ctx context.Context, p Page) (List[Token], error) {
	return call[List[Token]](ctx, s.c, request{method: "GET", path: tokensPath, query: p.query().values()})
}

// All yields all tokens of the user.
func (s *TokensService) All(ctx context.Context) iter.Seq2[Token, error] {
	return walk(Page{}, func(p Page) (List[Token], error) { return s.List(ctx, p) })
}

// Get returns a token without its secret.
func (s *TokensService) Get(ctx context.Context, id string) (Token, error) {
	return call[Token](ctx, s.c, request{method: "GET", path: tokensPath + "/{id}", params: []string{id}})
}

// Revoke ends a token.
func (s *TokensService) Revoke(ctx context.Context, id string, opts ...Option) error {
	return send(ctx, s.c, request{method: "DELETE", path: tokensPath + "/{id}", params: []string{id}, options: opts})
}

// SessionsService signs in as a browser does. Other programs should use tokens or
// keys.
type SessionsService struct{ c *Client }

const (
	sessionPath  = "/api/session"
	sessionsPath = "/api/sessions"
)

// SignIn signs in and returns the user, and the session for use with Client.With.
func (s *SessionsService) SignIn(ctx context.Context, in SignIn) (Me, Credential, error) {
	var me Me
	a, err := s.c.do(ctx, &request{method: "POST", path: sessionPath, body: in, out: &me, anonymous: true})
	if err != nil {
		return Me{}, Credential{}, err
	}
	cookies := map[string]string{}
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		cookies[cookie.Name] = cookie.Value
	}
	return me, session(cookies["sessionid"], cookies["csrftoken"]), nil
}

// Get returns the session of the request and its user.
func (s *SessionsService) Get(ctx context.Context) (SignedIn, error) {
	return call[SignedIn](ctx, s.c, request{method: "GET", path: sessionPath})
}

// SignOut ends the session of the request.
func (s *SessionsService) SignOut(ctx context.Context) error {
	return send(ctx, s.c, request{method: "DELETE", path: sessionPath})
}

// Confirm repeats the password, which some changes require.
func (s *SessionsService) Confirm(ctx context.Context, in ConfirmPassword) (SignedIn, error) {
	return call[SignedIn](ctx, s.c, request{method: "POST", path: sessionPath + "/confirm", body: in})
}

// List returns the sessions of the user, newest first.
func (s *SessionsService) List(ctx context.Context) ([]Session, error) {
	return items(call[List[Session]](ctx, s.c, request{method: "GET", path: sessionsPath}))
}

// End ends a session of the user.
func (s *SessionsService) End(ctx context.Context, id string) error {
	return send(ctx, s.c, request{method: "DELETE", path: sessionsPath + "/{id}", params: []string{id}})
}

// EndAll ends all sessions and signed tokens of the user. With keepCurrent, the
// session of the request stays.
func (s *SessionsService) EndAll(ctx context.Context, keepCurrent bool) error {
	q := query{}
	if keepCurrent {
		q = q.flag("keep_current", Set(true))
	}
	return send(ctx, s.c, request{method: "DELETE", path: sessionsPath, query: q.values()})
}
