package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

const (
	mostRefusals = 10
	mostEvents   = 20
	keyDays      = 30
)

// keyPage shows one key.
type keyPage struct {
	Key      keyRow
	Account  keys.ServiceAccount
	Scopes   []scopeUse
	MayEdit  bool
	Alive    bool
	ForStaff bool
	End      time.Time // when it stops by itself, as in the list
	Graces   []grace
	Reasons  []keys.RevokeReason
	Once     string
	Chart    chart
	Refusals []refusal
	Events   []audit.Event
	Exposed  []leaks.Exposure
	Change   *changeOver
	Name     string // as typed, when edited
	Note     string
}

type grace struct{ Value, Label string }

// scopeUse is a scope and the day of its last use.
type scopeUse struct {
	Scope string
	Last  time.Time
}

type refusal struct {
	At              time.Time
	Code            verify.Code
	Words, Detail   string
	Address, Action string
	Request         string // its method and path, "" if unknown
}

// changeOver shows how far users have moved from a key to its successor.
type changeOver struct {
	Old, New           keys.Key
	OldRecent          usage.Recent
	NewRecent          usage.Recent
	Over               bool // the old key is no longer used, or does not work
	OldAlive, NewAlive bool
}

func (p *keyPages) keyPage(c *gin.Context) (keyPage, error) {
	ctx, who := c.Request.Context(), principal(c)
	k, err := p.Keys.Key(ctx, who, c.Param("id"))
	if err != nil {
		return keyPage{}, err
	}
	account, err := p.Keys.Account(ctx, who, k.ServiceAccountID)
	if err != nil {
		return keyPage{}, err
	}
	return keyPage{
		Key: rowOf(k), Account: account, MayEdit: who.May(keys.WriteKeys, k.OrganizationID), Alive: k.Alive(time.Now()),
		ForStaff: who.IsAdmin(), End: k.EndsAt(),
		Graces: []grace{
			{"24h", p.say(c, "key_rotate.grace_24h")},
			{"1h", p.say(c, "key_rotate.grace_1h")},
			{"168h", p.say(c, "key_rotate.grace_168h")},
			{"720h", p.say(c, "key_rotate.grace_720h")},
			{"0s", p.say(c, "key_rotate.grace_0s")},
		},
		Reasons: reasons(), Once: ids.New(""), Name: k.Name, Note: k.Note,
	}, nil
}

// observed adds the key's recorded use.
func (p *keyPages) observed(c *gin.Context, out *keyPage) error {
	who, now, k := principal(c), time.Now(), &out.Key.Key
	exposed, err := p.Leaks.Exposures(c.Request.Context(), who, k.ID)
	if err != nil {
		return err
	}
	out.Exposed = exposed
	if who.May(keys.ReadUsage, k.OrganizationID) {
		if err := p.keyUsage(c, out, now); err != nil {
			return err
		}
	}
	if who.May(keys.ReadAudit, k.OrganizationID) {
		here := audit.Filter{OrganizationIDs: []string{k.OrganizationID}, ObjectID: k.ID}
		out.Events, err = p.Audit.Events(c.Request.Context(), here, "", mostEvents)
		return err
	}
	return nil
}

func (p *keyPages) keyUsage(c *gin.Context, out *keyPage, now time.Time) error {
	ctx, who, k := c.Request.Context(), principal(c), &out.Key.Key
	month := span{from: usage.Days.Floor(now).AddDate(0, 0, 1-keyDays), until: now, level: usage.Days}
	points, err := p.Usage.Report(ctx, usage.Query{From: month.from, Until: now, Interval: month.level, KeyID: k.ID})
	if err != nil {
		return err
	}
	out.Chart = p.byOutcome(c, "month", p.say(c, "key.month"), month, points)
	granted, err := p.Keys.ScopesOf(ctx, k)
	if err != nil {
		return err
	}
	asked, err := p.Usage.LastAsked(ctx, k.ID, now)
	if err != nil {
		return err
	}
	for _, scope := range granted {
		out.Scopes = append(out.Scopes, scopeUse{scope, asked[scope]})
	}
	last, err := p.Usage.Refusals(ctx, k.ID)
	if err != nil {
		return err
	}
	for i := range last[:min(len(last), mostRefusals)] {
		r := refusal{At: last[i].At, Code: verify.CodeOf(last[i].Outcome), Detail: last[i].Detail}
		r.Request = strings.TrimSpace(last[i].Method + " " + last[i].Path)
		if !last[i].Said.IsZero() {
			r.Detail = last[i].Said.In(p.onPage(c))
		}
		r.Words, r.Action = p.say(c, "code."+string(r.Code)), p.say(c, "mend."+string(r.Code))
		if last[i].Address.IsValid() {
			r.Address = last[i].Address.String()
		}
		out.Refusals = append(out.Refusals, r)
	}
	out.Change, err = p.changeOver(ctx, who, k, now)
	return err
}

// changeOver returns nil for a key that neither is rotated nor has a predecessor.
func (p *keyPages) changeOver(ctx context.Context, who keys.Actor, k *keys.Key, now time.Time) (*changeOver, error) {
	other := k.RotatedFrom
	if k.RotatedTo != "" {
		other = k.RotatedTo
	}
	if other == "" {
		return nil, nil
	}
	second, err := p.Keys.KeyToRead(ctx, who, other, keys.ReadUsage)
	if errors.Is(err, errs.NotFound) { // deleted since
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	change := &changeOver{Old: second, New: *k}
	if k.RotatedTo != "" {
		change.Old, change.New = *k, second
	}
	if change.OldRecent, err = p.Usage.Recent(ctx, change.Old.ID, now); err != nil {
		return nil, err
	}
	if change.NewRecent, err = p.Usage.Recent(ctx, change.New.ID, now); err != nil {
		return nil, err
	}
	change.OldAlive = change.Old.Alive(now)
	change.Over = change.OldRecent.LastDay == 0
	return change, nil
}

// keyView shows a page about one key.
func (p *keyPages) keyView(c *gin.Context, status int, name, title string, wrong faults) error {
	out, err := p.keyPage(c)
	if err != nil {
		return err
	}
	if name == "key" {
		if err := p.observed(c, &out); err != nil {
			return err
		}
	}
	if title == "" {
		title = out.Key.Name
	}
	if wrong != nil && c.Request.Method == http.MethodPost {
		out.Name, out.Note = c.PostForm("name"), c.PostForm("note")
	}
	return p.show(c, status, name, view{Title: title, Faults: wrong, Notice: p.notice(c), Data: out})
}

func (p *keyPages) editPage(c *gin.Context) error {
	out, err := p.keyPage(c)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "key-edit", view{Title: p.say(c, "key.edit"), Data: out})
}

// editKey changes the key's name and note.
func (p *keyPages) editKey(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	_, err = p.Keys.ChangeKey(c.Request.Context(), principal(c), c.Param("id"), keys.AnyRevision,
		func(f keys.KeyFields) (keys.KeyFields, error) {
			f.Name, f.Note = strings.TrimSpace(values.Get("name")), strings.TrimSpace(values.Get("note"))
			return f, nil
		})
	if wrong, ok := p.asFaults(c, err, "name", "note"); ok {
		return p.keyView(c, http.StatusUnprocessableEntity, "key-edit", p.say(c, "key.edit"), wrong)
	}
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/keys/"+c.Param("id")+"?done=saved")
	return nil
}

func (p *keyPages) setDisabled(c *gin.Context, id string, disabled bool) error {
	_, err := p.Keys.ChangeKey(c.Request.Context(), principal(c), id, keys.AnyRevision, func(f keys.KeyFields) (keys.KeyFields, error) {
		f.Disabled = disabled
		return f, nil
	})
	return err
}

func (p *keyPages) switchKey(disabled bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		if err := p.setDisabled(c, c.Param("id"), disabled); err != nil {
			return err
		}
		done := "enabled"
		if disabled {
			done = "disabled"
		}
		c.Redirect(http.StatusSeeOther, "/keys/"+c.Param("id")+"?done="+done)
		return nil
	}
}
