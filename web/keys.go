package web

import (
	"context"
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// keyPages show and edit keys.
type keyPages struct{ *site }

func (p *keyPages) mount(g *gin.RouterGroup) {
	g.POST("/search", p.member(p.search))
	g.GET("/service-accounts/:id/keys/new", p.member(p.newKey))
	g.POST("/service-accounts/:id/keys/new", p.member(p.issueKey))
	g.GET("/keys", p.member(p.listKeys))
	g.POST("/keys/bulk", p.member(p.bulk))
	g.GET("/keys/:id/edit", p.member(p.editPage))
	g.POST("/keys/:id/edit", p.member(p.editKey))
	g.GET("/keys/:id", p.member(p.showKey))
	g.GET("/keys/:id/rotate", p.member(p.rotatePage))
	g.POST("/keys/:id/rotate", p.member(p.rotateKey))
	g.GET("/keys/:id/revoke", p.member(p.revokePage))
	g.POST("/keys/:id/revoke", p.member(p.revokeKey))
	g.POST("/keys/:id/disable", p.member(p.switchKey(true)))
	g.POST("/keys/:id/enable", p.member(p.switchKey(false)))
	g.POST("/keys/:id/limits/reset", p.member(p.resetLimits(func(c *gin.Context, who keys.Actor) error {
		_, err := p.Keys.ResetLimits(c.Request.Context(), who, c.Param("id"), keys.AnyRevision)
		return err
	}, "/keys/")))
}

type keyRow struct {
	keys.Key
	State keys.Status
}

func rowOf(k keys.Key) keyRow { return keyRow{k, k.Status(time.Now())} }

// keyForm is the form of a new key.
type keyForm struct {
	Account     keys.ServiceAccount
	Choices     []choice // of scopes
	Narrowed    bool     // only the ticked scopes, else all scopes of the account
	Name        string
	Note        string
	Environment string
	Expiry      string // days, "date" or "never"
	Date        string
	MayNever    bool
	Once        string // makes a form that is sent twice create one key
	Groups      []choiceGroup
	ReadOnly    bool // the scopes that only read
	Networks    string
	Requests    string // the key's own limit
	Per         string
	Tier        keys.Tier
}

// choiceGroup holds the scopes of one resource.
type choiceGroup struct {
	Resource string
	Choices  []choice
}

// groupChoices groups the choices by resource.
func groupChoices(all []choice) (groups []choiceGroup) {
	for _, one := range all {
		resource := one.Name
		if i := strings.LastIndexByte(one.Name, ':'); i > 0 {
			resource = one.Name[:i]
		}
		at := slices.IndexFunc(groups, func(g choiceGroup) bool { return g.Resource == resource })
		if at < 0 {
			at, groups = len(groups), append(groups, choiceGroup{Resource: resource})
		}
		groups[at].Choices = append(groups[at].Choices, one)
	}
	return groups
}

// readOnly returns the scopes that only read.
func readOnly(all []choice) []string {
	names := []string{}
	for _, one := range all {
		if strings.HasSuffix(one.Name, ":read") {
			names = append(names, one.Name)
		}
	}
	return names
}

type choice struct {
	Name        string
	Description string
	Ticked      bool
}

const standardExpiry = "90"

// keyForm returns the form with the scopes that the account can give.
func (p *keyPages) keyForm(c *gin.Context) (keyForm, error) {
	ctx := c.Request.Context()
	account, err := p.Keys.Account(ctx, principal(c), c.Param("id"))
	if err != nil {
		return keyForm{}, err
	}
	tier, err := p.Keys.Tier(ctx, account.Tier)
	if err != nil {
		return keyForm{}, err
	}
	catalogue, err := p.grantable(ctx)
	if err != nil {
		return keyForm{}, err
	}
	f := keyForm{
		Account: account, Environment: string(keys.Live), Expiry: standardExpiry, MayNever: tier.MaxKeyAge == 0, Once: ids.New(""),
		Per: "10s", Tier: tier,
	}
	seen := map[string]bool{}
	for _, s := range catalogue {
		if keys.CoveredBy(account.Scopes, s.Name) {
			f.Choices = append(f.Choices, choice{Name: s.Name, Description: s.Description})
			seen[s.Name] = true
		}
	}
	for _, s := range account.Scopes {
		if !seen[s] {
			f.Choices = append(f.Choices, choice{Name: s, Description: p.say(c, "account.wildcard")})
		}
	}
	f.Groups = groupChoices(f.Choices)
	return f, nil
}

func (p *keyPages) newKey(c *gin.Context) error {
	f, err := p.keyForm(c)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "key-new", view{Title: p.say(c, "title.issue_a_key"), Data: f})
}

// issuedPage shows a secret for the only time.
type issuedPage struct {
	Key     keys.Key
	Account keys.ServiceAccount
	Secret  string // "" if the form was sent before
	Base    string
	Old     string       // id of the rotated key
	File    template.URL // the key as a file to set in an environment
	Scope   string       // one of the key's scopes, for examples
}

func (p *keyPages) issueKey(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	if values.Get("narrowed") == "read" && len(values["scopes"]) == 0 {
		f, err := p.keyForm(c)
		if err != nil {
			return err
		}
		values["scopes"] = readOnly(f.Choices)
	}
	fields, err := keyFields(values, time.Now())
	var k keys.Key
	var secret keys.Secret
	if err == nil {
		k, secret, err = p.once(c, values, func(ctx context.Context, claim keys.Claim) (keys.Key, keys.Secret, error) {
			return p.Keys.Issue(ctx, principal(c), keys.IssueInput{
				Claim: claim, ServiceAccountID: c.Param("id"), Environment: keys.Environment(values.Get("environment")), KeyFields: fields,
			})
		})
	}
	if err != nil {
		return p.issueRefused(c, values, err)
	}
	return p.showIssued(c, k, secret, "")
}

func (p *keyPages) showIssued(c *gin.Context, k keys.Key, secret keys.Secret, old string) error {
	account, err := p.Keys.Account(c.Request.Context(), principal(c), k.ServiceAccountID)
	if err != nil {
		return err
	}
	out := issuedPage{Key: k, Account: account, Secret: secret.Reveal(), Base: p.BaseURL, Old: old}
	//nolint:gosec // G203: a key is letters, digits and _
	out.File = template.URL("data:text/plain;charset=utf-8,LATCHKEY_API_KEY=" + url.QueryEscape(secret.Reveal()) + "%0A")
	granted := k.Scopes
	if granted == nil {
		granted = account.Scopes
	}
	for _, scope := range granted {
		if keys.ValidScope(scope) {
			out.Scope = scope
			break
		}
	}
	return p.show(c, http.StatusOK, "key-issued", view{Title: p.say(c, "title.your_new_key"), Data: out})
}

// once makes a key, unless this form already made one. In that case it returns
// the key without its secret, which is only shown once.
func (p *keyPages) once(c *gin.Context, values url.Values, make func(context.Context, keys.Claim) (keys.Key, keys.Secret,
	error),
) (k keys.Key, secret keys.Secret, err error) {
	if values.Get("once") == "" {
		return k, secret, errs.New(errs.Invalid, p.say(c, "common.incomplete"))
	}
	request := repeatable(c, values, ids.Key)
	request.PerTry = true
	k, repeated, err := idempotency.Once(c.Request.Context(), p.Idempotency, request,
		func(ctx context.Context, id string) (keys.Key, error) { return p.Keys.Key(ctx, principal(c), id) },
		func(ctx context.Context, t *idempotency.Try) (made keys.Key, err error) {
			made, secret, err = make(ctx, t)
			return made, err
		})
	if repeated {
		secret = keys.Secret{}
	}
	return k, secret, err
}

// repeatable returns the request of a form that may be sent twice.
func repeatable(c *gin.Context, values url.Values, prefix string) idempotency.Request {
	return idempotency.Request{
		Principal: principal(c).ID(), Operation: "portal " + c.Request.URL.Path, Key: values.Get("once"), NewID: func() string {
			return ids.New(prefix)
		},
	}
}

// reserve returns the id of the object that the form makes, the same each time
// the form is sent.
func (p *site) reserve(c *gin.Context, values url.Values, prefix string) (id string, err error) {
	if values.Get("once") == "" {
		return "", errs.New(errs.Invalid, p.say(c, "common.incomplete"))
	}
	return p.Idempotency.Reserve(c.Request.Context(), repeatable(c, values, prefix))
}

func (p *keyPages) issueRefused(c *gin.Context, values url.Values, err error) error {
	wrong, ok := p.asFaults(c, err, "name", "note", "environment", "scopes", "expires_at", "allowed_networks", "rate_limit")
	if !ok {
		return err
	}
	f, err := p.keyForm(c)
	if err != nil {
		return err
	}
	f.Name, f.Note, f.Environment = values.Get("name"), values.Get("note"), values.Get("environment")
	f.Expiry, f.Date, f.Narrowed = values.Get("expiry"), values.Get("date"), values.Get("narrowed") == "yes"
	f.ReadOnly, f.Networks, f.Requests, f.Per = values.Get("narrowed") == "read", values.Get("networks"),
		values.Get("requests"), values.Get("per")
	for i := range f.Choices {
		f.Choices[i].Ticked = slices.Contains(values["scopes"], f.Choices[i].Name)
	}
	f.Groups = groupChoices(f.Choices)
	return p.show(c, http.StatusUnprocessableEntity, "key-new", view{Title: p.say(c, "title.issue_a_key"), Faults: wrong, Data: f})
}

// keyFields parses the form of a new key.
func keyFields(values url.Values, now time.Time) (keys.KeyFields, error) {
	fields := keys.KeyFields{Name: strings.TrimSpace(values.Get("name")), Note: strings.TrimSpace(values.Get("note"))}
	if err := limits(values, &fields); err != nil {
		return fields, err
	}
	var err error
	if fields.Scopes, err = chosenScopes(values); err != nil {
		return fields, err
	}
	days := map[string]int{"30": 30, "90": 90, "365": 365}
	switch expiry := values.Get("expiry"); {
	case expiry == "never":
	case days[expiry] > 0:
		fields.ExpiresAt = now.AddDate(0, 0, days[expiry])
	case expiry == "date":
		date, err := time.Parse(time.DateOnly, values.Get("date"))
		if err != nil {
			return fields, errs.BadField("expires_at", "choose_day")
		}
		fields.ExpiresAt = date.Add(24*time.Hour - time.Second)
	default:
		return fields, errs.BadField("expires_at", "choose_key_end")
	}
	return fields, nil
}

// chosenScopes parses the scopes of the form of a new key; nil means all scopes
// of the account. Ticked boxes count whichever radio button is chosen: without
// scripts, ticking a box does not change the radio button.
func chosenScopes(values url.Values) ([]string, error) {
	ticked, narrowed := values["scopes"], values.Get("narrowed")
	if narrowed == "read" && slices.ContainsFunc(ticked, func(s string) bool { return !strings.HasSuffix(s, ":read") }) {
		return nil, errs.BadField("scopes", "more_than_read")
	}
	if len(ticked) > 0 {
		return slices.Clone(ticked), nil
	}
	if narrowed != "no" {
		return nil, errs.BadField("scopes", "tick_one")
	}
	return nil, nil
}

// limits parses the networks and the key's own limit.
func limits(values url.Values, fields *keys.KeyFields) error {
	var err error
	if fields.AllowedNetworks, err = parseNetworks(values.Get("networks")); err != nil {
		return err
	}
	text := strings.TrimSpace(values.Get("requests"))
	if text == "" {
		return nil
	}
	rule, err := ratelimit.ParseRule(text + "/" + values.Get("per"))
	if err != nil {
		return errs.BadField("rate_limit", "limit_invalid")
	}
	fields.RateLimit = &rule
	return nil
}

// parseNetworks parses networks and addresses separated by commas or spaces.
func parseNetworks(typed string) (all []netip.Prefix, err error) {
	for _, text := range strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		n, err := netip.ParsePrefix(text)
		if address, is := netip.ParseAddr(text); err != nil && is == nil {
			n, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			return nil, errs.BadField("allowed_networks", "network_invalid", "text", text)
		}
		all = append(all, n)
	}
	return all, nil
}

func (p *keyPages) showKey(c *gin.Context) error {
	return p.keyView(c, http.StatusOK, "key", "", nil)
}

func (p *keyPages) rotatePage(c *gin.Context) error {
	return p.keyView(c, http.StatusOK, "key-rotate", p.say(c, "title.rotate_key"), nil)
}

func (p *keyPages) revokePage(c *gin.Context) error {
	return p.keyView(c, http.StatusOK, "key-revoke", p.say(c, "title.revoke_key"), nil)
}

func (p *keyPages) rotateKey(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	period, err := time.ParseDuration(values.Get("grace"))
	if err != nil {
		return p.keyView(c, http.StatusUnprocessableEntity, "key-rotate", p.say(c, "title.rotate_key"),
			faults{"grace": p.say(c, "key_rotate.choose")})
	}
	k, secret, err := p.once(c, values, func(ctx context.Context, claim keys.Claim) (keys.Key, keys.Secret, error) {
		return p.Keys.Rotate(ctx, principal(c), c.Param("id"), keys.RotateInput{Claim: claim, Revision: keys.AnyRevision, Grace: period})
	})
	if wrong, ok := p.asFaults(c, err, "grace"); ok {
		return p.keyView(c, http.StatusUnprocessableEntity, "key-rotate", p.say(c, "title.rotate_key"), wrong)
	}
	if err != nil {
		return err
	}
	return p.showIssued(c, k, secret, c.Param("id"))
}

func (p *keyPages) revokeKey(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	if values.Get("sure") != "yes" {
		return p.keyView(c, http.StatusUnprocessableEntity, "key-revoke", p.say(c, "title.revoke_key"), faults{"sure": p.say(c, "staff.sure")})
	}
	_, _, err = p.Keys.Revoke(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision, keys.RevokeReason(values.Get("reason")),
		values.Get("note"))
	if wrong, ok := p.asFaults(c, err, "reason", "note"); ok {
		return p.keyView(c, http.StatusUnprocessableEntity, "key-revoke", p.say(c, "title.revoke_key"), wrong)
	}
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/keys/"+c.Param("id")+"?done=revoked")
	return nil
}
