package web

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

// homePages show the start page and set the theme.
type homePages struct{ *site }

func (p *homePages) mount(g *gin.RouterGroup) {
	g.GET("/", p.member(p.home))
	g.POST("/theme", p.open(p.chooseTheme))
}

const (
	mostShown  = 6  // of each kind that needs attention
	mostQuotas = 40 // accounts whose quotas are read
	homeDays   = 7
)

// homePage shows what needs the reader's attention, and recent usage.
type homePage struct {
	Expiring []keys.Key
	Unused   []keys.Key
	Rotated  []rotation
	Unasked  []unasked
	Quiet    bool // nothing needs attention
	First    bool // there is no service account yet
	Chart    chart
	Quotas   []keys.QuotaState
	Now      time.Time
}

// rotation is a rotated key, and how much it is still used.
type rotation struct {
	keys.Key
	usage.Recent
}

// unasked is a key with scopes that no request has needed.
type unasked struct {
	keys.Key
	Scopes []string
}

func (p *homePages) home(c *gin.Context) error {
	ctx, who, now := c.Request.Context(), principal(c), time.Now()
	needs, err := p.Keys.Attention(ctx, who, mostShown)
	if err != nil {
		return err
	}
	out := homePage{Expiring: needs.Expiring, Unused: needs.Unused, Now: now}
	for _, k := range needs.Rotated {
		recent, err := p.Usage.Recent(ctx, k.ID, now)
		if err != nil {
			return err
		}
		out.Rotated = append(out.Rotated, rotation{k, recent})
	}
	for i := 0; i < len(needs.Old) && len(out.Unasked) < mostShown; i++ {
		scopes, err := p.neverAsked(c, &needs.Old[i])
		if err != nil {
			return err
		}
		if len(scopes) > 0 {
			out.Unasked = append(out.Unasked, unasked{needs.Old[i], scopes})
		}
	}
	out.Quiet = len(out.Expiring)+len(out.Unused)+len(out.Rotated)+len(out.Unasked) == 0
	if out.Quotas, err = p.quotas(c); err != nil {
		return err
	}
	accounts, err := p.Keys.Accounts(ctx, who, "", keys.AccountFilter{}, keys.Page{Limit: 1})
	if err != nil {
		return err
	}
	out.First = len(accounts) == 0
	week := span{from: usage.Days.Floor(now).AddDate(0, 0, 1-homeDays), until: now, level: usage.Days}
	points, err := p.Usage.Report(ctx, usage.Query{
		From: week.from, Until: now, Interval: week.level, OrganizationIDs: who.Organizations(keys.ReadUsage),
	})
	if err != nil {
		return err
	}
	out.Chart = p.byOutcome(c, "week", p.say(c, "home.week"), week, points)
	return p.show(c, http.StatusOK, "home", view{Title: p.say(c, "home.title"), Notice: p.notice(c), Data: out})
}

// neverAsked returns the granted scopes of the key that no recorded request has
// asked for.
func (p *homePages) neverAsked(c *gin.Context, k *keys.Key) ([]string, error) {
	ctx, now := c.Request.Context(), time.Now()
	granted, err := p.Keys.ScopesOf(ctx, k)
	if err != nil {
		return nil, err
	}
	asked, err := p.Usage.LastAsked(ctx, k.ID, now)
	if err != nil || len(asked) == 0 { // the verifier never asks for scopes
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(granted), func(scope string) bool { _, was := asked[scope]; return was }), nil
}

// quotas returns the most used quotas.
func (p *homePages) quotas(c *gin.Context) ([]keys.QuotaState, error) {
	all, err := p.Keys.Quotas(c.Request.Context(), principal(c), p.QuotaUsed, mostQuotas)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b keys.QuotaState) int { return cmp.Compare(b.Percent(), a.Percent()) })
	return all[:min(len(all), mostShown)], nil
}
