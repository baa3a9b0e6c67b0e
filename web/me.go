package web

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/auth/oidc"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// mePages show and change the signed-in user's own account.
type mePages struct{ *site }

func (p *mePages) mount(g *gin.RouterGroup) {
	g.GET("/unsubscribe", p.open(p.unsubscribePage))
	g.POST("/unsubscribe", p.open(p.unsubscribe))
	g.GET("/me", p.member(p.me))
	g.POST("/me/profile", p.member(p.saveProfile))
	g.POST("/me/password", p.member(p.changePassword))
	g.POST("/me/reminders", p.member(p.setReminders))
	g.POST("/me/otp/begin", p.member(p.beginOTP))
	g.POST("/me/otp/enable", p.member(p.enableOTP))
	g.POST("/me/otp/disable", p.member(p.disableOTP))
	g.POST("/me/sessions/:id/end", p.member(p.endSession))
	g.POST("/me/sessions/end", p.member(p.endOtherSessions))
	g.POST("/me/tokens", p.member(p.createToken))
	g.POST("/me/tokens/:id/revoke", p.member(p.revokeToken))
	g.POST("/me/unlink", p.member(p.unlink))
}

// mePage is the page of the user's own account.
type mePage struct {
	User       auth.User
	Languages  []option
	OTP        bool
	Recovery   int // number of recovery codes left
	Sessions   []sessionRow
	Tokens     []auth.Token
	Identities []auth.Identity
	Providers  []oidc.Provider
	Pending    []auth.Link // new addresses that are not yet confirmed
	Reminders  bool        // the user gets mails before keys expire
	Token      string      // a new token, shown only once
	TokenName  string
	Confirm    bool   // a token that outlasts the session needs the password
	Once       string // makes a form that is sent twice create one token
}

type sessionRow struct {
	auth.Session
	Current bool
	Browser string
}

func (p *mePages) mePage(c *gin.Context) (mePage, error) {
	ctx, who := c.Request.Context(), principal(c)
	out := mePage{
		User: *who.User, OTP: who.User.OTP.Enabled(), Recovery: len(who.User.OTP.Recovery), Providers: p.Providers.List(),
		Once: ids.New(""), Confirm: who.MustConfirm(time.Now()), Languages: p.languages(c),
	}
	sessions, err := p.People.Sessions.List(ctx, who)
	if err != nil {
		return out, err
	}
	for _, s := range sessions {
		out.Sessions = append(out.Sessions, sessionRow{s, who.Session != nil && who.Session.ID == s.ID, p.browserOf(c, s.UserAgent)})
	}
	if out.Tokens, err = p.People.Tokens.List(ctx, who, keys.Page{Limit: 100}); err != nil {
		return out, err
	}
	if out.Identities, err = p.People.Users.Identities(ctx, who); err != nil {
		return out, err
	}
	if out.Pending, err = p.People.Users.PendingEmails(ctx, who); err != nil {
		return out, err
	}
	out.Reminders, err = p.Reminders.Wanted(ctx, who.ID())
	return out, err
}

// browserOf returns a short description of the browser.
func (p *mePages) browserOf(c *gin.Context, agent string) string {
	for _, b := range []struct {
		mark, name string
	}{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}} {
		if strings.Contains(agent, b.mark) {
			for _, s := range []struct {
				mark, name string
			}{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}} {
				if strings.Contains(agent, s.mark) {
					return p.with(c, "me.browser_on", b.name, s.name)
				}
			}
			return b.name
		}
	}
	if agent == "" {
		return p.say(c, "me.program")
	}
	return agent[:min(len(agent), 60)]
}

func (p *mePages) me(c *gin.Context) error { return p.showMe(c, http.StatusOK, nil, nil) }

// showMe shows the page after edit, if not nil, has changed it.
func (p *mePages) showMe(c *gin.Context, status int, wrong faults, edit func(*mePage)) error {
	out, err := p.mePage(c)
	if err != nil {
		return err
	}
	if edit != nil {
		edit(&out)
	}
	return p.show(c, status, "me", view{
		Title: p.say(c, "title.my_account"), Faults: wrong, Notice: p.say(c, "done."+c.Query("done")), Data: out,
	})
}

// after answers a change to the user's own account: faults on the page, or a
// redirect back to it.
func (p *mePages) after(c *gin.Context, err error, what string, edit func(*mePage), fields ...string) error {
	if wrong, ok := p.asFaults(c, err, fields...); ok {
		return p.showMe(c, http.StatusUnprocessableEntity, wrong, edit)
	}
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/me?done="+what)
	return nil
}

func (p *mePages) saveProfile(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	who := principal(c)
	_, err = p.People.Users.ChangeProfile(c.Request.Context(), who, keys.AnyRevision, func(f auth.UserFields) (auth.UserFields, error) {
		f.Name, f.Username, f.Email, f.Password = values.Get("name"), values.Get("username"), values.Get("email"), values.Get("current_password")
		if values.Has("language") {
			f.Language = values.Get("language")
		}
		return f, nil
	})
	what := "profile"
	if auth.CanonicalEmail(values.Get("email")) != who.User.FoldedEmail() {
		what = "email"
	}
	return p.after(c, err, what, func(m *mePage) {
		m.User.Name, m.User.Username, m.User.Email = values.Get("name"), values.Get("username"), values.Get("email")
	}, "name", "username", "email", "language", "current_password")
}

func (p *mePages) changePassword(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	err = p.People.Registration.ChangePassword(c.Request.Context(), principal(c), values.Get("old_password"), values.Get("password"), false)
	return p.after(c, err, "password", nil, "old_password", "password")
}

func (p *mePages) endSession(c *gin.Context) error {
	return p.after(c, p.People.Sessions.End(c.Request.Context(), principal(c), c.Param("id")), "session", nil)
}

func (p *mePages) endOtherSessions(c *gin.Context) error {
	return p.after(c, p.People.Sessions.SignOutEverywhere(c.Request.Context(), principal(c), true), "sessions", nil)
}

func (p *mePages) createToken(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	fields := auth.TokenFields{Name: values.Get("token_name")}
	if days := values.Get("days"); days != "" {
		var n int
		if _, err := fmt.Sscanf(days, "%d", &n); err != nil || n < 1 || n > 3650 {
			return errs.New(errs.Invalid, "choose_token_life")
		}
		fields.ExpiresAt = time.Now().Add(time.Duration(n) * 24 * time.Hour)
	}
	ctx, who := c.Request.Context(), principal(c)
	again := func(wrong faults) error {
		return p.showMe(c, http.StatusUnprocessableEntity, wrong, func(m *mePage) { m.TokenName = fields.Name })
	}
	if typed := values.Get("token_password"); typed != "" && who.MustConfirm(time.Now()) {
		if wrong, ok := p.asFaults(c, p.People.Sessions.ConfirmSession(ctx, who, typed, "token_password"), "token_password"); ok {
			return again(wrong)
		}
	}
	id, err := p.reserve(c, values, ids.Token)
	if err != nil {
		return err
	}
	fields.ID = id
	_, secret, err := p.People.Tokens.Create(ctx, who, p.Format, fields)
	if errors.Is(err, errs.Conflict) { // the same form was sent twice and the other one won
		return p.showMe(c, http.StatusOK, faults{"": p.say(c, "me.token_twice")}, nil)
	}
	if errors.Is(err, errs.Forbidden) && who.MustConfirm(time.Now()) {
		return again(faults{"token_password": p.say(c, "me.confirm_to_make")})
	}
	if wrong, ok := p.asFaults(c, renamed(err, "name", "token_name"), "token_name"); ok {
		return again(wrong)
	}
	if err != nil {
		return err
	}
	return p.showMe(c, http.StatusOK, nil, func(m *mePage) { m.Token = secret.Reveal() })
}

// renamed changes the name of a fault's field to the form's.
func renamed(err error, from, to string) error {
	e, ok := errors.AsType[*errs.Error](err)
	if !ok {
		return err
	}
	changed := *e
	changed.Fields = nil
	for _, f := range e.Fields {
		if f.Name == from {
			f.Name = to
		}
		changed.Fields = append(changed.Fields, f)
	}
	return &changed
}

func (p *mePages) revokeToken(c *gin.Context) error {
	return p.after(c, p.People.Tokens.Revoke(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision), "token", nil)
}

func (p *mePages) unlink(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	return p.after(c, p.People.Users.Unlink(c.Request.Context(), principal(c), values.Get("id")), "identity", nil)
}

// otpPage sets up a device and shows the recovery codes once.
type otpPage struct {
	Secret string
	QR     template.HTML
	Codes  []string
}

func (p *mePages) beginOTP(c *gin.Context) error {
	e, err := p.People.Codes.Begin(c.Request.Context(), principal(c))
	if err != nil {
		return err
	}
	return p.showOTP(c, http.StatusOK, e, nil)
}

func (p *mePages) showOTP(c *gin.Context, status int, e auth.Enrolment, wrong faults) error {
	picture, err := drawQR(e.URL, p.say(c, "otp.qr"))
	if err != nil {
		return err
	}
	return p.show(c, status, "otp", view{Title: p.say(c, "title.one_time_codes"), Faults: wrong, Data: otpPage{Secret: e.Secret, QR: picture}})
}

// drawQR draws the code as SVG with name as its label. It is dark on light in
// either theme, because cameras need that.
func drawQR(text, name string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("draw a QR code: %w", err)
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	svg := fmt.Sprintf(`<svg class="qr" viewBox="0 0 %d %d" role="img" aria-label="%s"><rect width="100%%" height="100%%" `+
		`fill="#fff"/><path fill="#000" d="%s"/></svg>`, size+8, size+8, template.HTMLEscapeString(name), path.String())
	return template.HTML(svg), nil //nolint:gosec // G203: contains only numbers
}

func (p *mePages) enableOTP(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	codes, err := p.People.Codes.Enable(c.Request.Context(), principal(c), values.Get("code"))
	if wrong, ok := p.asFaults(c, err, "code"); ok {
		e, err := p.People.Codes.Enrolment(c.Request.Context(), principal(c))
		if err != nil {
			return err
		}
		return p.showOTP(c, http.StatusUnprocessableEntity, e, wrong)
	}
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "otp", view{Title: p.say(c, "title.one_time_codes_are_on"), Data: otpPage{Codes: codes}})
}

func (p *mePages) disableOTP(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	ctx, who := c.Request.Context(), principal(c)
	err = p.People.Registration.ConfirmPassword(ctx, who, values.Get("otp_password"), "otp_password")
	if err == nil {
		err = p.People.Codes.Disable(ctx, who, who.ID())
	}
	return p.after(c, err, "otp", nil, "otp_password")
}
