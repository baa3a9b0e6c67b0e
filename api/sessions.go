package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
)

// sessionHandlers begin and end sessions.
type sessionHandlers struct {
	chain  *auth.Chain
	csrf   *auth.CSRF
	people *auth.People
}

func (h *sessionHandlers) routes() []route {
	anybody, known := auth.AllowAny(), auth.IsAuthenticated()
	return []route{
		{"POST", "/api/session", anybody, h.signIn, open, nil},
		{"GET", "/api/session", known, h.getSession, guarded, nil},
		{"DELETE", "/api/session", known, h.signOut, guarded, nil},
		{"POST", "/api/session/confirm", known, h.confirmSession, guarded, client.ConfirmPassword{}},
		{"GET", "/api/sessions", known, h.listSessions, guarded, nil},
		{"DELETE", "/api/sessions", known, h.signOutEverywhere, guarded, nil},
		{"DELETE", "/api/sessions/:id", known, h.endSession, guarded, nil},
	}
}

// signIn begins a session, as the portal's form does. It is safe from other
// sites: they can send neither JSON nor a form with the CSRF token, and the
// browser sends the request's origin.
func (h *sessionHandlers) signIn(c *gin.Context) error {
	if !h.chain.Has("session") {
		return errs.New(errs.NotFound, "sessions_off")
	}
	if err := h.csrf.CheckOrigin(c.Request); err != nil {
		return err
	}
	if kind, _ := formKind(c.Request); kind != "" {
		if err := h.csrf.Check(c.Request); err != nil {
			return err
		}
	}
	in, err := bindSignIn(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	token, _, u, err := h.people.Sessions.SignIn(ctx, login(in))
	if err != nil {
		return err
	}
	p, err := h.people.Users.Principal(ctx, u)
	if err != nil {
		return err
	}
	p.Scheme = "session"
	if err := h.people.Sessions.EndReplaced(c.Request); err != nil {
		return err
	}
	http.SetCookie(c.Writer, auth.NewSessionCookie(token, proxies.ClientOf(ctx).Secure))
	h.csrf.Renew(c.Writer, c.Request)
	return answer(c, http.StatusOK, meOut(p))
}

// getSession returns the signed-in user and when the session ends.
func (h *sessionHandlers) getSession(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	p := principal(c)
	if p.Session == nil {
		return errNoSession
	}
	return answer(c, http.StatusOK, client.SignedIn{Session: sessionOut(p.Session, p), User: meOut(p)})
}

var errNoSession = errs.New(errs.Conflict, "no_session_request")

func sessionOut(s *auth.Session, p *auth.Principal) client.Session {
	return client.Session{
		ID: s.ID, CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, ExpiresAt: s.ExpiresAt, Address: s.Address, UserAgent: s.UserAgent,
		Current: p.Session != nil && p.Session.ID == s.ID,
	}
}

func (h *sessionHandlers) signOut(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return deleted(c, h.leave(c))
}

// leave ends the request's session and removes its cookie.
func (h *sessionHandlers) leave(c *gin.Context) error {
	p := principal(c)
	if p.Session == nil {
		return errNoSession
	}
	if err := h.people.Sessions.SignOut(c.Request.Context(), p); err != nil {
		return err
	}
	http.SetCookie(c.Writer, auth.NewSessionCookie("", proxies.ClientOf(c.Request.Context()).Secure))
	return nil
}

// confirmSession asks for the user's password again, so that the tokens they make
// next may outlast the session.
func (h *sessionHandlers) confirmSession(c *gin.Context) error {
	var in client.ConfirmPassword
	if _, err := bind(c, &in); err != nil {
		return err
	}
	p := principal(c)
	if err := h.people.Sessions.ConfirmSession(c.Request.Context(), p, in.Password, "password"); err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.SignedIn{Session: sessionOut(p.Session, p), User: meOut(p)})
}

func (h *sessionHandlers) listSessions(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	p := principal(c)
	all, err := h.people.Sessions.List(c.Request.Context(), p)
	if err != nil {
		return err
	}
	out := client.List[client.Session]{Items: make([]client.Session, 0, len(all))}
	for i := range all {
		out.Items = append(out.Items, sessionOut(&all[i], p))
	}
	return answer(c, http.StatusOK, out)
}

func (h *sessionHandlers) endSession(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return deleted(c, h.people.Sessions.End(c.Request.Context(), principal(c), c.Param("id")))
}

// signOutEverywhere ends all sessions and signed tokens of the user. With
// keep_current it keeps the session of the request.
func (h *sessionHandlers) signOutEverywhere(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	keep := q.Flag("keep_current")
	if err := q.Err(); err != nil {
		return err
	}
	p := principal(c)
	if p.Kind != auth.UserKind {
		return errs.New(errs.Forbidden, "only_users_sessions")
	}
	return deleted(c, h.people.Sessions.SignOutEverywhere(c.Request.Context(), p, keep))
}
