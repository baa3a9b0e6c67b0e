package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oauth"
	"github.com/latchkey/latchkey/auth/signing"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/verdicts"
	"github.com/latchkey/latchkey/verify"
)

// oauthHandlers serve OAuth 2.0.
type oauthHandlers struct {
	throttle func(*gin.Context, *auth.Principal) error
	edge     *httpx.Edge
	ring     *signing.Keyring
	server   *oauth.Server
}

func (h *oauthHandlers) routes() []route {
	anybody := auth.AllowAny()
	return []route{
		{"POST", "/oauth/token", anybody, h.oauthToken, asClient, nil},
		{"POST", "/oauth/introspect", anybody, h.oauthIntrospect, asClient, nil},
		{"POST", "/oauth/revoke", anybody, h.oauthRevoke, asClient, nil},
		{"GET", "/.well-known/oauth-authorization-server", anybody, h.oauthMetadata, free, nil},
		{"GET", "/.well-known/jwks.json", anybody, h.jwks, free, nil},
	}
}

// oauthForm reads the form and the client's credentials, which come in HTTP Basic
// or in the form (RFC 6749 section 2.3.1), but not both.
func oauthForm(c *gin.Context) (url.Values, oauth.Credentials, error) {
	values, err := formBody(c)
	if err != nil {
		if errors.Is(err, errs.TooLarge) {
			return nil, oauth.Credentials{}, tooLargeForOAuth(err)
		}
		_, public := httpx.Public(err)
		return nil, oauth.Credentials{}, &oauth.Error{Code: oauth.InvalidRequest, Description: describe(explain(public))}
	}
	in := oauth.Credentials{ID: values.Get("client_id"), Secret: values.Get("client_secret")}
	id, secret, basic := c.Request.BasicAuth()
	switch {
	case c.GetHeader("Authorization") == "":
		return values, in, nil
	case !basic: // a bad header fails even if the body has good credentials
		return nil, in, &oauth.Error{
			Code: oauth.InvalidClient, Description: "the Authorization header must be HTTP Basic of client_id and client_secret", Challenge: true,
		}
	}
	if in.Secret != "" || (in.ID != "" && in.ID != id) {
		return nil, in, &oauth.Error{Code: oauth.InvalidRequest, Description: "send the client's credentials once: by HTTP Basic or in the body"}
	}
	// Both are form-encoded inside Basic.
	unescapedID, errID := url.QueryUnescape(id)
	unescapedSecret, errSecret := url.QueryUnescape(secret)
	if errID != nil || errSecret != nil {
		return nil, in, &oauth.Error{
			Code: oauth.InvalidClient, Description: "the credentials inside of HTTP Basic must be form-encoded", Challenge: true,
		}
	}
	return values, oauth.Credentials{ID: unescapedID, Secret: unescapedSecret, Basic: true}, nil
}

// tooLargeForOAuth turns the error for a body that is too large into an OAuth 2.0
// error.
func tooLargeForOAuth(err error) error {
	_, public := httpx.Public(err)
	return &oauth.Error{Code: oauth.InvalidRequest, Description: describe(public.Text.String()), TooLarge: true}
}

// busyForOAuth turns the error of a throttled request into an OAuth 2.0 error.
func busyForOAuth(err error) error {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind != errs.Limited {
		return err
	}
	return &oauth.Error{Code: oauth.TemporarilyUnavailable, Description: describe(e.Text.String()), RetryAfter: e.RetryAfter}
}

// explain says in one sentence which fields are wrong.
func explain(e *errs.Error) string {
	text := e.Text.String()
	for _, f := range e.Fields {
		text += "; " + f.Name + " " + f.String()
	}
	return text
}

// describe removes characters that error_description must not contain.
func describe(text string) string {
	out := []byte(text)
	for i, b := range out {
		if b < 0x20 || b > 0x7e || b == '"' || b == '\\' {
			out[i] = '?'
		}
	}
	return string(out)
}

// oauthError is the body of an error (RFC 6749 section 5.2).
type oauthError struct {
	Error       oauth.Code `json:"error"`
	Description string     `json:"error_description,omitempty"`
}

// answerOAuth renders answers and errors as OAuth 2.0 clients expect them.
func answerOAuth(edge *httpx.Edge, c *gin.Context, body any, err error) error {
	c.Header("Pragma", "no-cache")
	if err == nil {
		return answer(c, http.StatusOK, body)
	}
	if c.Request.Context().Err() != nil {
		return err
	}
	refusal, ok := errors.AsType[*oauth.Error](err)
	if !ok {
		status, public := httpx.Public(err)
		edge.Log(c, status, err, c.Writer.Header().Get(httpx.RequestIDHeader))
		refusal = &oauth.Error{Code: oauth.ServerError, Description: describe(public.Text.String())}
		if status == http.StatusServiceUnavailable {
			refusal.Code = oauth.TemporarilyUnavailable
			c.Header("Retry-After", strconv.FormatInt(verdicts.WholeSeconds(public.RetryAfter), 10))
		}
	}
	if refusal.Challenge {
		c.Header("WWW-Authenticate", `Basic realm="latchkey"`)
	}
	if refusal.RetryAfter > 0 {
		c.Header("Retry-After", strconv.FormatInt(verdicts.WholeSeconds(refusal.RetryAfter), 10))
	}
	text, err := json.Marshal(oauthError{refusal.Code, refusal.Description})
	if err != nil {
		return err
	}
	c.Data(refusal.Status(), jsonType, text)
	return nil
}

// oauthCall reads a client's request, calls do and renders its answer. It charges
// an authenticated client rather than its address, which may be shared with
// clients whose credentials are wrong.
func (h *oauthHandlers) oauthCall(c *gin.Context, do func(context.Context, url.Values, *verify.Grant) (any, error)) error {
	values, in, err := oauthForm(c)
	var client *verify.Grant
	if err == nil {
		client, err = h.server.Client(c.Request.Context(), in)
	}
	who := auth.Nobody()
	if err == nil {
		who = auth.AccountPrincipal(client)
	}
	if throttled := h.throttle(c, who); throttled != nil {
		err = busyForOAuth(throttled)
	}
	if err != nil {
		return answerOAuth(h.edge, c, nil, err)
	}
	body, err := do(c.Request.Context(), values, client)
	return answerOAuth(h.edge, c, body, err)
}

func (h *oauthHandlers) oauthToken(c *gin.Context) error {
	return h.oauthCall(c, func(_ context.Context, v url.Values, client *verify.Grant) (any, error) {
		return h.server.Token(client, v.Get("grant_type"), v.Get("scope"))
	})
}

func (h *oauthHandlers) oauthIntrospect(c *gin.Context) error {
	return h.oauthCall(c, func(ctx context.Context, v url.Values, client *verify.Grant) (any, error) {
		return h.server.Introspect(ctx, client, v.Get("token"))
	})
}

func (h *oauthHandlers) oauthRevoke(c *gin.Context) error {
	return h.oauthCall(c, func(ctx context.Context, v url.Values, client *verify.Grant) (any, error) {
		return struct{}{}, h.server.Revoke(ctx, client, v.Get("token"))
	})
}

func (h *oauthHandlers) oauthMetadata(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=3600")
	return answer(c, http.StatusOK, h.server.Metadata())
}

// jwks sets a cache lifetime shorter than the time between the announcement of a
// key and its first signature.
func (h *oauthHandlers) jwks(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	set, err := h.ring.JWKS()
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "application/jwk-set+json", set)
	return nil
}
