package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

func (a *API) me(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return showMe(c, principal(c))
}

func meOut(p *auth.Principal) client.Me {
	me := client.Me{Kind: string(p.Kind), ID: p.ID(), Scheme: p.Scheme, IsAdmin: p.IsAdmin()}
	switch p.Kind {
	case auth.UserKind:
		me.Email, me.Username, me.Name, me.Roles = p.User.Email, p.User.Username, p.User.Name, map[string]string{}
		for id, role := range p.Memberships {
			me.Roles[id] = string(role)
		}
	case auth.ServiceAccountKind:
		me.Name, me.OrganizationID, me.KeyID, me.Scopes = p.AccountName, p.OrganizationID, p.KeyID, p.Scopes
	}
	return me
}

func userSettings(u *auth.User) client.UserSettings {
	return client.UserSettings{Email: u.Email, Username: u.Username, Name: u.Name, IsAdmin: u.IsAdmin, Disabled: u.Disabled}
}

func userOut(u *auth.User) client.User {
	return client.User{ID: u.ID, UserSettings: userSettings(u), Stamps: stamps(&u.Stamp)}
}

func userFieldsOut(f auth.UserFields) client.SetUser {
	return client.SetUser{UserSettings: client.UserSettings{Email: f.Email, Username: f.Username, Name: f.Name, IsAdmin: f.IsAdmin, Disabled: f.Disabled}}
}

func userFieldsIn(s client.SetUser) auth.UserFields {
	return auth.UserFields{Email: s.Email, Username: s.Username, Name: s.Name, Password: s.Password, IsAdmin: s.IsAdmin, Disabled: s.Disabled}
}

func (a *API) listUsers(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	f := auth.UserFilter{Text: q.Typed("q")}
	if is := q.OneOf("is_admin", "true", "false"); is != "" {
		admin := is == "true"
		f.IsAdmin = &admin
	}
	return list(c, q, func(p keys.Page) ([]auth.User, error) {
		return a.People.Users(c.Request.Context(), principal(c), f, p)
	}, userOut, func(u *auth.User) string { return u.ID })
}

func (a *API) createUser(c *gin.Context) error {
	var in client.SetUser
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	u, err := once(a, c, body, object[auth.User]{
		newID: func() string { return ids.New(ids.User) },
		make: withID(func(ctx context.Context, id string) (auth.User, error) {
			return a.People.Create(ctx, principal(c), id, userFieldsIn(in))
		}),
		find: func(ctx context.Context, id string) (auth.User, error) { return a.People.User(ctx, principal(c), id) },
	})
	if err != nil {
		return err
	}
	return created(c, "/api/users/"+u.ID, u.Revision, userOut(&u))
}

func (a *API) getUser(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	u, err := a.People.User(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	return show(c, 200, u.Revision, userOut(&u))
}

func (a *API) patchUser(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.SetUser](c)
	if err != nil {
		return err
	}
	u, err := a.People.Change(c.Request.Context(), principal(c), c.Param("id"), rev, edit(change, userFieldsOut, userFieldsIn))
	if err != nil {
		return err
	}
	return show(c, 200, u.Revision, userOut(&u))
}

func (a *API) deleteUser(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, a.People.Delete(c.Request.Context(), principal(c), c.Param("id"), rev))
}

func memberOut(m *auth.Membership) client.Member {
	return client.Member{OrganizationID: m.OrganizationID, UserID: m.UserID, MemberSettings: roleOut(m.Role), Stamps: stamps(&m.Stamp)}
}

func roleOut(r auth.Role) client.MemberSettings { return client.MemberSettings{Role: string(r)} }

func roleIn(s client.MemberSettings) auth.Role { return auth.Role(s.Role) }

func (a *API) listMembers(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]auth.Membership, error) {
		return a.People.Members(c.Request.Context(), principal(c), c.Param("id"), p)
	}, memberOut, func(m *auth.Membership) string { return m.ID() })
}

func (a *API) addMember(c *gin.Context) error {
	var in client.AddMember
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	organization := c.Param("id")
	m, err := once(a, c, body, object[auth.Membership]{
		newID: func() string { return in.UserID },
		make: withID(func(ctx context.Context, _ string) (auth.Membership, error) {
			return a.People.AddMember(ctx, principal(c), organization, in.UserID, roleIn(in.MemberSettings))
		}),
		find: func(ctx context.Context, userID string) (auth.Membership, error) {
			return a.People.Member(ctx, principal(c), organization, userID)
		},
	})
	if err != nil {
		return err
	}
	return created(c, "/api/organizations/"+organization+"/members/"+m.UserID, m.Revision, memberOut(&m))
}

func (a *API) getMember(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	m, err := a.People.Member(c.Request.Context(), principal(c), c.Param("id"), c.Param("user_id"))
	if err != nil {
		return err
	}
	return show(c, 200, m.Revision, memberOut(&m))
}

func (a *API) patchMember(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.MemberSettings](c)
	if err != nil {
		return err
	}
	m, err := a.People.ChangeMember(c.Request.Context(), principal(c), c.Param("id"), c.Param("user_id"), rev, edit(change, roleOut, roleIn))
	if err != nil {
		return err
	}
	return show(c, 200, m.Revision, memberOut(&m))
}

func (a *API) removeMember(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, a.People.RemoveMember(c.Request.Context(), principal(c), c.Param("id"), c.Param("user_id"), rev))
}
