package source

import (
	"slices"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
)

var kongFormat = Format{
	Name:  "kong",
	About: "a decK file (YAML or JSON), or what Kong's Admin API lists: consumers, keyauth_credentials, acls and plugins",
	lists: []string{"consumers", "keyauthcredentials", "acls", "plugins", "data"},
	yaml:  true, nested: "keyauth_credentials:",
	start: func() reader { return &kongReader{consumers: map[string]*kongConsumer{}} },
}

// kongReader reads consumers with what is nested in them, and the same entities one by
// one, which refer to their consumer by id or name.
type kongReader struct {
	kept      kept
	consumers map[string]*kongConsumer // by id and by name; only those whose credentials are not nested
}

type kongConsumer struct {
	id, username, customID string
	groups                 []string // of acls
	tier                   string   // its consumer group
	plugins                []string // JSON
	made                   *Row     // what all of its keys have, once it is needed
	fault                  errs.Text
}

func (*kongReader) single() bool           { return false }
func (*kongReader) whole(rec *record) bool { return kongKind(rec) != "" }

// kongKind returns what an entity is, or "" if keys do not depend on it.
func kongKind(rec *record) string {
	switch {
	case rec.has("secret"), rec.has("password"), rec.has("rsapublickey"): // another kind of credential
		return ""
	case rec.has("key") && (rec.has("consumer") || rec.section == "keyauthcredentials"):
		return "credential"
	case rec.has("group", "consumer"):
		return "acl"
	case rec.has("name", "config"):
		return "plugin"
	case rec.has("username"), rec.has("customid"), rec.has("keyauthcredentials"):
		return "consumer"
	default:
		return ""
	}
}

func (r *kongReader) gather(rec *record) error {
	switch kongKind(rec) {
	case "consumer":
		return r.consumer(rec)
	case "acl":
		c, err := r.of(rec)
		if err != nil || c == nil {
			return err
		}
		c.groups = append(c.groups, rec.text("group"))
		return r.kept.add(rec.text("group"))
	case "plugin":
		c, err := r.of(rec)
		if err != nil || c == nil || !rec.flag(true, "enabled") {
			return err
		}
		text := string(rec.rest("consumer", "tags", "protocols"))
		c.plugins = append(c.plugins, text)
		return r.kept.add(text)
	}
	return nil
}

// consumer keeps a consumer whose credentials are elsewhere.
func (r *kongReader) consumer(rec *record) error {
	if rec.has("keyauthcredentials") {
		return nil
	}
	c := kongConsumerOf(rec)
	for _, name := range []string{c.id, c.username} {
		if name == "" {
			continue
		}
		if old := r.consumers[name]; old != nil { // an acl or a plugin came before
			c.groups, c.plugins = append(c.groups, old.groups...), append(c.plugins, old.plugins...)
		}
		r.consumers[name] = c
		if err := r.kept.add(name, c.username, c.customID); err != nil {
			return err
		}
	}
	return nil
}

func kongConsumerOf(rec *record) *kongConsumer {
	c := &kongConsumer{id: rec.text("id"), username: rec.text("username"), customID: rec.text("customid")}
	for _, acl := range rec.objects("acls") {
		c.groups = append(c.groups, acl.text("group"))
	}
	for _, group := range rec.objects("groups") {
		c.tier = group.text("name")
	}
	for _, plugin := range rec.objects("plugins") {
		if plugin.flag(true, "enabled") {
			c.plugins = append(c.plugins, string(plugin.rest("consumer", "tags", "protocols")))
		}
	}
	return c
}

// kongReference returns the id or name of the consumer that an entity is of.
func kongReference(rec *record) string {
	if consumer := rec.object("consumer"); consumer != nil {
		return consumer.text("id", "username")
	}
	return rec.text("consumer")
}

// of returns the consumer of an entity, or nil if it has none.
func (r *kongReader) of(rec *record) (*kongConsumer, error) {
	name := kongReference(rec)
	if name == "" {
		return nil, nil
	}
	if r.consumers[name] == nil {
		r.consumers[name] = &kongConsumer{}
		return r.consumers[name], r.kept.add(name)
	}
	return r.consumers[name], nil
}

func (r *kongReader) take(rec *record, out *output) {
	switch kind := kongKind(rec); kind {
	case "consumer":
		if out.known = true; !rec.has("keyauthcredentials") {
			return
		}
		c := kongConsumerOf(rec)
		for _, name := range []string{c.id, c.username} {
			if flat := r.consumers[name]; name != "" && flat != nil {
				c.groups, c.plugins = append(c.groups, flat.groups...), append(c.plugins, flat.plugins...)
			}
		}
		for _, credential := range rec.objects("keyauthcredentials") {
			kongRow(credential, c, out)
		}
	case "credential":
		c := r.consumers[kongReference(rec)]
		if c == nil || (c.id == "" && c.username == "") {
			c = &kongConsumer{id: kongReference(rec)}
		}
		kongRow(rec, c, out)
	default:
		out.known = kind != ""
	}
}

// row returns a row with what all keys of the consumer have. Its lists are shared.
func (c *kongConsumer) row() (Row, errs.Text) {
	if c.made != nil {
		return *c.made, c.fault
	}
	row := Row{Name: c.username, Owner: Owner{ID: c.customID, Name: c.username}, Tier: c.tier}
	for _, id := range []string{c.username, c.id} {
		if row.Owner.ID == "" {
			row.Owner.ID = id
		}
	}
	for _, group := range c.groups {
		row.Scopes = append(row.Scopes, "group:"+group)
	}
	all := &record{}
	for _, text := range c.plugins {
		kongPlugin(all, parse([]byte(text), Place{}), &row)
	}
	row.Notes = slices.Clip(row.Notes)
	c.made, c.fault = &row, all.fault
	return row, all.fault
}

func kongRow(rec *record, c *kongConsumer, out *output) {
	row, fault := c.row()
	if rec.fault.IsZero() {
		rec.fault = fault
	}
	row.Place, row.ID, row.CreatedAt, row.Secret = rec.place, rec.text("id"), rec.time("createdat"), clear(rec, "key")
	if ttl, _ := rec.number("ttl"); ttl > 0 {
		row.ExpiresIn = seconds(ttl)
		row.note("import_ttl", "seconds", ttl)
	}
	if tags := rec.strings("tags"); len(tags) > 0 {
		row.Metadata = only(rec, "tags")
	}
	out.add(rec, row)
}

// only returns an object of one member.
func only(rec *record, name string) []byte {
	var others []string
	for _, other := range rec.order {
		if other != name {
			others = append(others, other)
		}
	}
	return rec.rest(others...)
}

// references are how values begin that say where a key is instead of being one.
var references = []string{"{vault://", "$secret://", "$env://", "${", "{{"}

// clear returns a key in clear. A reference to one is a fault.
func clear(rec *record, name string) Secret {
	text := rec.text(name)
	for _, begin := range references {
		if strings.HasPrefix(strings.ToLower(text), begin) {
			rec.wrong(name, errs.Say("import_reference"))
			return ""
		}
	}
	return Secret(text)
}

func kongPlugin(rec, plugin *record, row *Row) {
	config := plugin.object("config")
	if config == nil {
		return
	}
	defer rec.also(config)
	switch name := plugin.text("name"); name {
	case "rate-limiting":
		if by := config.text("limitby"); by != "" && by != "consumer" && by != "credential" {
			row.note("import_limit_by", "by", clip(by))
			return
		}
		kongLimits(config, row)
	case "rate-limiting-advanced":
		windows := config.elements(config.get("windowsize"))
		for i, n := range config.elements(config.get("limit")) {
			if i < len(windows) {
				row.limit(float(n), seconds(float(windows[i])), 0)
			}
		}
	case "ip-restriction":
		row.Networks = config.networks("allow", "whitelist")
		if len(config.strings("deny", "blacklist")) > 0 {
			row.note("import_plugin_left", "plugin", "ip-restriction (deny)")
		}
	default:
		row.note("import_plugin_left", "plugin", clip(name))
	}
}

// kongLimits turns limits per second, minute and hour into a rate, and those per day and
// month into a quota.
func kongLimits(config *record, row *Row) {
	for _, p := range []struct {
		name string
		per  time.Duration
	}{{"second", time.Second}, {"minute", time.Minute}, {"hour", time.Hour}} {
		if n, given := config.number(p.name); given {
			row.limit(n, p.per, 0)
		}
	}
	for _, p := range []struct {
		name string
		per  time.Duration
	}{{"day", wholeDay}, {"month", longMonth}, {"year", 366 * wholeDay}} {
		if n, given := config.integer(p.name); given {
			row.allowance(n, p.per)
		}
	}
}

// float returns a number in a list, or 0.
func float(v value) float64 {
	rec := &record{values: map[string]value{"n": v}}
	n, _ := rec.number("n")
	return n
}
