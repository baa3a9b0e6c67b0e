package api

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// signUpHandlers let people sign up and reset their passwords.
type signUpHandlers struct {
	people *auth.People
}

func (h *signUpHandlers) routes() []route {
	anybody, known := auth.AllowAny(), auth.IsAuthenticated()
	return []route{
		{"POST", "/api/signup", anybody, h.signUp, open, nil},
		{"POST", "/api/email/confirm", anybody, h.confirmEmail, open, nil},
		{"POST", "/api/password/forgotten", anybody, h.forgotPassword, open, nil},
		{"POST", "/api/password/reset", anybody, h.resetPassword, open, nil},
		{"POST", "/api/password/change", known, h.changePassword, guarded, client.ChangePassword{}},
	}
}

// Actions before signing in. No answer reveals whether an e-mail address belongs
// to a user.

// accepted answers 202: the work continues after the answer.
func accepted(c *gin.Context, err error) error {
	if err != nil {
		return err
	}
	return answer(c, http.StatusAccepted, struct{}{})
}

func (h *signUpHandlers) signUp(c *gin.Context) error {
	var in client.SignUp
	if _, err := bind(c, &in); err != nil {
		return err
	}
	var f errs.Faults
	keys.CheckText(&f, "invitation", in.Invitation)
	if err := f.Err(); err != nil {
		return err
	}
	return accepted(c, h.people.Registration.SignUp(c.Request.Context(), auth.SignUpInput(in)))
}

// linkToken reads the token of a mailed link.
func linkToken(c *gin.Context) (string, error) {
	var in client.LinkToken
	if _, err := bind(c, &in); err != nil {
		return "", err
	}
	return in.Token, checkLinkToken(in.Token)
}

func checkLinkToken(token string) error {
	var f errs.Faults
	f.Check(token != "", "token", "required")
	keys.CheckText(&f, "token", token)
	return f.Err()
}

func (h *signUpHandlers) confirmEmail(c *gin.Context) error {
	token, err := linkToken(c)
	if err != nil {
		return err
	}
	_, err = h.people.Registration.Confirm(c.Request.Context(), token)
	return empty(c, err)
}

func (h *signUpHandlers) forgotPassword(c *gin.Context) error {
	var in client.ForgottenPassword
	if _, err := bind(c, &in); err != nil {
		return err
	}
	return accepted(c, h.people.Registration.ForgotPassword(c.Request.Context(), in.Email))
}

func (h *signUpHandlers) resetPassword(c *gin.Context) error {
	var in client.ResetPassword
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := checkLinkToken(in.Token); err != nil {
		return err
	}
	return empty(c, h.people.Registration.ResetPassword(c.Request.Context(), in.Token, in.Password))
}

func (h *signUpHandlers) changePassword(c *gin.Context) error {
	var in client.ChangePassword
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := checkTyped("old_password", in.OldPassword); err != nil {
		return err
	}
	return empty(c, h.people.Registration.ChangePassword(c.Request.Context(), principal(c), in.OldPassword, in.Password, in.KeepToken))
}

// checkTyped refuses text that cannot be a password.
func checkTyped(field, password string) error {
	var f errs.Faults
	f.Check(len(password) <= auth.MaxPasswordBytes && !strings.ContainsRune(password, 0), field, "password_too_long")
	return f.Err()
}
