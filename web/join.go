package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
)

// joinPages let people sign up, accept invitations and choose a password.
type joinPages struct{ *site }

func (p *joinPages) mount(g *gin.RouterGroup) {
	g.GET("/signup", p.open(p.signUpPage))
	g.POST("/signup", p.open(p.signUp))
	g.GET("/confirm", p.open(p.confirmPage))
	g.POST("/confirm", p.open(p.confirm))
	g.GET("/invitation", p.open(p.invitationPage))
	g.POST("/invitation", p.member(p.acceptInvitation))
	g.POST("/invitation/signup", p.open(p.joinByInvitation))
	g.GET("/password/forgotten", p.open(p.forgottenPage))
	g.POST("/password/forgotten", p.open(p.forgotten))
	g.GET("/password/new", p.open(p.newPasswordPage))
	g.POST("/password/new", p.open(p.newPassword))
}

// joinForm is the form of someone who signs up, without the password, and the
// invitation that they accept.
type joinForm struct {
	Email, Name  string
	Token        string
	Organization string
	Inviter      string // "" if unknown
	Role         auth.Role
	Known        bool // signed in as the invited user
	Other        bool // signed in as another user
	Closed       bool // only existing users can accept
	Providers    []oidc.Provider
}

func (p *joinPages) signUpPage(c *gin.Context) error {
	if p.People.Signup != auth.SignupOpen {
		return errs.New(errs.NotFound, "sign_up_closed")
	}
	return p.show(c, http.StatusOK, "signup", view{Title: p.say(c, "title.sign_up"), Data: joinForm{Providers: p.Providers.List()}})
}

func (p *joinPages) signUp(c *gin.Context) error {
	values, err := p.openForm(c)
	if err != nil {
		return err
	}
	typed := joinForm{Email: values.Get("email"), Name: values.Get("name"), Providers: p.Providers.List()}
	err = p.People.Registration.SignUp(c.Request.Context(), auth.SignUpInput{
		Email: typed.Email, Name: typed.Name,
		Password: values.Get("password"),
	})
	if wrong, ok := p.asFaults(c, err, "email", "name", "password"); ok {
		return p.show(c, http.StatusUnprocessableEntity, "signup", view{Title: p.say(c, "title.sign_up"), Faults: wrong, Data: typed})
	}
	if err != nil {
		return err
	}
	return p.lookIntoMail(c, "told.look_signup", typed.Email)
}

// way is the link at the end of a page with a single message.
type way struct{ Path, Label string }

// lookIntoMail says that a mail was sent or, without a mail server, who has the
// link.
func (p *joinPages) lookIntoMail(c *gin.Context, what, email string) error {
	if p.People.InvitationAddress != nil {
		return p.told(c, p.say(c, "told.no_mail"), p.with(c, "told.no_mail_text", email), p.toSignIn(c))
	}
	return p.told(c, p.say(c, "told.look"), p.with(c, what, email), p.toSignIn(c))
}

func (p *joinPages) toSignIn(c *gin.Context) way { return way{"/login", p.say(c, "told.to_sign_in")} }

func (p *joinPages) toStart(c *gin.Context) way { return way{"/", p.say(c, "told.to_start")} }

// told shows a page with a single message.
func (p *site) told(c *gin.Context, title, text string, on way) error {
	return p.show(c, http.StatusOK, "told", view{Title: title, Notice: text, Data: on})
}

// overOr shows that a link no longer works and how to get another. It returns any
// other error.
func (p *site) overOr(c *gin.Context, err error, on way) error {
	if errs.KindOf(err) != errs.NotFound {
		return err
	}
	_, public := httpx.Public(err)
	return p.show(c, http.StatusNotFound, "told", view{
		Title: p.say(c, "title.this_link_is_over"), Notice: public.Text.In(p.onPage(c)), Data: on,
	})
}

// confirmPage asks for a click, because mail scanners follow links.
func (p *joinPages) confirmPage(c *gin.Context) error {
	return p.show(c, http.StatusOK, "confirm", view{Title: p.say(c, "title.confirm_your_address"), Data: c.Query("token")})
}

func (p *joinPages) confirm(c *gin.Context) error {
	values, err := p.openForm(c)
	if err != nil {
		return err
	}
	u, err := p.People.Registration.Confirm(c.Request.Context(), values.Get("token"))
	if err != nil {
		return p.overOr(c, err, p.toSignIn(c))
	}
	who, err := p.whoever(c)
	if err != nil {
		return err
	}
	if who != nil && who.ID() == u.ID {
		return p.told(c, p.say(c, "told.confirmed"), p.with(c, "told.confirmed_mine", u.Email), way{"/me", p.say(c, "told.to_account")})
	}
	return p.told(c, p.say(c, "told.confirmed"), p.with(c, "told.confirmed_new", u.Email), p.toSignIn(c))
}

// invitationForm shows the invitation to anyone who opens its link.
func (p *joinPages) invitationForm(c *gin.Context, token string) (joinForm, error) {
	l, o, err := p.People.Invitations.Invited(c.Request.Context(), token)
	if err != nil {
		return joinForm{}, err
	}
	f := joinForm{
		Email: l.Email, Token: token, Organization: o.Name, Role: l.Role, Closed: p.People.Signup == auth.SignupClosed,
		Providers: p.Providers.List(),
	}
	if f.Inviter, err = p.People.Invitations.Inviter(c.Request.Context(), l); err != nil {
		return f, err
	}
	who, err := p.whoever(c)
	if err != nil || who == nil {
		return f, err
	}
	f.Known = l.For(who.User)
	f.Other = !f.Known
	return f, nil
}

// whoever returns the signed-in user, or nil, and makes the page show them.
func (p *joinPages) whoever(c *gin.Context) (*auth.Principal, error) {
	who, err := p.Sessions.Authenticate(c.Request)
	if err != nil || who == nil {
		return nil, err
	}
	c.Request = c.Request.WithContext(auth.With(c.Request.Context(), who))
	p.reading(c)
	return who, nil
}

func (p *joinPages) invitationPage(c *gin.Context) error {
	f, err := p.invitationForm(c, c.Query("token"))
	if err != nil {
		return p.overOr(c, err, p.toStart(c))
	}
	return p.show(c, http.StatusOK, "invitation", view{Title: p.say(c, "title.you_are_invited"), Data: f})
}

func (p *joinPages) acceptInvitation(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	token := values.Get("token")
	m, err := p.People.Invitations.Accept(c.Request.Context(), principal(c), token)
	if wrong, ok := p.asFaults(c, err); ok {
		f, err := p.invitationForm(c, token)
		if err != nil {
			return err
		}
		return p.show(c, http.StatusUnprocessableEntity, "invitation", view{Title: p.say(c, "title.you_are_invited"), Faults: wrong, Data: f})
	}
	if err != nil {
		return p.overOr(c, err, p.toStart(c))
	}
	c.Redirect(http.StatusSeeOther, "/organizations/"+m.OrganizationID)
	return nil
}

// joinByInvitation creates a user for the invited person and signs them in.
func (p *joinPages) joinByInvitation(c *gin.Context) error {
	values, err := p.openForm(c)
	if err != nil {
		return err
	}
	token, name, password := values.Get("token"), values.Get("name"), values.Get("password")
	f, err := p.invitationForm(c, token)
	if err != nil {
		return p.overOr(c, err, p.toSignIn(c))
	}
	ctx := c.Request.Context()
	err = p.People.Registration.SignUp(ctx, auth.SignUpInput{Email: f.Email, Name: name, Password: password, Invitation: token})
	if wrong, ok := p.asFaults(c, err, "name", "password"); ok {
		f.Name = name
		return p.show(c, http.StatusUnprocessableEntity, "invitation", view{Title: p.say(c, "title.you_are_invited"), Faults: wrong, Data: f})
	}
	if err != nil {
		return err
	}
	session, _, _, err := p.People.Sessions.SignIn(ctx, auth.Login{Name: f.Email, Password: password})
	if err != nil {
		return err
	}
	return p.begin(c, session, "/")
}

// forgotForm is the form of someone who forgot their password.
type forgotForm struct{ Email, Token string }

func (p *joinPages) forgottenPage(c *gin.Context) error {
	return p.show(c, http.StatusOK, "forgotten", view{Title: p.say(c, "title.forgotten_password"), Data: forgotForm{}})
}

func (p *joinPages) forgotten(c *gin.Context) error {
	values, err := p.openForm(c)
	if err != nil {
		return err
	}
	typed := forgotForm{Email: values.Get("email")}
	err = p.People.Registration.ForgotPassword(c.Request.Context(), typed.Email)
	if wrong, ok := p.asFaults(c, err, "email"); ok {
		return p.show(c, http.StatusUnprocessableEntity, "forgotten", view{
			Title:  p.say(c, "title.forgotten_password"),
			Faults: wrong, Data: typed,
		})
	}
	if err != nil {
		return err
	}
	return p.lookIntoMail(c, "told.look_forgotten", typed.Email)
}

func (p *joinPages) newPasswordPage(c *gin.Context) error {
	return p.show(c, http.StatusOK, "password-new", view{Title: p.say(c, "title.new_password"), Data: forgotForm{Token: c.Query("token")}})
}

func (p *joinPages) newPassword(c *gin.Context) error {
	values, err := p.openForm(c)
	if err != nil {
		return err
	}
	typed := forgotForm{Token: values.Get("token")}
	err = p.People.Registration.ResetPassword(c.Request.Context(), typed.Token, values.Get("password"))
	if wrong, ok := p.asFaults(c, err, "password"); ok {
		return p.show(c, http.StatusUnprocessableEntity, "password-new", view{Title: p.say(c, "title.new_password"), Faults: wrong, Data: typed})
	}
	if err != nil {
		return p.overOr(c, err, way{"/password/forgotten", p.say(c, "told.another_link")})
	}
	return p.told(c, p.say(c, "told.password_set"), p.say(c, "told.password_set_text"), p.toSignIn(c))
}
