package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
)

func invitationOut(l *auth.Link) client.Invitation {
	return client.Invitation{
		ID: l.ID, OrganizationID: l.OrganizationID, Email: l.Email, MemberSettings: roleOut(l.Role), CreatedBy: l.CreatedBy,
		ExpiresAt: l.ExpiresAt, Link: l.Address, Stamps: stamps(&l.Stamp),
	}
}

func (a *API) listInvitations(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	all, err := a.People.Invitations(c.Request.Context(), principal(c), c.Param("id"))
	if err != nil {
		return err
	}
	out := client.List[client.Invitation]{Items: make([]client.Invitation, 0, len(all))}
	for i := range all {
		out.Items = append(out.Items, invitationOut(&all[i]))
	}
	return answer(c, http.StatusOK, out)
}

// invite takes no Idempotency-Key: an address has one open invitation.
func (a *API) invite(c *gin.Context) error {
	var in client.Invite
	if _, err := bind(c, &in); err != nil {
		return err
	}
	l, err := a.People.Invite(c.Request.Context(), principal(c), c.Param("id"), in.Email, roleIn(in.MemberSettings))
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, invitationOut(&l))
}

func (a *API) withdrawInvitation(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	return deleted(c, a.People.Withdraw(c.Request.Context(), principal(c), c.Param("id"), c.Param("invitation_id")))
}

func (a *API) acceptInvitation(c *gin.Context) error {
	token, err := linkToken(c)
	if err != nil {
		return err
	}
	m, err := a.People.Accept(c.Request.Context(), principal(c), token)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, memberOut(&m))
}
