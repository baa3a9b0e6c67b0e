package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/internal/errs"
	"github.com/latchkey/latchkey/internal/idempotency"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
)

type keyRow struct {
	keys.Key
	State keys.Status
}

func rowOf(k keys.Key) keyRow { return keyRow{k, k.Status(time.Now())} }

// keyForm is what the form of a new key shows and holds.
type keyForm struct {
	Account     keys.ServiceAccount
	Choices     []choice // of scopes
	Narrowed    bool     // only the ticked scopes, else whatever the account has
	Name        string
	Note        string
	Environment string
	Expiry      string // days, "date" or "never"
	Date        string
	MayNever    bool
	Once        string // makes a form that is sent twice make one key
}

type choice struct {
	Name        string
	Description string
	Ticked      bool
}

const standardExpiry = "90"

// keyForm returns the form with the scopes that the account has to give.
func (p *Portal) keyForm(c *gin.Context) (keyForm, error) {
	ctx := c.Request.Context()
	account, err := p.Keys.Account(ctx, principal(c), c.Param("id"))
	if err != nil {
		return keyForm{}, err
	}
	tier, err := p.Keys.Tier(ctx, account.Tier)
	if err != nil {
		return keyForm{}, err
	}
	catalogue, err := p.Keys.Scopes(ctx, keys.Page{Limit: 1000})
	if err != nil {
		return keyForm{}, err
	}
	f := keyForm{Account: account, Environment: string(keys.Live), Expiry: standardExpiry, MayNever: tier.MaxKeyAge == 0, Once: ids.New("")}
	seen := map[string]bool{}
	for _, s := range catalogue {
		if keys.CoveredBy(account.Scopes, s.Name) {
			f.Choices = append(f.Choices, choice{Name: s.Name, Description: s.Description})
			seen[s.Name] = true
		}
	}
	for _, s := range account.Scopes {
		if !seen[s] {
			f.Choices = append(f.Choices, choice{Name: s, Description: "everything that this covers"})
		}
	}
	return f, nil
}

func (p *Portal) newKey(c *gin.Context) error {
	f, err := p.keyForm(c)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "key-new", view{Title: "Issue a key", Data: f})
}

// issuedPage shows a secret, this once.
type issuedPage struct {
	Key     keys.Key
	Account keys.ServiceAccount
	Secret  string // "" when the form was sent again
	Base    string
	Old     string // id of the key that was rotated
}

func (p *Portal) issueKey(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	fields, err := keyFields(values, time.Now())
	var k keys.Key
	var secret keys.Secret
	if err == nil {
		k, secret, err = p.once(c, values, func(ctx context.Context, id string) (keys.Key, keys.Secret, error) {
			return p.Keys.Issue(ctx, principal(c), keys.IssueInput{
				ID: id, ServiceAccountID: c.Param("id"), Environment: keys.Environment(values.Get("environment")), KeyFields: fields,
			})
		})
	}
	if err != nil {
		return p.issueRefused(c, values, err)
	}
	return p.showIssued(c, k, secret, "")
}

func (p *Portal) showIssued(c *gin.Context, k keys.Key, secret keys.Secret, old string) error {
	account, err := p.Keys.Account(c.Request.Context(), principal(c), k.ServiceAccountID)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "key-issued", view{Title: "Your new key", Data: issuedPage{
		Key: k, Account: account, Secret: secret.Reveal(), Base: base(c.Request), Old: old,
	}})
}

// base is the address under which the reader sees the portal.
func base(r *http.Request) string {
	if proxies.ClientOf(r.Context()).Secure {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// once makes a key unless this very form has made one already, which is then
// returned without its secret: nothing shows a secret twice.
func (p *Portal) once(c *gin.Context, values url.Values, make func(context.Context, string) (keys.Key, keys.Secret, error)) (keys.Key, keys.Secret, error) {
	ctx := c.Request.Context()
	if values.Get("once") == "" {
		return keys.Key{}, keys.Secret{}, errs.New(errs.Invalid, "the form is incomplete; open it again")
	}
	id, repeated, err := p.Idempotency.Reserve(ctx, idempotency.Request{
		Principal: principal(c).ID(), Operation: "portal " + c.Request.URL.Path, Key: values.Get("once"), NewID: ids.New(ids.Key),
	})
	if err != nil {
		return keys.Key{}, keys.Secret{}, err
	}
	if repeated {
		if k, err := p.Keys.Key(ctx, principal(c), id); !errors.Is(err, errs.NotFound) {
			return k, keys.Secret{}, err
		}
	}
	return make(ctx, id)
}

func (p *Portal) issueRefused(c *gin.Context, values url.Values, err error) error {
	wrong, ok := asFaults(err, "name", "note", "environment", "scopes", "expires_at")
	if !ok {
		return err
	}
	f, err := p.keyForm(c)
	if err != nil {
		return err
	}
	f.Name, f.Note, f.Environment = values.Get("name"), values.Get("note"), values.Get("environment")
	f.Expiry, f.Date, f.Narrowed = values.Get("expiry"), values.Get("date"), values.Get("narrowed") == "yes"
	for i := range f.Choices {
		f.Choices[i].Ticked = slices.Contains(values["scopes"], f.Choices[i].Name)
	}
	return p.show(c, http.StatusUnprocessableEntity, "key-new", view{Title: "Issue a key", Faults: wrong, Data: f})
}

// keyFields reads the form of a new key.
func keyFields(values url.Values, now time.Time) (keys.KeyFields, error) {
	fields := keys.KeyFields{Name: strings.TrimSpace(values.Get("name")), Note: strings.TrimSpace(values.Get("note"))}
	if values.Get("narrowed") == "yes" {
		fields.Scopes = append([]string{}, values["scopes"]...)
		if len(fields.Scopes) == 0 {
			return fields, fieldError("scopes", "tick at least one, or give the key whatever the account has")
		}
	}
	days := map[string]int{"30": 30, "90": 90, "365": 365}
	switch expiry := values.Get("expiry"); {
	case expiry == "never":
	case days[expiry] > 0:
		fields.ExpiresAt = now.AddDate(0, 0, days[expiry])
	case expiry == "date":
		date, err := time.Parse(time.DateOnly, values.Get("date"))
		if err != nil {
			return fields, fieldError("expires_at", "choose a day")
		}
		fields.ExpiresAt = date.Add(24*time.Hour - time.Second)
	default:
		return fields, fieldError("expires_at", "choose when the key expires")
	}
	return fields, nil
}

func fieldError(field, detail string) error {
	var f errs.Faults
	f.Add(field, detail)
	return f.Err()
}

// keyPage shows one key.
type keyPage struct {
	Key     keyRow
	Account keys.ServiceAccount
	Scopes  []string
	MayEdit bool
	Alive   bool
	Graces  []grace
	Reasons []keys.RevokeReason
	Once    string
}

type grace struct{ Value, Label string }

func (p *Portal) keyPage(c *gin.Context) (keyPage, error) {
	ctx, who := c.Request.Context(), principal(c)
	k, err := p.Keys.Key(ctx, who, c.Param("id"))
	if err != nil {
		return keyPage{}, err
	}
	account, err := p.Keys.Account(ctx, who, k.ServiceAccountID)
	if err != nil {
		return keyPage{}, err
	}
	out := keyPage{
		Key: rowOf(k), Account: account, Scopes: k.Scopes, MayEdit: who.May(keys.WriteKeys, k.OrganizationID), Alive: k.Alive(time.Now()),
		Graces:  []grace{{"24h", "24 hours"}, {"1h", "1 hour"}, {"168h", "7 days"}, {"720h", "30 days"}, {"0s", "none: it stops at once"}},
		Reasons: []keys.RevokeReason{keys.ReasonUnspecified, keys.ReasonLeaked, keys.ReasonSuperseded, keys.ReasonUnused, keys.ReasonAbuse},
		Once:    ids.New(""),
	}
	if k.Scopes == nil {
		out.Scopes = account.Scopes
	}
	return out, nil
}

// keyView handles a page about one key.
func (p *Portal) keyView(c *gin.Context, status int, name, title string, wrong faults) error {
	out, err := p.keyPage(c)
	if err != nil {
		return err
	}
	if title == "" {
		title = out.Key.Name
	}
	return p.show(c, status, name, view{Title: title, Faults: wrong, Data: out})
}

func (p *Portal) showKey(c *gin.Context) error {
	return p.keyView(c, http.StatusOK, "key", "", nil)
}

func (p *Portal) rotatePage(c *gin.Context) error {
	return p.keyView(c, http.StatusOK, "key-rotate", "Rotate key", nil)
}

func (p *Portal) revokePage(c *gin.Context) error {
	return p.keyView(c, http.StatusOK, "key-revoke", "Revoke key", nil)
}

func (p *Portal) rotateKey(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	period, err := time.ParseDuration(values.Get("grace"))
	if err != nil {
		return p.keyView(c, http.StatusUnprocessableEntity, "key-rotate", "Rotate key", faults{"grace": "choose how long the old key goes on working"})
	}
	k, secret, err := p.once(c, values, func(ctx context.Context, id string) (keys.Key, keys.Secret, error) {
		return p.Keys.Rotate(ctx, principal(c), c.Param("id"), id, keys.AnyRevision, period)
	})
	if wrong, ok := asFaults(err, "grace"); ok {
		return p.keyView(c, http.StatusUnprocessableEntity, "key-rotate", "Rotate key", wrong)
	}
	if err != nil {
		return err
	}
	return p.showIssued(c, k, secret, c.Param("id"))
}

func (p *Portal) revokeKey(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	if values.Get("sure") != "yes" {
		return p.keyView(c, http.StatusUnprocessableEntity, "key-revoke", "Revoke key", faults{"sure": "tick this to say that you mean it"})
	}
	_, _, err = p.Keys.Revoke(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision, keys.RevokeReason(values.Get("reason")), values.Get("note"))
	if wrong, ok := asFaults(err, "reason", "note"); ok {
		return p.keyView(c, http.StatusUnprocessableEntity, "key-revoke", "Revoke key", wrong)
	}
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/keys/"+c.Param("id"))
	return nil
}

func (p *Portal) switchKey(disabled bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		_, err := p.Keys.ChangeKey(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
			f.Disabled = disabled
			return f, nil
		})
		if err != nil {
			return err
		}
		c.Redirect(http.StatusSeeOther, "/keys/"+c.Param("id"))
		return nil
	}
}
