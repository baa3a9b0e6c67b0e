package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/keys"
)

// memberHandlers serve the members of organizations.
type memberHandlers struct {
	idempotency *idempotency.Keeper
	people      *auth.People
}

func (h *memberHandlers) routes() []route {
	may := auth.HasScope
	member := h.member()
	return []route{
		{"GET", "/api/organizations/:id/members", may(keys.ReadMembers), h.listMembers, guarded, nil},
		{
			"POST", "/api/organizations/:id/members", may(keys.WriteMembers), h.addMember, guarded,
			client.AddMember{MemberSettings: client.MemberSettings{Role: string(auth.Developer)}},
		},
		{"GET", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), member.getObject, guarded, nil},
		{"PATCH", "/api/organizations/:id/members/:user_id", may(keys.WriteMembers), member.patchObject, guarded, client.MemberSettings{}},
		{"PUT", "/api/organizations/:id/members/:user_id", may(keys.WriteMembers), member.patchObject, guarded, client.MemberSettings{}},
		{"DELETE", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), member.deleteObject, guarded, nil},
	}
}

// member returns the resource for members.
func (h *memberHandlers) member() resource[auth.Membership, auth.Role, client.Member, client.MemberSettings] {
	return resource[auth.Membership, auth.Role, client.Member, client.MemberSettings]{
		get: func(c *gin.Context) (auth.Membership, error) {
			return h.people.Members.Get(c.Request.Context(), principal(c), c.Param("id"), c.Param("user_id"))
		},
		change: func(c *gin.Context, revision int64, edit func(auth.Role) (auth.Role, error)) (auth.Membership, error) {
			return h.people.Members.Change(c.Request.Context(), principal(c), c.Param("id"), c.Param("user_id"), revision, edit)
		},
		remove: func(c *gin.Context, revision int64) error {
			return h.people.Members.Remove(c.Request.Context(), principal(c), c.Param("id"), c.Param("user_id"), revision)
		},
		path: func(m *auth.Membership) string {
			return "/api/organizations/" + m.OrganizationID + "/members/" + m.UserID
		},
		revision: func(m *auth.Membership) int64 { return m.Revision },
		out:      memberOut, settings: roleOut, fields: roleIn,
	}
}

func (h *memberHandlers) listMembers(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]auth.Membership, error) {
		return h.people.Members.List(c.Request.Context(), principal(c), c.Param("id"), p)
	}, memberOut, func(m *auth.Membership) string { return m.ID() })
}

func (h *memberHandlers) addMember(c *gin.Context) error {
	var in client.AddMember
	organization := c.Param("id")
	return h.member().create(c, h.idempotency, &in, object[auth.Membership]{
		newID: func() string { return in.UserID },
		make: withID(func(ctx context.Context, _ string) (auth.Membership, error) {
			return h.people.Members.Add(ctx, principal(c), organization, in.UserID, roleIn(in.MemberSettings))
		}),
		find: func(ctx context.Context, userID string) (auth.Membership, error) {
			return h.people.Members.Get(ctx, principal(c), organization, userID)
		},
	})
}
