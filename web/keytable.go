package web

import (
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// keyTable is the table of all keys that the reader may see.
type keyTable struct {
	Rows    []tableRow
	Query   keySearch
	Filters []filter
	Next    template.URL // query of the next page, "" on the last
	Short   bool         // the search stopped early, see keys.Found
	Looked  int64        // number of keys that the stopped search read
	Oldest  int64        // number of oldest keys that the order by last use is limited to, 0: none
	MayEdit bool
	Asked   bool // a search or filter is set
}

type tableRow struct {
	keyRow
	Account string
	MayEdit bool
}

// keySearch is the form above the table.
type keySearch struct {
	Text, Status, Environment, Scope, Expiry, Used, Sort string
}

// filter is a field with choices.
type filter struct {
	Name, Label, Chosen string
	All                 []option
}

type option struct{ Value, Text string }

func searchOf(v url.Values) keySearch {
	return keySearch{v.Get("q"), v.Get("status"), v.Get("environment"), v.Get("scope"), v.Get("expiry"), v.Get("used"), v.Get("sort")}
}

// query parses the search; values that do not parse are ignored.
func (s *keySearch) query(now time.Time) keys.KeyQuery {
	q := keys.KeyQuery{
		Text: s.Text, Status: keys.Status(s.Status), Environment: keys.Environment(s.Environment), Scope: s.Scope,
		Order: keys.KeyOrder(s.Sort),
	}
	if !q.Order.Valid() {
		q.Order = keys.Newest
	}
	if days, err := strconv.Atoi(s.Expiry); err == nil && days > 0 && days < 4000 {
		q.ExpiringBefore = now.AddDate(0, 0, days)
		q.Order = cmp.Or(q.Order, keys.EndFirst) // a reader who asks what expires soon wants that order
	}
	if days, err := strconv.Atoi(s.Used); err == nil && days > 0 && days < 4000 {
		q.Unused = now.AddDate(0, 0, -days)
		q.Order = cmp.Or(q.Order, keys.UsedLast)
	}
	return q
}

func (s *keySearch) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{
		"q": s.Text, "status": s.Status, "environment": s.Environment, "scope": s.Scope,
		"expiry": s.Expiry, "used": s.Used, "sort": s.Sort,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

func (p *keyPages) listKeys(c *gin.Context) error {
	if key := p.Format.Within(c.Query("q")); key != "" {
		return p.toKey(c, key)
	}
	out, err := p.keyTable(c)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, "keys", view{Title: p.say(c, "keys.title"), Notice: p.notice(c), Data: out})
}

func (p *keyPages) keyTable(c *gin.Context) (keyTable, error) {
	ctx, who := c.Request.Context(), principal(c)
	out := keyTable{Query: searchOf(c.Request.URL.Query())}
	out.Asked = len(out.Query.values()) > 0
	q := out.Query.query(time.Now())
	found, err := p.Keys.FindKeys(ctx, who, q, keys.Page{After: c.Query("after"), Limit: pageSize})
	if err != nil {
		return out, err
	}
	out.Short, out.Looked = found.Short, int64(found.Looked)
	if found.OldestOnly {
		out.Oldest = keys.MostLooked
	}
	if found.Next != "" {
		next := out.Query.values()
		next.Set("after", found.Next)
		out.Next = inLink(next)
	}
	names := map[string]string{}
	for _, k := range found.Keys {
		name, known := names[k.ServiceAccountID]
		if !known {
			account, err := p.Keys.Account(ctx, who, k.ServiceAccountID)
			if err != nil {
				return out, err
			}
			name, names[k.ServiceAccountID] = account.Name, account.Name
		}
		row := tableRow{rowOf(k), name, who.May(keys.WriteKeys, k.OrganizationID)}
		out.MayEdit = out.MayEdit || row.MayEdit
		out.Rows = append(out.Rows, row)
	}
	out.Filters, err = p.keyFilters(c, &out.Query)
	return out, err
}

func (p *keyPages) keyFilters(c *gin.Context, s *keySearch) ([]filter, error) {
	scopes, err := p.Keys.Scopes(c.Request.Context(), keys.Page{Limit: 200})
	if err != nil {
		return nil, err
	}
	choose := func(name, chosen string, values ...string) filter {
		f := filter{Name: name, Label: p.say(c, "keys."+name), Chosen: chosen, All: []option{{"", p.say(c, "keys."+name+"_any")}}}
		for _, v := range values {
			f.All = append(f.All, option{v, p.say(c, "keys."+name+"_"+v)})
		}
		return f
	}
	scope := choose("scope", s.Scope)
	for _, one := range scopes {
		scope.All = append(scope.All, option{one.Name, one.Name})
	}
	return []filter{
		choose("status", s.Status, "active", "disabled", "not_yet_valid", "expired", "revoked"),
		choose("environment", s.Environment, "live", "test"),
		scope,
		choose("expiry", s.Expiry, "7", "30", "90"),
		choose("used", s.Used, "30", "90"),
		choose("sort", s.Sort, "expires", "unused"),
	}, nil
}

// bulkPage asks for confirmation of a bulk action.
type bulkPage struct {
	Action  string
	Rows    []keyRow
	Reasons []keys.RevokeReason
}

// picked returns the keys that the form names. The reader must be allowed to
// change all of them; otherwise none is changed.
func (p *keyPages) picked(c *gin.Context, values url.Values) ([]keyRow, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(values["id"])))
	if len(ids) > pageSize {
		return nil, errs.New(errs.Invalid, p.say(c, "keys.too_many"))
	}
	var all []keyRow
	for _, id := range ids {
		k, err := p.Keys.KeyToRead(c.Request.Context(), principal(c), id, keys.WriteKeys)
		if err != nil {
			return nil, err
		}
		all = append(all, rowOf(k))
	}
	return all, nil
}

// bulk asks for confirmation first, and acts once the form confirms it.
func (p *keyPages) bulk(c *gin.Context) error {
	values, err := form(c)
	if err != nil {
		return err
	}
	rows, err := p.picked(c, values)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		c.Redirect(http.StatusSeeOther, "/keys?done=none")
		return nil
	}
	out := bulkPage{Action: values.Get("action"), Rows: rows, Reasons: reasons()}
	if out.Action != "disable" && out.Action != "enable" && out.Action != "revoke" {
		return errs.New(errs.Invalid, p.say(c, "keys.no_action"))
	}
	if values.Get("sure") != "yes" {
		return p.show(c, http.StatusOK, "keys-bulk", view{Title: p.say(c, "bulk."+out.Action), Data: out})
	}
	for i := range rows {
		if err := p.change(c, out.Action, &rows[i].Key, values); err != nil {
			return err
		}
	}
	c.Redirect(http.StatusSeeOther, "/keys?done="+out.Action)
	return nil
}

// change applies the action to a key, if the key can still change.
func (p *keyPages) change(c *gin.Context, action string, k *keys.Key, values url.Values) error {
	if !k.Alive(time.Now()) {
		return nil
	}
	var err error
	if action == "revoke" {
		_, _, err = p.Keys.Revoke(c.Request.Context(), principal(c), k.ID, keys.AnyRevision, keys.RevokeReason(values.Get("reason")),
			values.Get("note"))
	} else {
		err = p.setDisabled(c, k.ID, action == "disable")
	}
	return err
}

func reasons() []keys.RevokeReason {
	return []keys.RevokeReason{keys.ReasonUnspecified, keys.ReasonLeaked, keys.ReasonSuperseded, keys.ReasonUnused, keys.ReasonAbuse}
}
