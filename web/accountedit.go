package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

const accountDays = 30 // days of usage on the page of a service account

// accountEdit is the form of a service account.
type accountEdit struct {
	Account     keys.ServiceAccount
	Tier        keys.Tier
	Name        string
	Description string
	ExternalID  string
	Networks    string
	Metadata    string
	Owner       ownerChoice
	Groups      []choiceGroup
}

// accountToEdit returns the account if the reader may change it.
func (p *accountPages) accountToEdit(c *gin.Context) (keys.ServiceAccount, error) {
	who := principal(c)
	account, err := p.Keys.Account(c.Request.Context(), who, c.Param("id"))
	if err == nil && !who.May(keys.WriteAccounts, account.OrganizationID) {
		err = errs.New(errs.Forbidden, p.say(c, "account.may_not"))
	}
	return account, err
}

func (p *accountPages) accountEditForm(c *gin.Context) (accountEdit, error) {
	ctx := c.Request.Context()
	account, err := p.accountToEdit(c)
	if err != nil {
		return accountEdit{}, err
	}
	networks := make([]string, len(account.AllowedNetworks))
	for i, n := range account.AllowedNetworks {
		networks[i] = n.String()
	}
	out := accountEdit{
		Account: account, Name: account.Name, Description: account.Description, ExternalID: account.ExternalID,
		Networks: strings.Join(networks, "\n"), Metadata: string(account.Metadata),
	}
	if out.Tier, err = p.Keys.Tier(ctx, account.Tier); err != nil {
		return out, err
	}
	if out.Owner, err = p.owners(c, account.OrganizationID, account.OwnerID, ""); err != nil {
		return out, err
	}
	catalogue, err := p.grantable(ctx, account.Scopes...)
	if err != nil {
		return out, err
	}
	var choices []choice
	for _, s := range catalogue {
		choices = append(choices, choice{Name: s.Name, Description: s.Description, Ticked: slices.Contains(account.Scopes, s.Name)})
	}
	for _, s := range account.Scopes {
		if !slices.ContainsFunc(choices, func(one choice) bool { return one.Name == s }) {
			choices = append(choices, choice{Name: s, Description: p.say(c, "account.wildcard"), Ticked: true})
		}
	}
	slices.SortStableFunc(choices, func(a, b choice) int { return strings.Compare(a.Name, b.Name) })
	out.Groups = groupChoices(choices)
	return out, nil
}

func (p *accountPages) editAccountPage(c *gin.Context) error {
	f, err := p.accountEditForm(c)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "account-edit", view{Title: p.say(c, "account.edit"), Data: f})
}

func (p *accountPages) editAccount(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	networks, err := parseNetworks(values.Get("networks"))
	if err == nil {
		_, err = p.Keys.ChangeAccount(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision,
			func(f keys.AccountFields) (keys.AccountFields, error) {
				f.Name, f.Description, f.ExternalID = strings.TrimSpace(values.Get("name")), values.Get("description"),
					strings.TrimSpace(values.Get("external_id"))
				f.Scopes, f.AllowedNetworks, f.Metadata = append([]string{}, values["scopes"]...), networks,
					keys.Metadata(strings.TrimSpace(values.Get("metadata")))
				if values.Has("owner_id") {
					f.OwnerID = strings.TrimSpace(values.Get("owner_id"))
				}
				return f, nil
			})
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/service-accounts/"+c.Param("id")+"?done=saved")
		return nil
	}
	wrong, ok := p.asFaults(c, err, "name", "description", "external_id", "owner_id", "scopes", "allowed_networks", "metadata")
	if !ok {
		return err
	}
	f, err := p.accountEditForm(c)
	if err != nil {
		return err
	}
	f.Name, f.Description, f.ExternalID = values.Get("name"), values.Get("description"), values.Get("external_id")
	f.Networks, f.Metadata, f.Owner.Chosen = values.Get("networks"), values.Get("metadata"), values.Get("owner_id")
	for g := range f.Groups {
		for i := range f.Groups[g].Choices {
			one := &f.Groups[g].Choices[i]
			one.Ticked = slices.Contains(values["scopes"], one.Name)
		}
	}
	return p.show(c, http.StatusUnprocessableEntity, "account-edit", view{Title: p.say(c, "account.edit"), Faults: wrong, Data: f})
}

func (p *accountPages) switchAccount(disabled bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		values, err := form(c)
		if err != nil {
			return err
		}
		if disabled && values.Get("sure") != "yes" {
			return p.disableView(c, http.StatusUnprocessableEntity, faults{"sure": p.say(c, "staff.sure")})
		}
		_, err = p.Keys.ChangeAccount(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision,
			func(f keys.AccountFields) (keys.AccountFields, error) {
				f.Disabled = disabled
				return f, nil
			})
		if err != nil {
			return err
		}
		done := "account_enabled"
		if disabled {
			done = "account_disabled"
		}
		c.Redirect(http.StatusSeeOther, "/service-accounts/"+c.Param("id")+"?done="+done)
		return nil
	}
}

// accountDisable asks for confirmation before all keys of an account stop
// working.
type accountDisable struct {
	Account keys.ServiceAccount
	Alive   int
	More    bool
}

func (p *accountPages) disablePage(c *gin.Context) error { return p.disableView(c, http.StatusOK, nil) }

func (p *accountPages) disableView(c *gin.Context, status int, wrong faults) error {
	ctx, who := c.Request.Context(), principal(c)
	account, err := p.Keys.AccountToChange(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	found, err := p.Keys.Keys(ctx, who, keys.KeyQuery{ServiceAccountID: account.ID, Status: keys.StatusActive}, keys.Page{Limit: pageSize + 1})
	if err != nil {
		return err
	}
	out := accountDisable{Account: account, Alive: min(len(found), pageSize), More: len(found) > pageSize}
	return p.show(c, status, "account-disable", view{Title: p.say(c, "title.disable_account"), Faults: wrong, Data: out})
}

// accountDelete asks for the account's name before deleting it.
type accountDelete struct {
	Account keys.ServiceAccount
	Typed   string
}

func (p *accountPages) deleteAccountPage(c *gin.Context) error {
	account, err := p.accountToEdit(c)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "account-delete", view{Title: p.say(c, "account.delete"), Data: accountDelete{Account: account}})
}

func (p *accountPages) deleteAccount(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	account, err := p.accountToEdit(c)
	if err != nil {
		return err
	}
	if strings.TrimSpace(values.Get("name")) != account.Name {
		err = errs.BadField("name", p.say(c, "account.name_differs"))
	} else {
		err = p.Keys.DeleteAccount(c.Request.Context(), principal(c), account.ID, keys.AnyRevision)
	}
	if wrong, ok := p.asFaults(c, err, "name"); ok {
		return p.show(c, http.StatusUnprocessableEntity, "account-delete", view{
			Title: p.say(c, "account.delete"), Faults: wrong,
			Data: accountDelete{account, values.Get("name")},
		})
	}
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/service-accounts?done=deleted")
	return nil
}

// accountUsage adds a chart of the last days for readers who may see usage.
func (p *accountPages) accountUsage(c *gin.Context, out *accountPage) error {
	if !principal(c).May(keys.ReadUsage, out.Account.OrganizationID) {
		return nil
	}
	now := time.Now()
	month := span{from: usage.Days.Floor(now).AddDate(0, 0, 1-accountDays), until: now, level: usage.Days}
	points, err := p.Usage.Report(c.Request.Context(), usage.Query{
		From: month.from, Until: now, Interval: month.level,
		AccountID: out.Account.ID,
	})
	if err != nil {
		return err
	}
	out.Chart = p.byOutcome(c, "month", p.say(c, "account.month"), month, points)
	return nil
}
