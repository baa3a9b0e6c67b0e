package api

import (
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// formType is the media type of forms, which clients of Django send as well as JSON.
const formType = "application/x-www-form-urlencoded"

// bindSignIn reads who signs in, from JSON or a form.
func bindSignIn(c *gin.Context) (client.SignIn, error) {
	var in client.SignIn
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err == nil && kind == formType {
		values, err := formBody(c)
		if err != nil {
			return in, err
		}
		in = client.SignIn{Username: values.Get("username"), Email: values.Get("email"), Password: values.Get("password"), Code: values.Get("code")}
	} else if _, err := bind(c, &in); err != nil {
		return in, err
	}
	return in, checkSignIn(in)
}

// checkSignIn refuses what nobody can sign in with.
func checkSignIn(in client.SignIn) error {
	var f errs.Faults
	f.Check((in.Username == "") != (in.Email == ""), "username", "is required, or email, not both")
	f.Check(in.Password != "", "password", "is required")
	keys.CheckText(&f, "username", in.Username)
	keys.CheckText(&f, "email", in.Email)
	keys.CheckText(&f, "code", in.Code)
	f.Check(len(in.Password) <= auth.MaxPasswordBytes && !strings.ContainsRune(in.Password, 0), "password", "must have at most 1024 bytes and no NUL")
	return f.Err()
}

// formBody reads a form whose fields are given once each.
func formBody(c *gin.Context) (url.Values, error) {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return nil, err
	}
	body, err := httpx.Body(c.Request, formType)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errs.New(errs.Invalid, "the form must be percent-encoded name=value pairs joined by &")
	}
	var f errs.Faults
	for name, all := range values {
		f.Check(len(all) == 1, httpx.Shown(name), "must be given once")
	}
	return values, f.Err()
}

func login(in client.SignIn) auth.Login {
	return auth.Login{Name: in.Email + in.Username, Password: in.Password, Code: in.Code}
}

// obtainToken answers a username with a token, as Django REST Framework's
// obtain_auth_token does, and an e-mail address with a pair, as SimpleJWT does.
func (a *API) obtainToken(c *gin.Context) error {
	in, err := bindSignIn(c)
	if err != nil {
		return err
	}
	opaque, signed := a.Chain.Has("token"), a.Chain.Has("jwt")
	switch {
	case in.Username != "" && opaque:
		secret, err := a.People.ObtainToken(c.Request.Context(), login(in), a.Format)
		if err != nil {
			return err
		}
		return answer(c, http.StatusOK, client.ObtainedToken{Token: secret.Reveal()})
	case signed:
		pair, err := a.JWT.SignIn(c.Request.Context(), login(in))
		return answerPair(c, pair, err)
	default:
		return errs.New(errs.NotFound, "this service has no such tokens: LATCHKEY_AUTHENTICATORS lacks token or jwt")
	}
}

func answerPair(c *gin.Context, p auth.Pair, err error) error {
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.TokenPair{Access: p.Access, Refresh: p.Refresh})
}

func (a *API) refreshToken(c *gin.Context) error {
	var in client.RefreshToken
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := required("refresh", in.Refresh); err != nil {
		return err
	}
	pair, err := a.JWT.Refresh(c.Request.Context(), in.Refresh)
	return answerPair(c, pair, err)
}

func required(field, value string) error {
	var f errs.Faults
	f.Check(value != "", field, "is required")
	return f.Err()
}

// empty answers as SimpleJWT does where there is nothing to say.
func empty(c *gin.Context, err error) error {
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, struct{}{})
}

func (a *API) verifyToken(c *gin.Context) error {
	var in client.VerifyToken
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := required("token", in.Token); err != nil {
		return err
	}
	return empty(c, a.JWT.Check(c.Request.Context(), in.Token))
}

func (a *API) blacklistToken(c *gin.Context) error {
	var in client.RefreshToken
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := required("refresh", in.Refresh); err != nil {
		return err
	}
	return empty(c, a.JWT.End(c.Request.Context(), in.Refresh))
}

func tokenOut(t *auth.Token) client.Token {
	return client.Token{
		ID: t.ID, Name: t.Name, Last4: t.Last4, LastUsedAt: timeOut(t.LastUsedAt), ExpiresAt: timeOut(t.ExpiresAt), Stamps: stamps(&t.Stamp),
	}
}

func (a *API) listTokens(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]auth.Token, error) {
		return a.People.Tokens(c.Request.Context(), principal(c), p)
	}, tokenOut, func(t *auth.Token) string { return t.ID })
}

// createToken takes no Idempotency-Key: what its repeat could answer would be
// a token that nobody can use.
func (a *API) createToken(c *gin.Context) error {
	var in client.CreateToken
	if _, err := bind(c, &in); err != nil {
		return err
	}
	t, secret, err := a.People.CreateToken(c.Request.Context(), principal(c), a.Format, auth.TokenFields{Name: in.Name, ExpiresAt: timeIn(in.ExpiresAt)})
	if err != nil {
		return err
	}
	return created(c, "/api/tokens/"+t.ID, t.Revision, client.CreatedToken{Token: tokenOut(&t), Secret: secret.Reveal()})
}

func (a *API) getToken(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	t, err := a.People.Token(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, t.Revision, tokenOut(&t))
}

func (a *API) revokeToken(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, a.People.RevokeToken(c.Request.Context(), principal(c), c.Param("id"), rev))
}
