package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/transfers"
)

// transferHandlers transfer service accounts between organizations.
type transferHandlers struct {
	transfers *transfers.Service
}

func (h *transferHandlers) routes() []route {
	may := auth.HasScope
	return []route{
		{"POST", "/api/service-accounts/:id/transfer", may(keys.WriteOrganization), h.transferAccount, guarded, client.TransferServiceAccount{}},
	}
}

// transferAccount transfers a service account to another organization, or
// previews the transfer.
func (h *transferHandlers) transferAccount(c *gin.Context) error {
	var in client.TransferServiceAccount
	if _, err := bind(c, &in); err != nil {
		return err
	}
	rev, err := revision(c)
	if err != nil {
		return err
	}
	ctx, who, id := c.Request.Context(), principal(c), c.Param("id")
	to := transfers.Destination{OrganizationID: in.OrganizationID, OwnerID: textIn(in.OwnerID)}
	if in.DryRun {
		p, err := h.transfers.Preview(ctx, who, id, to)
		if err == nil {
			err = p.Account.At(rev)
		}
		if err != nil {
			return err
		}
		out := transferOut(&p)
		out.DryRun = true
		return show(c, http.StatusOK, p.Account.Revision, out)
	}
	done, err := h.transfers.Transfer(ctx, who, id, rev, to)
	if err != nil {
		return err
	}
	out := transferOut(&done.Preview)
	out.Complete, out.EffectiveEverywhereBy, out.WaitingFor = done.Complete, timeOut(done.By), waitingOut(done.Waiting)
	return show(c, http.StatusOK, done.Account.Revision, out)
}

func transferOut(p *transfers.Preview) client.Transfer {
	return client.Transfer{
		ServiceAccountID: p.Account.ID, FromOrganizationID: p.From.ID, OrganizationID: p.To.ID, OwnerID: textOut(p.OwnerID), Tier: p.Account.Tier,
		Keys: p.Keys, MoreKeys: p.MoreKeys, Certificates: p.Certificates,
		ManagementScopes: append([]string{}, p.Management...), LackingScopes: append([]string{}, p.Lacking...),
		WaitingFor: []client.WaitingNode{},
	}
}
