package api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
)

// djangoHandlers serve paths from the documentation of Django REST Framework:
// obtain_auth_token at its documented path, and sign-in and sign-out of the
// browsable API. They are aliases of operations in openapi.yaml.
type djangoHandlers struct {
	sessions *sessionHandlers
	chain    *auth.Chain
	csrf     *auth.CSRF
	format   keys.Format
	people   *auth.People
}

func (h *djangoHandlers) routes() []route {
	anybody := auth.AllowAny()
	return []route{
		{"POST", "/api-token-auth", anybody, h.obtainAuthToken, open, nil},
		{"GET", "/api-auth/login", anybody, toSignIn, open, nil},
		{"POST", "/api-auth/login", anybody, h.browserSignIn, open, nil},
		{"POST", "/api-auth/logout", auth.IsAuthenticated(), h.browserSignOut, guarded, nil},
	}
}

// obtainAuthToken answers a token, never a pair.
func (h *djangoHandlers) obtainAuthToken(c *gin.Context) error {
	if !h.chain.Has("token") {
		return errs.New(errs.NotFound, "tokens_off")
	}
	in, err := bindSignIn(c)
	if err != nil {
		return err
	}
	secret, err := h.people.Tokens.ObtainToken(c.Request.Context(), login(in), h.format)
	if err != nil {
		return noToken(err)
	}
	return answer(c, http.StatusOK, client.ObtainedToken{Token: secret.Reveal()})
}

// toSignIn redirects to the portal's sign-in form, which then returns to next.
func toSignIn(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	next := q.Text("next")
	if err := q.Err(); err != nil {
		return err
	}
	c.Redirect(http.StatusFound, "/login?next="+url.QueryEscape(localPath(next, "/api/")))
	return nil
}

// onward holds the address that a Django form redirects to.
type onward struct {
	client.SignIn
	Next string `json:"next"`
}

// browserSignIn begins a session and redirects, as Django's form does.
func (h *djangoHandlers) browserSignIn(c *gin.Context) error {
	if !h.chain.Has("session") {
		return errs.New(errs.NotFound, "sessions_off")
	}
	if err := h.csrf.Check(c.Request); err != nil {
		return err
	}
	var in onward
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := checkSignIn(in.SignIn); err != nil {
		return err
	}
	token, _, _, err := h.people.Sessions.SignIn(c.Request.Context(), login(in.SignIn))
	if err != nil {
		return noToken(err)
	}
	if err := h.people.Sessions.EndReplaced(c.Request); err != nil {
		return err
	}
	http.SetCookie(c.Writer, auth.NewSessionCookie(token, proxies.ClientOf(c.Request.Context()).Secure))
	h.csrf.Renew(c.Writer, c.Request)
	c.Redirect(http.StatusFound, localPath(in.Next, "/api/"))
	return nil
}

// browserSignOut ends the session and redirects.
func (h *djangoHandlers) browserSignOut(c *gin.Context) error {
	var in struct {
		Next string `json:"next"`
	}
	if _, err := bindOptional(c, &in); err != nil {
		return err
	}
	if err := h.sessions.leave(c); err != nil {
		return err
	}
	c.Redirect(http.StatusFound, localPath(in.Next, "/login"))
	return nil
}

// localPath returns path, or otherwise if path leads to another host.
func localPath(path, otherwise string) string {
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsAny(path, "\\\t\r\n") {
		return otherwise
	}
	return path
}
