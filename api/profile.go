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

// What users do with themselves.

func profileOut(f auth.UserFields) client.MeSettings {
	return client.MeSettings{Name: f.Name, Username: f.Username, Email: f.Email}
}

func profileIn(s client.MeSettings) auth.UserFields {
	return auth.UserFields{Name: s.Name, Username: s.Username, Email: s.Email, Password: s.CurrentPassword}
}

// showMe answers who the principal is. Only users have a revision.
func showMe(c *gin.Context, p *auth.Principal) error {
	if p.Kind != auth.UserKind {
		return answer(c, http.StatusOK, meOut(p))
	}
	return show(c, http.StatusOK, p.User.Revision, meOut(p))
}

func (a *API) patchMe(c *gin.Context) error {
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
	u, err := a.People.ChangeProfile(c.Request.Context(), &changed, rev, edit(typed, profileOut, profileIn))
	if err != nil {
		return err
	}
	changed.User = &u
	return showMe(c, &changed)
}

func (a *API) beginOTP(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	e, err := a.People.BeginOTP(c.Request.Context(), principal(c))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.OTPEnrolment{Secret: e.Secret, URL: e.URL})
}

func (a *API) enableOTP(c *gin.Context) error {
	var in client.OTPCode
	if _, err := bind(c, &in); err != nil {
		return err
	}
	var f errs.Faults
	f.Check(in.Code != "", "code", "is required")
	keys.CheckText(&f, "code", in.Code)
	if err := f.Err(); err != nil {
		return err
	}
	codes, err := a.People.EnableOTP(c.Request.Context(), principal(c), in.Code)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, client.RecoveryCodes{RecoveryCodes: codes})
}

func (a *API) disableOTP(c *gin.Context) error {
	var in client.ConfirmPassword
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := checkTyped("password", in.Password); err != nil {
		return err
	}
	ctx, p := c.Request.Context(), principal(c)
	if err := a.People.ConfirmPassword(ctx, p, in.Password, "password"); err != nil {
		return err
	}
	return empty(c, a.People.DisableOTP(ctx, p, p.ID()))
}

// resetOTP helps a user who lost the device.
func (a *API) resetOTP(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return deleted(c, a.People.DisableOTP(c.Request.Context(), principal(c), c.Param("id")))
}

func (a *API) listIdentities(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	all, err := a.People.Identities(c.Request.Context(), principal(c))
	if err != nil {
		return err
	}
	out := client.List[client.Identity]{Items: make([]client.Identity, 0, len(all))}
	for _, i := range all {
		out.Items = append(out.Items, client.Identity{ID: i.ID(), Provider: i.Provider, Subject: i.Subject, Email: i.Email, Stamps: stamps(&i.Stamp)})
	}
	return answer(c, http.StatusOK, out)
}

func (a *API) unlinkIdentity(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return deleted(c, a.People.Unlink(c.Request.Context(), principal(c), c.Param("id")))
}
