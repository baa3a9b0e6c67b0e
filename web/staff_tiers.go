package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// tierPages show and edit tiers and overrides of their limits.
type tierPages struct{ *site }

func (p *tierPages) mount(g *gin.RouterGroup) {
	g.GET("/provider/tiers", p.staff(p.listTiers))
	g.GET("/provider/tiers/new", p.staff(p.newTier))
	g.POST("/provider/tiers/new", p.staff(p.createTier))
	g.GET("/provider/tiers/:name", p.staff(p.showTier))
	g.POST("/provider/tiers/:name", p.staff(p.editTier))
	g.POST("/provider/tiers/:name/delete", p.staff(p.deleteTier))
	g.GET("/provider/service-accounts/:id/override", p.staff(p.showOverride))
	g.POST("/provider/service-accounts/:id/override", p.staff(p.setOverride))
	g.POST("/provider/service-accounts/:id/override/end", p.staff(p.endOverride))
}

type tiersPage struct{ Rows []keys.Tier }

func (p *tierPages) listTiers(c *gin.Context) error {
	found, err := p.Keys.Tiers(c.Request.Context(), keys.Page{Limit: mostChoices})
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "staff-tiers", view{
		Title: p.say(c, "tiers.title"), Notice: p.say(c, "staff.done_"+c.Query("done")),
		Data: tiersPage{found},
	})
}

// tierForm is the form of a tier, with a preview of the change.
type tierForm struct {
	New                                   bool
	Name, Title, Rate, AccountRate, Quota string
	MaxKeys, MaxAge, Retention            string // in days, except MaxKeys
	LeakPolicy                            string
	LeakPolicies                          []option
	Revision                              int64
	Impact                                *keys.Impact
}

const hoursOfDay = 24

func tierFormOf(t *keys.Tier) tierForm {
	f := tierForm{
		Name: t.Name, Title: t.Title, Rate: ruleText(t.RateLimit), AccountRate: ruleText(t.AccountRateLimit), Quota: quotaText(t.Quota),
		MaxKeys: strconv.Itoa(t.MaxKeys), Revision: t.Revision,
	}
	f.MaxAge, f.Retention, f.LeakPolicy = daysText(t.MaxKeyAge), daysText(t.KeyRetention), t.LeakPolicy.String()
	return f
}

func tierTyped(values url.Values) tierForm {
	revision, _ := strconv.ParseInt(values.Get("revision"), 10, 64)
	return tierForm{
		Name: values.Get("name"), Title: values.Get("title"), Rate: values.Get("rate_limit"), AccountRate: values.Get("account_rate_limit"),
		Quota:   values.Get("quota"),
		MaxKeys: values.Get("max_keys"), MaxAge: values.Get("max_key_age"), Retention: values.Get("key_retention"),
		LeakPolicy: values.Get("leak_policy"), Revision: revision,
	}
}

// tierFields parses the form of a tier.
func tierFields(values url.Values) (f keys.TierFields, err error) {
	f.Title = strings.TrimSpace(values.Get("title"))
	if f.RateLimit, err = ruleOf(values, "rate_limit"); err != nil {
		return f, err
	}
	if f.AccountRateLimit, err = ruleOf(values, "account_rate_limit"); err != nil {
		return f, err
	}
	if f.Quota, err = quotaOf(values, "quota"); err != nil {
		return f, err
	}
	if f.MaxKeys, err = strconv.Atoi(strings.TrimSpace(values.Get("max_keys"))); err != nil {
		return f, errs.BadField("max_keys", "not_whole")
	}
	if f.MaxKeyAge, err = daysOf(values, "max_key_age"); err != nil {
		return f, err
	}
	f.LeakPolicy = keys.ParseLeakPolicy(values.Get("leak_policy"))
	f.KeyRetention, err = daysOf(values, "key_retention")
	return f, err
}

// daysText formats a duration in days, "" for none.
func daysText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatFloat(d.Hours()/hoursOfDay, 'f', -1, 64)
}

// daysOf parses a number of days from a form.
func daysOf(values url.Values, name string) (time.Duration, error) {
	text := strings.TrimSpace(values.Get(name))
	if text == "" {
		return 0, nil
	}
	days, err := strconv.ParseFloat(text, 64)
	if err != nil || !(days > 0 && days <= 36500) {
		return 0, errs.BadField(name, "days_or_empty")
	}
	return time.Duration(days * hoursOfDay * float64(time.Hour)).Truncate(time.Second), nil
}

func tierFaultFields() []string {
	return []string{"name", "title", "rate_limit", "account_rate_limit", "quota", "max_keys", "max_key_age", "key_retention", "leak_policy"}
}

// tierForms shows the form of a tier.
func (p *tierPages) tierForms(c *gin.Context, status int, v view, f tierForm) error {
	for _, one := range keys.LeakPolicies() {
		f.LeakPolicies = append(f.LeakPolicies, option{one.String(), p.say(c, "word."+one.String())})
	}
	v.Data = f
	return p.show(c, status, "staff-tier", v)
}

func (p *tierPages) newTier(c *gin.Context) error {
	return p.tierForms(c, http.StatusOK, view{Title: p.say(c, "tiers.new")}, tierForm{New: true, MaxKeys: strconv.Itoa(keys.DefaultMaxKeys)})
}

func (p *tierPages) createTier(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	fields, err := tierFields(values)
	if err == nil {
		_, err = p.Keys.CreateTier(c.Request.Context(), principal(c), strings.TrimSpace(values.Get("name")), fields)
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/provider/tiers?done=saved")
		return nil
	}
	return p.saidFields(c, err, func(wrong faults) error {
		typed := tierTyped(values)
		typed.New = true
		return p.tierForms(c, http.StatusUnprocessableEntity, view{Title: p.say(c, "tiers.new"), Faults: wrong}, typed)
	}, tierFaultFields()...)
}

func (p *tierPages) showTier(c *gin.Context) error { return p.tierView(c, http.StatusOK, nil) }

func (p *tierPages) tierView(c *gin.Context, status int, wrong faults) error {
	t, err := p.Keys.Tier(c.Request.Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return p.tierForms(c, status, view{Title: t.Title, Faults: wrong}, tierFormOf(&t))
}

// editTier first previews the change, and saves it once the form confirms it.
func (p *tierPages) editTier(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	ctx, who, name := c.Request.Context(), principal(c), c.Param("name")
	typed := tierTyped(values)
	typed.Name = name
	fields, err := tierFields(values)
	if err == nil && values.Get("sure") == "yes" {
		_, err = p.Keys.ChangeTier(ctx, who, name, max(1, typed.Revision), func(keys.TierFields) (keys.TierFields, error) { return fields, nil })
		if err == nil {
			c.Redirect(http.StatusSeeOther, "/provider/tiers?done=saved")
			return nil
		}
	}
	if err == nil {
		var impact keys.Impact
		if impact, err = p.Keys.TierImpact(ctx, who, name, fields); err == nil {
			typed.Impact = &impact
			return p.tierForms(c, http.StatusOK, view{Title: p.say(c, "tiers.preview")}, typed)
		}
	}
	return p.saidFields(c, err, func(wrong faults) error {
		return p.tierForms(c, http.StatusUnprocessableEntity, view{Title: typed.Title, Faults: wrong}, typed)
	}, tierFaultFields()...)
}

func (p *tierPages) deleteTier(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	if values.Get("sure") != "yes" {
		return p.tierView(c, http.StatusUnprocessableEntity, faults{"sure": p.say(c, "staff.sure")})
	}
	err = p.Keys.DeleteTier(c.Request.Context(), principal(c), c.Param("name"), keys.AnyRevision)
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/provider/tiers?done=deleted")
		return nil
	}
	return p.saidFields(c, err, func(wrong faults) error { return p.tierView(c, http.StatusUnprocessableEntity, wrong) })
}

// overridePage is the form that overrides an account's limits for a time.
type overridePage struct {
	Account                           keys.ServiceAccount
	Tier                              keys.Tier
	Holds                             bool
	KeyRate, Rate, Quota, Until, Note string
}

func (p *tierPages) overridePage(c *gin.Context) (out overridePage, err error) {
	ctx, who := c.Request.Context(), principal(c)
	if out.Account, err = p.Keys.Account(ctx, who, c.Param("id")); err != nil {
		return out, err
	}
	if out.Tier, err = p.Keys.Tier(ctx, out.Account.Tier); err != nil {
		return out, err
	}
	out.Until = time.Now().AddDate(0, 0, 7).Format(time.DateOnly)
	if o := out.Account.Override; o != nil {
		out.Holds = o.Holds(time.Now())
		out.KeyRate, out.Rate, out.Quota, out.Note = ruleText(o.KeyRateLimit), ruleText(o.RateLimit), quotaText(o.Quota), o.Note
		if out.Holds {
			out.Until = o.Until.Format(time.DateOnly)
		}
	}
	return out, nil
}

func (p *tierPages) showOverride(c *gin.Context) error {
	out, err := p.overridePage(c)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "staff-override", view{Title: p.say(c, "override.title"), Data: out})
}

// overrideTyped parses the form of an override. The override ends at the end of
// the chosen day.
func overrideTyped(values url.Values) (*keys.Override, error) {
	o := &keys.Override{Note: strings.TrimSpace(values.Get("note"))}
	var err error
	if o.KeyRateLimit, err = ruleOf(values, "key_rate_limit"); err != nil {
		return nil, err
	}
	if o.RateLimit, err = ruleOf(values, "rate_limit"); err != nil {
		return nil, err
	}
	if o.Quota, err = quotaOf(values, "quota"); err != nil {
		return nil, err
	}
	date, err := time.Parse(time.DateOnly, values.Get("until"))
	if err != nil {
		return nil, errs.BadField("until", "choose_day")
	}
	o.Until = date.Add(hoursOfDay*time.Hour - time.Second)
	return o, nil
}

func (p *tierPages) setOverride(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	o, err := overrideTyped(values)
	if err == nil {
		_, err = p.Keys.SetOverride(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision, o)
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, "/service-accounts/"+c.Param("id"))
		return nil
	}
	return p.saidFields(c, err, func(wrong faults) error {
		out, err := p.overridePage(c)
		if err != nil {
			return err
		}
		out.KeyRate, out.Rate, out.Quota, out.Until, out.Note = values.Get("key_rate_limit"), values.Get("rate_limit"), values.Get("quota"),
			values.Get("until"), values.Get("note")
		return p.show(c, http.StatusUnprocessableEntity, "staff-override", view{Title: p.say(c, "override.title"), Faults: wrong, Data: out})
	}, "key_rate_limit", "rate_limit", "quota", "until", "note")
}

func (p *tierPages) endOverride(c *gin.Context) error {
	if _, err := p.Keys.SetOverride(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision, nil); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/service-accounts/"+c.Param("id"))
	return nil
}
