package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

// usagePages show what keys were used for.
type usagePages struct{ *site }

func (p *usagePages) mount(g *gin.RouterGroup) {
	g.GET("/usage", p.member(p.showUsage))
}

const (
	standardSpan = 14 // days
	mostBars     = 400
)

// usagePage charts usage over a period, grouped as the reader chose.
type usagePage struct {
	From, Until string // days
	By          filter
	Account     string
	KeyID       string
	KeyName     string
	Accounts    []option
	Chart       chart
	CSV         string // path of the same report as CSV
}

func (p *usagePages) showUsage(c *gin.Context) error {
	values := c.Request.URL.Query()
	out := usagePage{From: values.Get("from"), Until: values.Get("to"), Account: values.Get("account"), KeyID: values.Get("key")}
	if err := p.usageForm(c, &out, values.Get("by")); err != nil {
		return err
	}
	at, err := spanOf(&out, time.Now().UTC())
	if err == nil {
		err = p.usageChart(c, &out, at)
	}
	wrong, ok := p.asFaults(c, err, "from", "to")
	if err != nil && !ok {
		return err
	}
	status := http.StatusOK
	if ok {
		status = http.StatusUnprocessableEntity
	}
	return p.show(c, status, "usage", view{Title: p.say(c, "usage.title"), Faults: wrong, Data: out})
}

func (p *usagePages) usageForm(c *gin.Context, out *usagePage, by string) error {
	ctx, who := c.Request.Context(), principal(c)
	out.By = filter{Name: "by", Label: p.say(c, "usage.by"), Chosen: by}
	for _, name := range []usage.Grouping{usage.ByOutcome, usage.ByKey, usage.ByAccount, usage.ByScope} {
		out.By.All = append(out.By.All, option{string(name), p.say(c, "usage.by_"+string(name))})
	}
	if !slices.ContainsFunc(out.By.All, func(o option) bool { return o.Value == by }) {
		out.By.Chosen = string(usage.ByOutcome)
	}
	accounts, err := p.Keys.Accounts(ctx, who, "", keys.AccountFilter{}, keys.Page{Limit: 200})
	if err != nil {
		return err
	}
	out.Accounts = []option{{"", p.say(c, "usage.all_accounts")}}
	for i := range accounts {
		out.Accounts = append(out.Accounts, option{accounts[i].ID, accounts[i].Name})
	}
	if out.KeyID != "" {
		k, err := p.Keys.KeyToRead(ctx, who, out.KeyID, keys.ReadUsage)
		if err != nil {
			return err
		}
		out.KeyName, out.Account = k.Name, ""
	}
	if out.Account != "" {
		if _, err := p.Keys.Account(ctx, who, out.Account); err != nil {
			return err
		}
	}
	return nil
}

// spanOf parses the two days; both are included.
func spanOf(out *usagePage, now time.Time) (span, error) {
	var f errs.Faults
	day := func(field, text string, standard time.Time) time.Time {
		if text == "" {
			return standard
		}
		at, err := time.Parse(time.DateOnly, text)
		f.Check(err == nil && at.Year() > 2000 && at.Year() < 3000, field, "day_invalid")
		return at
	}
	today := usage.Days.Floor(now)
	s := span{from: day("from", out.From, today.AddDate(0, 0, 1-standardSpan)), until: day("to", out.Until, today).AddDate(0, 0, 1)}
	out.From, out.Until = cmp.Or(out.From, s.from.Format(time.DateOnly)), cmp.Or(out.Until, s.until.AddDate(0, 0, -1).Format(time.DateOnly))
	if s.until.After(now) {
		s.until = now
	}
	f.Check(f.Has("from") || f.Has("to") || s.from.Before(s.until), "to", "days_reversed")
	s.level = usage.Days
	if s.until.Sub(s.from) <= 5*24*time.Hour && out.By.Chosen != string(usage.ByScope) {
		s.level = usage.Hours
	}
	f.Check(f.Has("from") || f.Has("to") || s.slots() <= mostBars, "from", "chart_too_old")
	return s, f.Err()
}

func (p *usagePages) usageChart(c *gin.Context, out *usagePage, at span) error {
	ctx, who := c.Request.Context(), principal(c)
	by := usage.Grouping(out.By.Chosen)
	q := usage.Query{
		From: at.from, Until: at.until, Interval: at.level, Grouping: by, OrganizationIDs: who.Organizations(keys.ReadUsage),
		AccountID: out.Account, KeyID: out.KeyID,
	}
	var err error
	if q.ExceptAccounts, err = p.Keys.Elsewhere(ctx, who, keys.ReadUsage); err != nil {
		return err
	}
	title := p.say(c, "usage.chart_"+out.By.Chosen)
	if by == usage.ByOutcome {
		points, err := p.Usage.Report(ctx, q)
		if err != nil {
			return err
		}
		out.Chart = p.byOutcome(c, "usage", title, at, points)
	} else {
		found, err := p.Usage.Ranking(ctx, q, mostSeries)
		if err != nil {
			return err
		}
		out.Chart = p.byGroup(c, "usage", title, at, &found, func(group string) series { return p.named(c, by, group) })
	}
	values := url.Values{
		"format": {"csv"}, "group_by": {out.By.Chosen}, "interval": {at.level.String()}, "from": {at.from.Format(time.RFC3339)},
		"to": {at.until.Truncate(time.Second).Format(time.RFC3339)},
	}
	path := "/api/usage"
	if out.Account != "" {
		values.Set("service_account_id", out.Account)
	}
	if out.KeyID != "" && (by == usage.ByOutcome || by == usage.ByScope) {
		path = "/api/keys/" + out.KeyID + "/usage"
	}
	out.CSV = path + "?" + values.Encode()
	return nil
}

// named returns the series of a group, by name if the object still exists.
func (p *usagePages) named(c *gin.Context, by usage.Grouping, group string) series {
	ctx, who := c.Request.Context(), principal(c)
	switch {
	case group == "":
		return series{Name: p.say(c, "usage.unknown")}
	case by == usage.ByKey:
		if k, err := p.Keys.Key(ctx, who, group); err == nil {
			return series{Name: k.Name + " …" + k.Last4, Href: "/keys/" + k.ID}
		}
	case by == usage.ByAccount:
		if a, err := p.Keys.Account(ctx, who, group); err == nil {
			return series{Name: a.Name, Href: "/service-accounts/" + a.ID}
		}
	}
	return series{Name: group}
}
