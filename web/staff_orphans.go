package web

import (
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/incidents"
	"github.com/latchkey/latchkey/keys"
)

// orphanPages list service accounts and keys that nobody looks after.
type orphanPages struct{ *site }

func (p *orphanPages) mount(g *gin.RouterGroup) {
	g.GET("/provider/orphans", p.staff(p.listOrphans))
}

// orphansPage lists service accounts and keys that nobody seems to look after.
type orphansPage struct {
	Kind     keys.Neglect
	Kinds    []option
	Accounts []orphanAccount
	Rows     []orphanRow
	Leavers  []leaverRow
	Next     template.URL // query of the next page, "" on the last
	Select   template.URL // query of an incident with all of them
}

type orphanAccount struct {
	keys.ServiceAccount
	Organization, Owner string
}

type orphanRow struct {
	keyRow
	Organization string
}

type leaverRow struct {
	incidents.Leaver
	Organization, Who string
	Select            template.URL // query of an incident with their keys
}

func (p *orphanPages) listOrphans(c *gin.Context) error {
	out := orphansPage{Kind: keys.Neglect(c.Query("kind"))}
	for _, kind := range []keys.Neglect{keys.NoOwner, keys.NeverUsed, keys.NoExpiry, keys.CreatorLeft} {
		out.Kinds = append(out.Kinds, option{string(kind), p.say(c, "orphans."+string(kind))})
	}
	list := p.neglected
	switch out.Kind {
	case keys.NeverUsed, keys.NoExpiry:
	case keys.CreatorLeft:
		list = p.leavers
	default:
		out.Kind, list = keys.NoOwner, p.ownerless
	}
	out.Select = queryOf("neglect", string(out.Kind))
	if err := list(c, &out); err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "staff-orphans", view{Title: p.say(c, "orphans.title"), Data: out})
}

func (p *orphanPages) ownerless(c *gin.Context, out *orphansPage) error {
	ctx, who := c.Request.Context(), principal(c)
	after := incidents.OrphansAfter{Owner: keys.Owner{OrganizationID: c.Query("after"), ID: c.Query("of")}, AccountID: c.Query("account")}
	found, next, err := p.Staff.Incidents.Orphans(ctx, who, p.Staff.Owners, after)
	if err != nil {
		return err
	}
	if next != (incidents.OrphansAfter{}) {
		out.Next = queryOf("kind", string(out.Kind), "after", next.OrganizationID, "of", next.Owner.ID, "account", next.AccountID)
	}
	known, left := names{}, names{"": p.say(c, "account.nobody")}
	for _, one := range found {
		if _, ok := left[one.OwnerID]; !ok {
			left[one.OwnerID] = p.userName(c, one.OwnerID)
		}
		out.Accounts = append(out.Accounts, orphanAccount{one, p.organizationName(ctx, who, known, one.OrganizationID), left[one.OwnerID]})
	}
	return nil
}

// userName is the name of a user for staff, or the id of a deleted user.
func (p *site) userName(c *gin.Context, id string) string {
	u, err := p.People.Users.Get(c.Request.Context(), principal(c), id)
	if err != nil {
		return id
	}
	return u.Email
}

func (p *orphanPages) neglected(c *gin.Context, out *orphansPage) error {
	ctx, who := c.Request.Context(), principal(c)
	found, err := p.Keys.Neglected(ctx, who, out.Kind, keys.Page{After: c.Query("after"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	found, next := fullPage(found, func(k *keys.Key) string { return k.ID })
	if next != "" {
		out.Next = queryOf("kind", string(out.Kind), "after", next)
	}
	known := names{}
	for i := range found {
		out.Rows = append(out.Rows, orphanRow{rowOf(found[i]), p.organizationName(ctx, who, known, found[i].OrganizationID)})
	}
	return nil
}

func (p *orphanPages) leavers(c *gin.Context, out *orphansPage) error {
	ctx, who := c.Request.Context(), principal(c)
	found, next, err := p.Staff.Incidents.Leavers(ctx, who, p.Staff.Creators, keys.Creator{
		OrganizationID: c.Query("after"),
		ID:             c.Query("by"),
	})
	if err != nil {
		return err
	}
	if next != (keys.Creator{}) {
		out.Next = queryOf("kind", string(out.Kind), "after", next.OrganizationID, "by", next.ID)
	}
	known := names{}
	for _, one := range found {
		row := leaverRow{Leaver: one, Organization: p.organizationName(ctx, who, known, one.OrganizationID), Who: p.userName(c, one.ID)}
		row.Select = queryOf("organization_id", one.OrganizationID, "created_by", one.ID)
		out.Leavers = append(out.Leavers, row)
	}
	return nil
}
