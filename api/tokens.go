package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// tokenHandlers issue and revoke users' tokens.
type tokenHandlers struct {
	chain  *auth.Chain
	format keys.Format
	jwt    *auth.JWT
	people *auth.People
}

func (h *tokenHandlers) routes() []route {
	anybody, known := auth.AllowAny(), auth.IsAuthenticated()
	return []route{
		{"POST", "/api/token", anybody, h.obtainToken, open, nil},
		{"POST", "/api/token/refresh", anybody, h.refreshToken, open, nil},
		{"POST", "/api/token/verify", anybody, h.verifyToken, open, nil},
		{"POST", "/api/token/blacklist", anybody, h.blacklistToken, open, nil},
		{"GET", "/api/tokens", known, h.listTokens, guarded, nil},
		{"POST", "/api/tokens", known, h.createToken, guarded, client.CreateToken{}},
		{"GET", "/api/tokens/:id", known, h.getToken, guarded, nil},
		{"DELETE", "/api/tokens/:id", known, h.revokeToken, guarded, nil},
	}
}

// bindSignIn reads the credentials of a sign-in.
func bindSignIn(c *gin.Context) (client.SignIn, error) {
	var in client.SignIn
	if _, err := bind(c, &in); err != nil {
		return in, err
	}
	return in, checkSignIn(in)
}

// checkSignIn refuses credentials that cannot be valid.
func checkSignIn(in client.SignIn) error {
	var f errs.Faults
	f.Check((in.Username == "") != (in.Email == ""), "username", "required_or_email")
	f.Check(in.Password != "", "password", "required")
	keys.CheckText(&f, "username", in.Username)
	keys.CheckText(&f, "email", in.Email)
	keys.CheckText(&f, "code", in.Code)
	f.Check(len(in.Password) <= auth.MaxPasswordBytes && !strings.ContainsRune(in.Password, 0), "password",
		"password_too_long")
	return f.Err()
}

func login(in client.SignIn) auth.Login {
	return auth.Login{Name: in.Email + in.Username, Password: in.Password, Code: in.Code}
}

// obtainToken answers a token for a username, as Django REST Framework's
// obtain_auth_token does, and a pair for an e-mail address, as SimpleJWT does.
func (h *tokenHandlers) obtainToken(c *gin.Context) error {
	in, err := bindSignIn(c)
	if err != nil {
		return err
	}
	opaque, signed := h.chain.Has("token"), h.chain.Has("jwt")
	switch {
	case in.Username != "" && opaque:
		secret, err := h.people.Tokens.ObtainToken(c.Request.Context(), login(in), h.format)
		if err != nil {
			return noToken(err)
		}
		return answer(c, http.StatusOK, client.ObtainedToken{Token: secret.Reveal()})
	case signed:
		pair, err := h.jwt.SignIn(c.Request.Context(), login(in))
		return answerPair(c, pair, noPair(err))
	default:
		return errs.New(errs.NotFound, "tokens_and_jwt_off")
	}
}

// nonField is Django REST Framework's field name for errors of the sign-in as a
// whole.
const nonField = "non_field_errors"

// noToken turns a failed sign-in into the error of obtain_auth_token: 400, even
// for a missing second step.
func noToken(err error) error {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind != errs.Unauthenticated {
		return err
	}
	var f errs.Faults
	if e.Code == auth.CodeRequired {
		f.Note(nonField, e.Text)
	} else {
		f.Add(nonField, "credentials_wrong")
	}
	return f.Err()
}

// NoActiveAccount is SimpleJWT's problem code for a failed sign-in.
const NoActiveAccount = "no_active_account"

// noPair turns a failed sign-in into the error of SimpleJWT.
func noPair(err error) error {
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Kind == errs.Unauthenticated && e.Code != auth.CodeRequired {
		return errs.WithCode(errs.Unauthenticated, NoActiveAccount, "no_active_account")
	}
	return err
}

func answerPair(c *gin.Context, p auth.Pair, err error) error {
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.TokenPair{Access: p.Access, Refresh: p.Refresh})
}

func (h *tokenHandlers) refreshToken(c *gin.Context) error {
	var in client.RefreshToken
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := required("refresh", in.Refresh); err != nil {
		return err
	}
	pair, err := h.jwt.Refresh(c.Request.Context(), in.Refresh)
	return answerPair(c, pair, err)
}

func required(field, value string) error {
	var f errs.Faults
	f.Check(value != "", field, "required")
	return f.Err()
}

// empty answers an empty object, as SimpleJWT does.
func empty(c *gin.Context, err error) error {
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, struct{}{})
}

func (h *tokenHandlers) verifyToken(c *gin.Context) error {
	var in client.VerifyToken
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := required("token", in.Token); err != nil {
		return err
	}
	return empty(c, h.jwt.Check(c.Request.Context(), in.Token))
}

func (h *tokenHandlers) blacklistToken(c *gin.Context) error {
	var in client.RefreshToken
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := required("refresh", in.Refresh); err != nil {
		return err
	}
	return empty(c, h.jwt.End(c.Request.Context(), in.Refresh))
}

func tokenOut(t *auth.Token) client.Token {
	return client.Token{
		ID: t.ID, Name: t.Name, Last4: t.Last4, LastUsedAt: timeOut(t.LastUsedAt), ExpiresAt: timeOut(t.ExpiresAt), Stamps: stamps(&t.Stamp),
	}
}

func (h *tokenHandlers) listTokens(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]auth.Token, error) {
		return h.people.Tokens.List(c.Request.Context(), principal(c), p)
	}, tokenOut, func(t *auth.Token) string { return t.ID })
}

// createToken takes no Idempotency-Key: a repeat could only answer a token
// without its secret.
func (h *tokenHandlers) createToken(c *gin.Context) error {
	var in client.CreateToken
	if _, err := bind(c, &in); err != nil {
		return err
	}
	t, secret, err := h.people.Tokens.Create(c.Request.Context(), principal(c), h.format, auth.TokenFields{
		Name:      in.Name,
		ExpiresAt: timeIn(in.ExpiresAt),
	})
	if err != nil {
		return err
	}
	return created(c, "/api/tokens/"+t.ID, t.Revision, client.CreatedToken{Token: tokenOut(&t), Secret: secret.Reveal()})
}

func (h *tokenHandlers) getToken(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	t, err := h.people.Tokens.Get(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, t.Revision, tokenOut(&t))
}

func (h *tokenHandlers) revokeToken(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, h.people.Tokens.Revoke(c.Request.Context(), principal(c), c.Param("id"), rev))
}
