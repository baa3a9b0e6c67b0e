package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// profileHandlers serve the signed-in user's own profile.
type profileHandlers struct {
	people *auth.People
}

func (h *profileHandlers) routes() []route {
	known := auth.IsAuthenticated()
	return []route{
		{"GET", "/api/me", known, h.me, guarded, nil},
		{"PATCH", "/api/me", known, h.patchMe, guarded, client.MeSettings{}},
		{"PUT", "/api/me", known, h.patchMe, guarded, client.MeSettings{}},
		{"POST", "/api/me/otp", known, h.beginOTP, guarded, nil},
		{"POST", "/api/me/otp/enable", known, h.enableOTP, guarded, client.OTPCode{}},
		{"POST", "/api/me/otp/disable", known, h.disableOTP, guarded, client.ConfirmPassword{}},
		{"GET", "/api/me/identities", known, h.listIdentities, guarded, nil},
		{"DELETE", "/api/me/identities/:id", known, h.unlinkIdentity, guarded, nil},
	}
}

// Actions of users on their own profile.

func profileOut(f auth.UserFields) client.MeSettings {
	return client.MeSettings{Name: f.Name, Username: f.Username, Email: f.Email, Language: f.Language}
}

func profileIn(s client.MeSettings) auth.UserFields {
	return auth.UserFields{Name: s.Name, Username: s.Username, Email: s.Email, Language: s.Language, Password: s.CurrentPassword}
}

// showMe answers the principal. Only users have a revision.
func showMe(c *gin.Context, p *auth.Principal) error {
	if p.Kind != auth.UserKind {
		return answer(c, http.StatusOK, meOut(p))
	}
	return show(c, http.StatusOK, p.User.Revision, meOut(p))
}

func (h *profileHandlers) patchMe(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.MeSettings](c)
	if err != nil {
		return err
	}
	typed := func(current client.MeSettings) (client.MeSettings, error) {
		s, err := change(current)
		if err != nil {
			return s, err
		}
		return s, checkTyped("current_password", s.CurrentPassword)
	}
	changed := *principal(c)
	u, err := h.people.Users.ChangeProfile(c.Request.Context(), &changed, rev, edit(typed, profileOut, profileIn))
	if err != nil {
		return err
	}
	changed.User = &u
	return showMe(c, &changed)
}

func (h *profileHandlers) beginOTP(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	e, err := h.people.Codes.Begin(c.Request.Context(), principal(c))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.OTPEnrolment{Secret: e.Secret, URL: e.URL})
}

func (h *profileHandlers) enableOTP(c *gin.Context) error {
	var in client.OTPCode
	if _, err := bind(c, &in); err != nil {
		return err
	}
	var f errs.Faults
	f.Check(in.Code != "", "code", "required")
	keys.CheckText(&f, "code", in.Code)
	if err := f.Err(); err != nil {
		return err
	}
	codes, err := h.people.Codes.Enable(c.Request.Context(), principal(c), in.Code)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.RecoveryCodes{RecoveryCodes: codes})
}

func (h *profileHandlers) disableOTP(c *gin.Context) error {
	var in client.ConfirmPassword
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := checkTyped("password", in.Password); err != nil {
		return err
	}
	ctx, p := c.Request.Context(), principal(c)
	if err := h.people.Registration.ConfirmPassword(ctx, p, in.Password, "password"); err != nil {
		return err
	}
	return empty(c, h.people.Codes.Disable(ctx, p, p.ID()))
}

func (h *profileHandlers) listIdentities(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	all, err := h.people.Users.Identities(c.Request.Context(), principal(c))
	if err != nil {
		return err
	}
	out := client.List[client.Identity]{Items: make([]client.Identity, 0, len(all))}
	for _, i := range all {
		out.Items = append(out.Items, client.Identity{
			ID: i.ID(), Provider: i.Provider, Subject: i.Subject, Email: i.Email,
			Stamps: stamps(&i.Stamp),
		})
	}
	return answer(c, http.StatusOK, out)
}

func (h *profileHandlers) unlinkIdentity(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return deleted(c, h.people.Users.Unlink(c.Request.Context(), principal(c), c.Param("id")))
}

func (h *profileHandlers) me(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return showMe(c, principal(c))
}
