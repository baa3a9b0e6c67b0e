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
	return []route{
		{"GET", "/api/organizations/:id/members", may(keys.ReadMembers), h.listMembers, guarded, nil},
		{"POST", "/api/organizations/:id/members", may(keys.WriteMembers), h.addMember, guarded, client.AddMember{MemberSettings: client.MemberSettings{Role: string(auth.Developer)}}},
		{"GET", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), h.getMember, guarded, nil},
		{"PATCH", "/api/organizations/:id/members/:user_id", may(keys.WriteMembers), h.patchMember, guarded, client.MemberSettings{}},
		{"PUT", "/api/organizations/:id/members/:user_id", may(keys.WriteMembers), h.patchMember, guarded, client.MemberSettings{}},
		{"DELETE", "/api/organizations/:id/members/:user_id", may(keys.ReadMembers), h.removeMember, guarded, nil},
	}
}

func (h *memberHandlers) listMembers(c *gin.Context) error {
	return list(c, httpx.NewQuery(c.Request), func(p keys.Page) ([]auth.Membership, error) {
		return h.people.Members.List(c.Request.Context(), principal(c), c.Param("id"), p)
	}, memberOut, func(m *auth.Membership) string { return m.ID() })
}

func (h *memberHandlers) addMember(c *gin.Context) error {
	var in client.AddMember
	body, err := bind(c, &in)
	if err != nil {
		return err
	}
	organization := c.Param("id")
	m, err := once(h.idempotency, c, body, object[auth.Membership]{
		newID: func() string { return in.UserID },
		make: withID(func(ctx context.Context, _ string) (auth.Membership, error) {
			return h.people.Members.Add(ctx, principal(c), organization, in.UserID, roleIn(in.MemberSettings))
		}),
		find: func(ctx context.Context, userID string) (auth.Membership, error) {
			return h.people.Members.Get(ctx, principal(c), organization, userID)
		},
	})
	if err != nil {
		return err
	}
	return created(c, "/api/organizations/"+organization+"/members/"+m.UserID, m.Revision, memberOut(&m))
}

func (h *memberHandlers) getMember(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	m, err := h.people.Members.Get(c.Request.Context(), principal(c), c.Param("id"), c.Param("user_id"))
	if err != nil {
		return err
	}
	return show(c, 200, m.Revision, memberOut(&m))
}

func (h *memberHandlers) patchMember(c *gin.Context) error {
	rev, err := revision(c)
	if err != nil {
		return err
	}
	change, err := merge[client.MemberSettings](c)
	if err != nil {
		return err
	}
	m, err := h.people.Members.Change(c.Request.Context(), principal(c), c.Param("id"), c.Param("user_id"), rev, edit(change, roleOut, roleIn))
	if err != nil {
		return err
	}
	return show(c, 200, m.Revision, memberOut(&m))
}

func (h *memberHandlers) removeMember(c *gin.Context) error {
	rev, err := condition(c)
	if err != nil {
		return err
	}
	return deleted(c, h.people.Members.Remove(c.Request.Context(), principal(c), c.Param("id"), c.Param("user_id"), rev))
}
