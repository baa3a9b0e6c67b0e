package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
)

// userHandlers serve the users of the service.
type userHandlers struct {
	idempotency *idempotency.Keeper
	people      *auth.People
}

func (h *userHandlers) routes() []route {
	known, staff := auth.IsAuthenticated(), auth.IsAdminUser()
	user := h.user()
	return []route{
		{"GET", "/api/users", staff, h.listUsers, guarded, nil},
		{"POST", "/api/users", staff, h.createUser, guarded, client.SetUser{}},
		{"GET", "/api/users/:id", known, user.getObject, guarded, nil},
		{"PATCH", "/api/users/:id", staff, user.patchObject, guarded, client.SetUser{}},
		{"PUT", "/api/users/:id", staff, user.patchObject, guarded, client.SetUser{}},
		{"DELETE", "/api/users/:id", staff, user.deleteObject, guarded, nil},
		{"DELETE", "/api/users/:id/otp", staff, h.resetOTP, guarded, nil},
	}
}

func meOut(p *auth.Principal) client.Me {
	me := client.Me{Kind: string(p.Kind), ID: p.ID(), Scheme: p.Scheme, IsAdmin: p.IsAdmin()}
	switch p.Kind {
	case auth.UserKind:
		me.Email, me.Username, me.Name, me.Language = p.User.Email, p.User.Username, p.User.Name, p.User.Language
		me.Roles = map[string]string{}
		for id, role := range p.Memberships {
			me.Roles[id] = string(role)
		}
	case auth.ServiceAccountKind:
		me.Name, me.OrganizationID, me.KeyID, me.Scopes = p.AccountName, p.OrganizationID, p.KeyID, p.Scopes
	}
	return me
}

func userSettings(u *auth.User) client.UserSettings {
	return client.UserSettings{
		Email: u.Email, Username: u.Username, Name: u.Name, Language: u.Language, IsAdmin: u.IsAdmin, Disabled: u.Disabled,
	}
}

func userOut(u *auth.User) client.User {
	return client.User{ID: u.ID, UserSettings: userSettings(u), Stamps: stamps(&u.Stamp)}
}

func userFieldsOut(f auth.UserFields) client.SetUser {
	return client.SetUser{
		UserSettings: client.UserSettings{
			Email: f.Email, Username: f.Username, Name: f.Name, Language: f.Language, IsAdmin: f.IsAdmin, Disabled: f.Disabled,
		},
	}
}

func userFieldsIn(s client.SetUser) auth.UserFields {
	return auth.UserFields{
		Email: s.Email, Username: s.Username, Name: s.Name, Language: s.Language, Password: s.Password, IsAdmin: s.IsAdmin, Disabled: s.Disabled,
	}
}

// user returns the resource for users.
func (h *userHandlers) user() resource[auth.User, auth.UserFields, client.User, client.SetUser] {
	return resource[auth.User, auth.UserFields, client.User, client.SetUser]{
		get: func(c *gin.Context) (auth.User, error) {
			return h.people.Users.Get(c.Request.Context(), principal(c), c.Param("id"))
		},
		change: func(c *gin.Context, revision int64, edit func(auth.UserFields) (auth.UserFields, error)) (auth.User, error) {
			return h.people.Users.Change(c.Request.Context(), principal(c), c.Param("id"), revision, edit)
		},
		remove: func(c *gin.Context, revision int64) error {
			return h.people.Users.Delete(c.Request.Context(), principal(c), c.Param("id"), revision)
		},
		path:     func(u *auth.User) string { return "/api/users/" + u.ID },
		revision: func(u *auth.User) int64 { return u.Revision },
		out:      userOut, settings: userFieldsOut, fields: userFieldsIn,
	}
}

func (h *userHandlers) listUsers(c *gin.Context) error {
	q := httpx.NewQuery(c.Request)
	f := auth.UserFilter{Text: q.Typed("q")}
	if is := q.OneOf("is_admin", "true", "false"); is != "" {
		admin := is == "true"
		f.IsAdmin = &admin
	}
	return list(c, q, func(p keys.Page) ([]auth.User, error) {
		return h.people.Users.List(c.Request.Context(), principal(c), f, p)
	}, userOut, func(u *auth.User) string { return u.ID })
}

func (h *userHandlers) createUser(c *gin.Context) error {
	var in client.SetUser
	return h.user().create(c, h.idempotency, &in, object[auth.User]{
		newID: func() string { return ids.New(ids.User) },
		make: withID(func(ctx context.Context, id string) (auth.User, error) {
			return h.people.Users.Create(ctx, principal(c), id, userFieldsIn(in))
		}),
		find: func(ctx context.Context, id string) (auth.User, error) {
			return h.people.Users.Get(ctx, principal(c), id)
		},
	})
}

func memberOut(m *auth.Membership) client.Member {
	return client.Member{OrganizationID: m.OrganizationID, UserID: m.UserID, MemberSettings: roleOut(m.Role), Stamps: stamps(&m.Stamp)}
}

func roleOut(r auth.Role) client.MemberSettings { return client.MemberSettings{Role: string(r)} }

func roleIn(s client.MemberSettings) auth.Role { return auth.Role(s.Role) }

// resetOTP removes the second factor of a user who lost their device.
func (h *userHandlers) resetOTP(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return deleted(c, h.people.Codes.Disable(c.Request.Context(), principal(c), c.Param("id")))
}
