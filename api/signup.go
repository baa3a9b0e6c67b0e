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

// What people do before they can sign in. No answer tells whether an e-mail
// address has a user.

// accepted answers what is done behind the answer.
func accepted(c *gin.Context, err error) error {
	if err != nil {
		return err
	}
	return answer(c, http.StatusAccepted, struct{}{})
}

func (a *API) signUp(c *gin.Context) error {
	var in client.SignUp
	if _, err := bind(c, &in); err != nil {
		return err
	}
	var f errs.Faults
	keys.CheckText(&f, "invitation", in.Invitation)
	if err := f.Err(); err != nil {
		return err
	}
	return accepted(c, a.People.SignUp(c.Request.Context(), auth.SignUpInput(in)))
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
	f.Check(token != "", "token", "is required")
	keys.CheckText(&f, "token", token)
	return f.Err()
}

func (a *API) confirmEmail(c *gin.Context) error {
	token, err := linkToken(c)
	if err != nil {
		return err
	}
	_, err = a.People.Confirm(c.Request.Context(), token)
	return empty(c, err)
}

func (a *API) forgotPassword(c *gin.Context) error {
	var in client.ForgottenPassword
	if _, err := bind(c, &in); err != nil {
		return err
	}
	return accepted(c, a.People.ForgotPassword(c.Request.Context(), in.Email))
}

func (a *API) resetPassword(c *gin.Context) error {
	var in client.ResetPassword
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := checkLinkToken(in.Token); err != nil {
		return err
	}
	return empty(c, a.People.ResetPassword(c.Request.Context(), in.Token, in.Password))
}

func (a *API) changePassword(c *gin.Context) error {
	var in client.ChangePassword
	if _, err := bind(c, &in); err != nil {
		return err
	}
	if err := checkTyped("old_password", in.OldPassword); err != nil {
		return err
	}
	return empty(c, a.People.ChangePassword(c.Request.Context(), principal(c), in.OldPassword, in.Password, in.KeepToken))
}

// checkTyped refuses what is nobody's password.
func checkTyped(field, password string) error {
	var f errs.Faults
	f.Check(len(password) <= auth.MaxPasswordBytes && !strings.ContainsRune(password, 0), field, "must have at most 1024 bytes and no NUL")
	return f.Err()
}
