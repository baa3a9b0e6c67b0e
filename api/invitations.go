package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/keys"
)

// invitationHandlers serve invitations.
type invitationHandlers struct {
	people *auth.People
}

func (h *invitationHandlers) routes() []route {
	known, may := auth.IsAuthenticated(), auth.HasScope
	return []route{
		{"GET", "/api/organizations/:id/invitations", may(keys.WriteMembers), h.listInvitations, guarded, nil},
		{
			"POST", "/api/organizations/:id/invitations", may(keys.WriteMembers), h.invite, guarded,
			client.Invite{MemberSettings: client.MemberSettings{Role: string(auth.Developer)}},
		},
		{"DELETE", "/api/organizations/:id/invitations/:invitation_id", may(keys.WriteMembers), h.withdrawInvitation, guarded, nil},
		{"POST", "/api/invitations/accept", known, h.acceptInvitation, guarded, client.LinkToken{}},
	}
}

func invitationOut(l *auth.Link) client.Invitation {
	return client.Invitation{
		ID: l.ID, OrganizationID: l.OrganizationID, Email: l.Email, MemberSettings: roleOut(l.Role), CreatedBy: l.CreatedBy,
		ExpiresAt: l.ExpiresAt, Link: l.Address, Stamps: stamps(&l.Stamp),
	}
}

func (h *invitationHandlers) listInvitations(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	all, err := h.people.Invitations.List(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	out := client.List[client.Invitation]{Items: make([]client.Invitation, 0, len(all))}
	for i := range all {
		out.Items = append(out.Items, invitationOut(&all[i]))
	}
	return answer(c, http.StatusOK, out)
}

// invite takes no Idempotency-Key: an address can have only one open invitation.
func (h *invitationHandlers) invite(c *gin.Context) error {
	var in client.Invite
	if _, err := bind(c, &in); err != nil {
		return err
	}
	l, err := h.people.Invitations.Invite(c.Request.Context(), principal(c), c.Param("id"), in.Email, roleIn(in.MemberSettings))
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, invitationOut(&l))
}

func (h *invitationHandlers) withdrawInvitation(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return deleted(c, h.people.Invitations.Withdraw(c.Request.Context(), principal(c), c.Param("id"), c.Param("invitation_id")))
}

func (h *invitationHandlers) acceptInvitation(c *gin.Context) error {
	token, err := linkToken(c)
	if err != nil {
		return err
	}
	m, err := h.people.Invitations.Accept(c.Request.Context(), principal(c), token)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, memberOut(&m))
}
