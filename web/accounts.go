package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/keys"
)

// accountPages show and edit service accounts.
type accountPages struct{ *site }

func (p *accountPages) mount(g *gin.RouterGroup) {
	g.GET("/service-accounts", p.member(p.listAccounts))
	g.GET("/service-accounts/new", p.member(p.newAccount))
	g.POST("/service-accounts/new", p.member(p.createAccount))
	g.GET("/service-accounts/:id", p.member(p.showAccount))
	g.GET("/service-accounts/:id/edit", p.member(p.editAccountPage))
	g.POST("/service-accounts/:id/edit", p.member(p.editAccount))
	g.GET("/service-accounts/:id/disable", p.member(p.disablePage))
	g.POST("/service-accounts/:id/disable", p.member(p.switchAccount(true)))
	g.POST("/service-accounts/:id/enable", p.member(p.switchAccount(false)))
	g.GET("/service-accounts/:id/delete", p.member(p.deleteAccountPage))
	g.POST("/service-accounts/:id/delete", p.member(p.deleteAccount))
	g.GET("/service-accounts/:id/transfer", p.member(p.transferPage))
	g.POST("/service-accounts/:id/transfer", p.member(p.transferAccount))
	g.POST("/service-accounts/:id/limits/reset", p.member(p.resetLimits(func(c *gin.Context, who keys.Actor) error {
		_, err := p.Keys.ResetAccountLimits(c.Request.Context(), who, c.Param("id"), keys.AnyRevision)
		return err
	}, "/service-accounts/")))
}

// pageSize is the number of rows in a table.
const pageSize = 50

// fullPage returns the rows to show from a list that was asked for one more, and
// the cursor of the next page, "" on the last.
func fullPage[T any](found []T, cursor func(*T) string) (shown []T, next string) {
	if len(found) <= pageSize {
		return found, ""
	}
	return found[:pageSize], cursor(&found[pageSize-1])
}

// accountRow is a row in the list of service accounts.
type accountRow struct {
	keys.ServiceAccount
	Organization string
}

type accountsPage struct {
	Rows []accountRow
	Text string
	Mine bool   // only those that the reader owns
	Next string // cursor of the next page, "" on the last
}

func (p *accountPages) listAccounts(c *gin.Context) error {
	ctx, who := c.Request.Context(), principal(c)
	text := c.Query("q")
	f, mine := keys.AccountFilter{Text: text}, c.Query("owner") == "me"
	if mine {
		f.OwnerID = who.ID()
	}
	found, err := p.Keys.Accounts(ctx, who, "", f, keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	out := accountsPage{Text: text, Mine: mine}
	found, out.Next = fullPage(found, func(a *keys.ServiceAccount) string { return a.ID })
	names := map[string]string{}
	for _, a := range found {
		if _, known := names[a.OrganizationID]; !known {
			o, err := p.Keys.Organization(ctx, who, a.OrganizationID)
			if err != nil {
				return err
			}
			names[a.OrganizationID] = o.Name
		}
		out.Rows = append(out.Rows, accountRow{a, names[a.OrganizationID]})
	}
	return p.show(c, http.StatusOK, "accounts", view{Title: p.say(c, "account.list"), Notice: p.say(c, "done."+c.Query("done")), Data: out})
}

// accountForm is the form of a new service account.
type accountForm struct {
	Organizations []keys.Organization
	Catalogue     []scopeGroup
	Organization  string
	Name          string
	Description   string
	Scopes        map[string]bool
}

// scopeGroup holds the scopes of one resource.
type scopeGroup struct {
	Resource string
	Scopes   []keys.Scope
}

func (p *accountPages) accountForm(c *gin.Context) (accountForm, error) {
	ctx, who := c.Request.Context(), principal(c)
	all, err := p.Keys.Organizations(ctx, who, keys.OrganizationFilter{}, keys.Page{Limit: pageSize})
	if err != nil {
		return accountForm{}, err
	}
	f := accountForm{Scopes: map[string]bool{}}
	for _, o := range all {
		if who.May(keys.WriteAccounts, o.ID) {
			f.Organizations = append(f.Organizations, o)
		}
	}
	scopes, err := p.grantable(ctx)
	f.Catalogue = group(scopes)
	return f, err
}

// grantable lists the scopes of the catalogue that can be granted. Retired scopes
// are left out unless already held.
func (p *site) grantable(ctx context.Context, held ...string) ([]keys.Scope, error) {
	scopes, err := p.Keys.Scopes(ctx, keys.Page{Limit: 1000})
	return slices.DeleteFunc(scopes, func(s keys.Scope) bool { return !s.RetiredAt.IsZero() && !slices.Contains(held, s.Name) }), err
}

// group groups scopes, sorted by name, by resource. Those of the management API
// come last.
func group(scopes []keys.Scope) []scopeGroup {
	var groups, management []scopeGroup
	for _, s := range scopes {
		resource := s.Name[:strings.LastIndexByte(s.Name, ':')]
		into := &groups
		if strings.HasPrefix(s.Name, "latchkey:") {
			into, resource = &management, "latchkey"
		}
		if n := len(*into); n > 0 && (*into)[n-1].Resource == resource {
			(*into)[n-1].Scopes = append((*into)[n-1].Scopes, s)
			continue
		}
		*into = append(*into, scopeGroup{Resource: resource, Scopes: []keys.Scope{s}})
	}
	return append(groups, management...)
}

func (p *accountPages) newAccount(c *gin.Context) error {
	f, err := p.accountForm(c)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "account-new", view{Title: p.say(c, "title.new_service_account"), Data: f})
}

func (p *accountPages) createAccount(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	account, err := p.Keys.CreateAccount(c.Request.Context(), principal(c), "", values.Get("organization_id"), keys.AccountFields{
		Name: strings.TrimSpace(values.Get("name")), Description: values.Get("description"), Scopes: values["scopes"],
	})
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/service-accounts/"+account.ID)
		return nil
	}
	wrong, ok := p.asFaults(c, err, "organization_id", "name", "description", "scopes")
	if !ok {
		return err
	}
	f, err := p.accountForm(c)
	if err != nil {
		return err
	}
	f.Organization, f.Name, f.Description = values.Get("organization_id"), values.Get("name"), values.Get("description")
	for _, s := range values["scopes"] {
		f.Scopes[s] = true
	}
	return p.show(c, http.StatusUnprocessableEntity, "account-new", view{Title: p.say(c, "title.new_service_account"), Faults: wrong, Data: f})
}

type accountPage struct {
	Account      keys.ServiceAccount
	Tier         keys.Tier
	Rows         []keyRow
	Next         string
	MayEdit      bool // may edit the account's keys
	MayChange    bool // may change the account itself
	MayTransfer  bool // may transfer it to another organization
	Organization string
	Owner        string // name of the user who looks after it
	MadeBy       string
	Chart        chart
}

func (p *accountPages) showAccount(c *gin.Context) error {
	ctx, who := c.Request.Context(), principal(c)
	account, err := p.Keys.Account(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	out := accountPage{Account: account, MayEdit: who.May(keys.WriteKeys, account.OrganizationID)}
	out.MayChange, out.MayTransfer = who.May(keys.WriteAccounts, account.OrganizationID), mayTransfer(who, &account)
	if out.Tier, err = p.Keys.Tier(ctx, account.Tier); err != nil {
		return err
	}
	organization, err := p.Keys.Organization(ctx, who, account.OrganizationID)
	if err != nil {
		return err
	}
	out.Organization = organization.Name
	if out.Owner, err = p.memberName(c, account.OrganizationID, account.OwnerID); err != nil {
		return err
	}
	if out.MadeBy, err = p.memberName(c, account.OrganizationID, account.CreatedBy); err != nil {
		return err
	}
	if err := p.accountUsage(c, &out); err != nil {
		return err
	}
	found, err := p.Keys.Keys(ctx, who, keys.KeyQuery{ServiceAccountID: account.ID}, keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	found, out.Next = fullPage(found, func(k *keys.Key) string { return k.ID })
	for _, k := range found {
		out.Rows = append(out.Rows, rowOf(k))
	}
	return p.show(c, http.StatusOK, "account", view{Title: account.Name, Notice: p.notice(c), Data: out})
}
