package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// customerPages show organizations and users to staff.
type customerPages struct{ *site }

func (p *customerPages) mount(g *gin.RouterGroup) {
	g.GET("/provider/organizations", p.staff(p.staffOrganizations))
	g.GET("/provider/organizations/:id", p.staff(p.staffOrganization))
	g.POST("/provider/organizations/:id/disable", p.staff(p.switchOrganization(true)))
	g.POST("/provider/organizations/:id/enable", p.staff(p.switchOrganization(false)))
	g.GET("/provider/users", p.staff(p.staffUsers))
	g.GET("/provider/users/:id", p.staff(p.staffUser))
	g.POST("/provider/users/:id/disable", p.staff(p.switchUser(true)))
	g.POST("/provider/users/:id/enable", p.staff(p.switchUser(false)))
}

type staffOrganizationsPage struct {
	Rows []keys.Organization
	Text string
	Next string
}

func (p *customerPages) staffOrganizations(c *gin.Context) error {
	out := staffOrganizationsPage{Text: c.Query("q")}
	found, err := p.Keys.Organizations(c.Request.Context(), principal(c), keys.OrganizationFilter{Text: out.Text},
		keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	out.Rows, out.Next = fullPage(found, func(one *keys.Organization) string { return one.ID })
	return p.show(c, http.StatusOK, "staff-organizations", view{Title: p.say(c, "people.organizations"), Data: out})
}

// staffOrganizationPage is one organization, and what disabling it would stop.
type staffOrganizationPage struct {
	keys.Organization
	Accounts, Keys, Members             int
	MoreAccounts, MoreKeys, MoreMembers bool
	KeyID                               string
}

// mostCounted bounds what a page counts: more is shown as "100+".
const mostCounted = 100

func counted[T any](found []T, err error) (int, bool, error) {
	return min(len(found), mostCounted), len(found) > mostCounted, err
}

func (p *customerPages) staffOrganization(c *gin.Context) error {
	return p.staffOrganizationView(c, http.StatusOK, nil)
}

func (p *customerPages) staffOrganizationView(c *gin.Context, status int, wrong faults) error {
	ctx, who := c.Request.Context(), principal(c)
	one, err := p.Keys.Organization(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	out, some := staffOrganizationPage{Organization: one}, keys.Page{Limit: mostCounted + 1}
	if out.Accounts, out.MoreAccounts, err = counted(p.Keys.Accounts(ctx, who, one.ID, keys.AccountFilter{}, some)); err != nil {
		return err
	}
	if out.Keys, out.MoreKeys, err = counted(p.Keys.Keys(ctx, who, keys.KeyQuery{OrganizationID: one.ID, Status: keys.StatusActive},
		some)); err != nil {
		return err
	}
	if out.Members, out.MoreMembers, err = counted(p.People.Members.List(ctx, who, one.ID, some)); err != nil {
		return err
	}
	return p.show(c, status, "staff-organization", view{Title: one.Name, Faults: wrong, Notice: p.notice(c), Data: out})
}

func (p *customerPages) switchOrganization(disabled bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		values, err := form(c)
		if err != nil {
			return err
		}
		if disabled && values.Get("sure") != "yes" {
			return p.staffOrganizationView(c, http.StatusUnprocessableEntity, faults{"sure": p.say(c, "staff.sure")})
		}
		_, err = p.Keys.ChangeOrganization(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision,
			func(f keys.OrganizationFields) (keys.OrganizationFields, error) {
				f.Disabled = disabled
				return f, nil
			})
		if err != nil {
			return err
		}
		done := "organization_enabled"
		if disabled {
			done = "organization_disabled"
		}
		c.Redirect(http.StatusSeeOther, "/provider/organizations/"+c.Param("id")+"?done="+done)
		return nil
	}
}

type staffUsersPage struct {
	Rows []auth.User
	Text string
	Next string
}

func (p *customerPages) staffUsers(c *gin.Context) error {
	out := staffUsersPage{Text: c.Query("q")}
	found, err := p.People.Users.List(c.Request.Context(), principal(c), auth.UserFilter{Text: out.Text}, keys.Page{
		After: c.Query("after"),
		Limit: pageSize + 1,
	})
	if err != nil {
		return err
	}
	out.Rows, out.Next = fullPage(found, func(one *auth.User) string { return one.ID })
	return p.show(c, http.StatusOK, "staff-users", view{Title: p.say(c, "people.users"), Data: out})
}

// staffUserPage is one user and their memberships.
type staffUserPage struct {
	auth.User
	Memberships []userMembership
	Mine        bool
}

type userMembership struct {
	auth.Membership
	Name string
}

func (p *customerPages) staffUser(c *gin.Context) error {
	return p.staffUserView(c, http.StatusOK, nil)
}

func (p *customerPages) staffUserView(c *gin.Context, status int, wrong faults) error {
	ctx, who := c.Request.Context(), principal(c)
	u, err := p.People.Users.Get(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	out := staffUserPage{User: u, Mine: u.ID == who.ID()}
	all, err := p.People.Members.MembershipsOf(ctx, who, u.ID, keys.Page{Limit: mostCounted})
	if err != nil {
		return err
	}
	known := names{}
	for _, m := range all {
		out.Memberships = append(out.Memberships, userMembership{m, p.organizationName(ctx, who, known, m.OrganizationID)})
	}
	return p.show(c, status, "staff-user", view{Title: u.Email, Faults: wrong, Notice: p.say(c, "staff.done_"+c.Query("done")), Data: out})
}

func (p *customerPages) switchUser(disabled bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		values, err := form(c)
		if err != nil {
			return err
		}
		if disabled && values.Get("sure") != "yes" {
			return p.staffUserView(c, http.StatusUnprocessableEntity, faults{"sure": p.say(c, "staff.sure")})
		}
		_, err = p.People.Users.Change(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision,
			func(f auth.UserFields) (auth.UserFields, error) {
				f.Disabled = disabled
				return f, nil
			})
		if err == nil {
			c.Redirect(http.StatusSeeOther, "/provider/users/"+c.Param("id")+"?done=saved")
			return nil
		}
		return p.saidFields(c, err, func(wrong faults) error { return p.staffUserView(c, http.StatusUnprocessableEntity, wrong) })
	}
}
