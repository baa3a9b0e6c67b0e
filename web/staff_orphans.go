package web

import (
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/keys"
)

// orphansPage lists keys that nobody seems to look after.
type orphansPage struct {
	Kind    keys.Neglect
	Kinds   []option
	Rows    []orphanRow
	Leavers []leaverRow
	Next    template.URL // query of the next page, "" on the last
	Select  template.URL // query of an incident with all of them
}

type orphanRow struct {
	keyRow
	Organization string
}

type leaverRow struct {
	keys.Leaver
	Organization, Who string
	Select            template.URL // query of an incident with his keys
}

func (p *Portal) listOrphans(c *gin.Context) error {
	out := orphansPage{Kind: keys.Neglect(c.Query("kind"))}
	for _, kind := range []keys.Neglect{keys.CreatorLeft, keys.NeverUsed, keys.NoExpiry} {
		out.Kinds = append(out.Kinds, option{string(kind), p.texts["orphans."+string(kind)]})
	}
	if out.Kind != keys.NeverUsed && out.Kind != keys.NoExpiry {
		out.Kind = keys.CreatorLeft
	}
	out.Select = queryOf("neglect", string(out.Kind))
	err := p.leavers(c, &out)
	if out.Kind != keys.CreatorLeft {
		err = p.neglected(c, &out)
	}
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "staff-orphans", view{Title: p.texts["orphans.title"], Data: out})
}

func (p *Portal) neglected(c *gin.Context, out *orphansPage) error {
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

func (p *Portal) leavers(c *gin.Context, out *orphansPage) error {
	if out.Kind != keys.CreatorLeft {
		return nil
	}
	ctx, who := c.Request.Context(), principal(c)
	found, next, err := p.Staff.Incidents.Leavers(ctx, who, p.Staff.Creators, keys.Creator{OrganizationID: c.Query("after"), ID: c.Query("by")})
	if err != nil {
		return err
	}
	if next != (keys.Creator{}) {
		out.Next = queryOf("kind", string(out.Kind), "after", next.OrganizationID, "by", next.ID)
	}
	known := names{}
	for _, one := range found {
		row := leaverRow{Leaver: one, Organization: p.organizationName(ctx, who, known, one.OrganizationID), Who: one.ID}
		if u, err := p.People.User(ctx, who, one.ID); err == nil {
			row.Who = u.Email
		}
		row.Select = queryOf("organization_id", one.OrganizationID, "created_by", one.ID)
		out.Leavers = append(out.Leavers, row)
	}
	return nil
}
