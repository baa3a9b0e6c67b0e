package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/transfers"
)

// transferAccount hands a service account to another organization, or tells
// what that would do.
func (a *API) transferAccount(c *gin.Context) error {
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
		p, err := a.Transfers.Preview(ctx, who, id, to)
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
	done, err := a.Transfers.Transfer(ctx, who, id, rev, to)
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
		ManagementScopes: append([]string{}, p.Management...), LackingScopes: append([]string{}, p.Lacking...), WaitingFor: []client.WaitingNode{},
	}
}
