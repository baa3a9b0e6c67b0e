package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/transfers"
)

// accountTransfer is the page that transfers a service account. It first asks for
// the target, then previews the transfer and asks for the account's name.
type accountTransfer struct {
	Account       keys.ServiceAccount
	Organizations []option // possible targets; none if there are too many to list
	To            string   // id of the chosen target
	Typed         string
	Preview       *transfers.Preview
	Owner         ownerChoice // of the target's members
	Tier          keys.Tier
	OverrideHolds bool
}

// mayTransfer reports whether the reader may transfer the account to some other
// organization.
func mayTransfer(who *auth.Principal, account *keys.ServiceAccount) bool {
	if !who.May(keys.WriteOrganization, account.OrganizationID) {
		return false
	}
	all := who.Organizations(keys.WriteOrganization)
	return all == nil || slices.ContainsFunc(all, func(id string) bool { return id != account.OrganizationID })
}

// transferForm returns the page without a preview, if the reader may transfer.
func (p *accountPages) transferForm(c *gin.Context) (out accountTransfer, err error) {
	ctx, who := c.Request.Context(), principal(c)
	if out.Account, err = p.Keys.Account(ctx, who, c.Param("id")); err != nil {
		return out, err
	}
	if !who.May(keys.WriteOrganization, out.Account.OrganizationID) {
		return out, errs.New(errs.Forbidden, p.say(c, "transfer.may_not"))
	}
	if out.Tier, err = p.Keys.Tier(ctx, out.Account.Tier); err != nil {
		return out, err
	}
	out.OverrideHolds = out.Account.Override.Holds(time.Now())
	all, err := p.Keys.Organizations(ctx, who, keys.OrganizationFilter{}, keys.Page{Limit: pageSize + 1})
	if err != nil || len(all) > pageSize {
		return out, err
	}
	out.Organizations = []option{{"", p.say(c, "transfer.choose")}}
	for _, o := range all {
		if o.ID != out.Account.OrganizationID && !o.Disabled && who.May(keys.WriteOrganization, o.ID) {
			out.Organizations = append(out.Organizations, option{o.ID, o.Name})
		}
	}
	return out, nil
}

func (p *accountPages) transferPage(c *gin.Context) error {
	return p.transferView(c, http.StatusOK, url.Values{"organization_id": {c.Query("organization_id")}}, nil)
}

// transferView shows the page, with a preview once a valid target is chosen.
func (p *accountPages) transferView(c *gin.Context, status int, typed url.Values, wrong faults) error {
	out, err := p.transferForm(c)
	if err != nil {
		return err
	}
	out.To, out.Typed = strings.TrimSpace(typed.Get("organization_id")), typed.Get("name")
	if out.To != "" {
		preview, err := p.Transfers.Preview(c.Request.Context(), principal(c), out.Account.ID, transfers.Destination{OrganizationID: out.To})
		if err == nil {
			out.Owner, err = p.owners(c, out.To, typed.Get("owner_id"), "")
		}
		found, ok := p.asFaults(c, err, "organization_id")
		switch {
		case err == nil:
			out.Preview = &preview
		case ok:
			status, wrong = http.StatusUnprocessableEntity, found
		default:
			return err
		}
	}
	return p.show(c, status, "account-transfer", view{Title: p.say(c, "transfer.title"), Faults: wrong, Data: out})
}

func (p *accountPages) transferAccount(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	out, err := p.transferForm(c)
	if err != nil {
		return err
	}
	done, err := p.transferAsTyped(c, &out.Account, values)
	if err == nil {
		notice := "transferred"
		if !done.Complete {
			notice = "transferring"
		}
		c.Redirect(http.StatusSeeOther, "/service-accounts/"+out.Account.ID+"?done="+notice)
		return nil
	}
	return p.saidFields(c, err, func(wrong faults) error {
		return p.transferView(c, http.StatusUnprocessableEntity, values, wrong)
	}, "organization_id", "owner_id", "name")
}

// transferAsTyped makes the transfer if the typed name is the account's and the
// account has not changed since the preview.
func (p *accountPages) transferAsTyped(c *gin.Context, account *keys.ServiceAccount, values url.Values) (transfers.Transfer, error) {
	if strings.TrimSpace(values.Get("name")) != account.Name {
		return transfers.Transfer{}, errs.BadField("name", p.say(c, "account.name_differs"))
	}
	revision, _ := strconv.ParseInt(values.Get("revision"), 10, 64)
	done, err := p.Transfers.Transfer(c.Request.Context(), principal(c), account.ID, max(1, revision), transfers.Destination{
		OrganizationID: values.Get("organization_id"), OwnerID: strings.TrimSpace(values.Get("owner_id")),
	})
	if errs.KindOf(err) == errs.Stale {
		err = errs.New(errs.Conflict, p.say(c, "transfer.changed"))
	}
	return done, err
}
