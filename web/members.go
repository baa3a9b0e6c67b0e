package web

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// organizationPages show organizations and their members.
type organizationPages struct{ *site }

func (p *organizationPages) mount(g *gin.RouterGroup) {
	g.GET("/organizations", p.member(p.listOrganizations))
	g.GET("/organizations/:id", p.member(p.showOrganization))
	g.POST("/organizations/:id/invite", p.member(p.invite))
	g.GET("/organizations/:id/invitations/:invitation/withdraw", p.member(p.withdrawPage))
	g.GET("/organizations/:id/members/:user/remove", p.member(p.removePage))
	g.POST("/organizations/:id/invitations/:invitation/withdraw", p.member(p.withdraw))
	g.POST("/organizations/:id/members/:user/role", p.member(p.changeRole))
	g.POST("/organizations/:id/members/:user/remove", p.member(p.removeMember))
}

type organizationsPage struct {
	Rows []organizationRow
	Next string
}

type organizationRow struct {
	keys.Organization
	Role auth.Role
}

func (p *organizationPages) listOrganizations(c *gin.Context) error {
	who := principal(c)
	found, err := p.Keys.Organizations(c.Request.Context(), who, keys.OrganizationFilter{}, keys.Page{
		After: c.Query("after"),
		Limit: pageSize + 1,
	})
	if err != nil {
		return err
	}
	var out organizationsPage
	found, out.Next = fullPage(found, func(o *keys.Organization) string { return o.ID })
	for _, o := range found {
		out.Rows = append(out.Rows, organizationRow{o, who.Memberships[o.ID]})
	}
	return p.show(c, http.StatusOK, "organizations", view{Title: p.say(c, "title.organizations"), Data: out})
}

// organizationPage shows one organization with its members and invitations.
type organizationPage struct {
	Organization keys.Organization
	Members      []memberRow
	Next         string // cursor of the next page of members, "" on the last
	Invitations  []auth.Link
	MayEdit      bool
	MyID         string
	Roles        []auth.Role
	Email        string
	Role         auth.Role
	MayAudit     bool
	MayWebhooks  bool
	Link         string // the invitation's link, if it was not mailed
	Invited      string // the invited address
}

type memberRow struct {
	auth.Membership
	Name, Email string
	Disabled    bool
}

func (p *organizationPages) organizationPage(c *gin.Context) (organizationPage, error) {
	ctx, who, id := c.Request.Context(), principal(c), c.Param("id")
	out := organizationPage{
		MyID: who.ID(), Roles: []auth.Role{auth.Owner, auth.Developer, auth.Viewer}, Role: auth.Developer,
		MayEdit: who.May(keys.WriteMembers, id), MayAudit: who.May(keys.ReadAudit, id),
		MayWebhooks: who.May(keys.ReadWebhooks, id),
	}
	var err error
	if out.Organization, err = p.Keys.Organization(ctx, who, id); err != nil {
		return out, err
	}
	members, err := p.People.Members.List(ctx, who, id, keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	if err != nil {
		return out, err
	}
	members, out.Next = fullPage(members, func(m *auth.Membership) string { return m.ID() })
	for _, m := range members {
		u, err := p.People.Members.UserOf(ctx, who, m)
		if err != nil {
			return out, err
		}
		out.Members = append(out.Members, memberRow{m, u.Name, u.Email, u.Disabled})
	}
	if out.MayEdit {
		out.Invitations, err = p.People.Invitations.List(ctx, who, id)
	}
	return out, err
}

func (p *organizationPages) showOrganization(c *gin.Context) error {
	return p.organizationView(c, http.StatusOK, nil, nil)
}

func (p *organizationPages) organizationView(c *gin.Context, status int, wrong faults, edit func(*organizationPage)) error {
	out, err := p.organizationPage(c)
	if err != nil {
		return err
	}
	if edit != nil {
		edit(&out)
	}
	return p.show(c, status, "organization", view{
		Title: out.Organization.Name, Faults: wrong, Notice: p.say(c, "done."+c.Query("done")), Data: out,
	})
}

func (p *organizationPages) afterMembers(c *gin.Context, err error, what string, edit func(*organizationPage), fields ...string) error {
	if wrong, ok := p.asFaults(c, err, fields...); ok {
		return p.organizationView(c, http.StatusUnprocessableEntity, wrong, edit)
	}
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/organizations/"+c.Param("id")+"?done="+what)
	return nil
}

func (p *organizationPages) invite(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	email, role := values.Get("email"), auth.Role(values.Get("role"))
	l, err := p.People.Invitations.Invite(c.Request.Context(), principal(c), c.Param("id"), email, role)
	if err == nil && l.Address != "" { // not mailed, so shown here, only once
		return p.organizationView(c, http.StatusOK, nil, func(o *organizationPage) { o.Link, o.Invited = l.Address, email })
	}
	return p.afterMembers(c, err, "invited", func(o *organizationPage) { o.Email, o.Role = email, role }, "email", "role")
}

func (p *organizationPages) withdraw(c *gin.Context) error {
	return p.afterMembers(c, p.People.Invitations.Withdraw(c.Request.Context(), principal(c), c.Param("id"), c.Param("invitation")),
		"withdrawn", nil)
}

// askedPage asks for confirmation.
type askedPage struct {
	Organization keys.Organization
	Who          string
	Mine         bool // the reader's own membership
	Owned        owned
}

func (p *organizationPages) withdrawPage(c *gin.Context) error {
	ctx, who := c.Request.Context(), principal(c)
	o, err := p.Keys.Organization(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	open, err := p.People.Invitations.List(ctx, who, o.ID)
	if err != nil {
		return err
	}
	for _, l := range open {
		if l.ID == c.Param("invitation") {
			return p.show(c, http.StatusOK, "invitation-withdraw", view{
				Title: p.say(c, "member.withdraw"), Data: askedPage{Organization: o, Who: l.Email},
			})
		}
	}
	return errs.New(errs.NotFound, "no_invitation")
}

func (p *organizationPages) removePage(c *gin.Context) error {
	return p.removeView(c, http.StatusOK, "", nil)
}

func (p *organizationPages) removeView(c *gin.Context, status int, heir string, wrong faults) error {
	ctx, who := c.Request.Context(), principal(c)
	o, err := p.Keys.Organization(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	m, err := p.People.Members.Get(ctx, who, o.ID, c.Param("user"))
	if err != nil {
		return err
	}
	u, err := p.People.Members.UserOf(ctx, who, m)
	if err != nil {
		return err
	}
	out := askedPage{Organization: o, Who: cmp.Or(u.Name, u.Email, u.ID), Mine: m.UserID == who.ID()}
	if out.Owned, err = p.ownedBy(c, o.ID, m.UserID, heir); err != nil {
		return err
	}
	title := p.say(c, "member.remove")
	if out.Mine {
		title = p.say(c, "member.leave")
	}
	return p.show(c, status, "member-remove", view{Title: title, Faults: wrong, Data: out})
}

func (p *organizationPages) changeRole(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	_, err = p.People.Members.Change(c.Request.Context(), principal(c), c.Param("id"), c.Param("user"), keys.AnyRevision,
		func(auth.Role) (auth.Role, error) {
			return auth.Role(values.Get("role")), nil
		})
	return p.afterMembers(c, err, "role", nil)
}

func (p *organizationPages) removeMember(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	who, heir := principal(c), strings.TrimSpace(values.Get("owner_id"))
	err = p.removeWithHeir(c, c.Param("id"), c.Param("user"), heir)
	if err == nil && c.Param("user") == who.ID() && !who.IsAdmin() {
		c.Redirect(http.StatusSeeOther, "/organizations") // the reader has left
		return nil
	}
	if wrong, ok := p.asFaults(c, err, "owner_id"); ok {
		return p.removeView(c, http.StatusUnprocessableEntity, heir, wrong)
	}
	return p.afterMembers(c, err, "removed", nil)
}
