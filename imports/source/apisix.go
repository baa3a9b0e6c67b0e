package source

import (
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
)

var apisixFormat = Format{
	Name:  "apisix",
	About: "APISIX consumers and their key-auth credentials, as its Admin API lists them or as YAML of apisix.yaml or ADC",
	lists: []string{"list", "nodes", "consumers", "consumergroups"},
	yaml:  true,
	start: func() reader {
		return &apisixReader{consumers: map[string]*apisixConsumer{}, groups: map[string]string{}}
	},
}

// apisixReader reads consumers, with keys in their key-auth plugin, in credentials inside
// of them, or in credentials apart, which have the plugins of their consumer.
type apisixReader struct {
	kept      kept
	consumers map[string]*apisixConsumer // by username
	groups    map[string]string          // their plugins as JSON, by id
}

// apisixConsumer is what is known of a consumer apart from its own keys.
type apisixConsumer struct {
	group, plugins string
	made           *Row // what all of its keys have, once it is needed
	fault          errs.Text
}

func (*apisixReader) single() bool { return false }

func (*apisixReader) whole(rec *record) bool {
	return rec.has("plugins") || rec.has("username") || rec.has("value")
}

// apisixNodes returns the objects in what the Admin API of APISIX 2 puts around them.
func apisixNodes(rec *record) []*record {
	node := rec.object("node")
	switch {
	case node == nil:
		return []*record{rec}
	case node.has("nodes"):
		return node.objects("nodes")
	default:
		return []*record{node}
	}
}

// apisixObject is a record without what the Admin API puts around it. path is its key in
// etcd, "" if it is unknown.
func apisixObject(rec *record) (inner *record, path string) {
	value := rec.object("value")
	if value == nil {
		return rec, ""
	}
	value.place, value.section = rec.place, rec.section
	return value, rec.text("key")
}

// apisixCredential returns the consumer and the id of a credential, whose path is
// /apisix/consumers/CONSUMER/credentials/ID.
func apisixCredential(rec *record, path string) (consumer, id string, is bool) {
	if path == "" {
		path = rec.text("id")
	}
	before, id, is := strings.Cut(path, "/credentials/")
	return before[strings.LastIndexByte(before, '/')+1:], id, is
}

func (r *apisixReader) gather(rec *record) error {
	for _, node := range apisixNodes(rec) {
		if err := r.keep(node); err != nil {
			return err
		}
	}
	return nil
}

func (r *apisixReader) keep(rec *record) error {
	o, path := apisixObject(rec)
	plugins := o.get("plugins").text
	switch username := o.text("username"); {
	case username != "":
		r.consumers[username] = &apisixConsumer{group: o.text("groupid"), plugins: plugins}
		return r.kept.add(username, plugins)
	case o.section == "consumergroups" || strings.Contains(path, "/consumer_groups/"):
		r.groups[o.text("id")] = plugins
		return r.kept.add(plugins)
	}
	return nil
}

func (r *apisixReader) take(rec *record, out *output) {
	for _, node := range apisixNodes(rec) {
		r.node(node, out)
	}
}

func (r *apisixReader) node(rec *record, out *output) {
	o, path := apisixObject(rec)
	out.known = out.known || o.has("plugins") || o.has("username")
	if username := o.text("username"); username != "" {
		r.inner(o, username, out)
		return
	}
	if consumer, id, is := apisixCredential(o, path); is {
		r.row(o, o.object("plugins"), id, consumer, out)
	}
	rec.also(o)
}

// inner adds the keys in a consumer.
func (r *apisixReader) inner(o *record, username string, out *output) {
	if plugins := o.object("plugins"); plugins != nil && plugins.has("keyauth") {
		r.row(o, plugins, "", username, out)
	}
	for _, credential := range o.objects("credentials") {
		if credential.text("type") == "key-auth" { // ADC
			r.add(credential, credential.object("config"), credential.text("id", "name"), username, out)
			continue
		}
		r.row(credential, credential.object("plugins"), credential.text("id", "name"), username, out)
	}
}

// row adds the key of a key-auth plugin. Other plugins are other kinds of credentials.
func (r *apisixReader) row(rec, plugins *record, id, username string, out *output) {
	if plugins == nil || !plugins.has("keyauth") {
		return
	}
	r.add(rec, plugins.object("keyauth"), id, username, out)
}

func (r *apisixReader) add(rec, auth *record, id, username string, out *output) {
	out.known = true
	row, fault := r.consumerRow(username)
	if rec.fault.IsZero() {
		rec.fault = fault
	}
	row.Place, row.ID, row.Name, row.CreatedAt = rec.place, id, rec.text("name", "username"), rec.time("createtime")
	row.Metadata = rec.rest("id", "username", "name", "plugins", "credentials", "createtime", "updatetime", "groupid", "type", "config")
	if auth != nil {
		row.Secret = clear(auth, "key")
		rec.also(auth)
	}
	out.add(rec, row)
}

// consumerRow returns a row with what all keys of the consumer have. Its lists are shared.
func (r *apisixReader) consumerRow(username string) (Row, errs.Text) {
	row := Row{Owner: Owner{ID: username, Name: username}}
	consumer := r.consumers[username]
	switch {
	case consumer == nil:
		return row, errs.Text{}
	case consumer.made != nil:
		return *consumer.made, consumer.fault
	case consumer.group != "":
		row.Scopes = append(row.Scopes, "group:"+consumer.group)
	}
	all := &record{}
	for _, text := range []string{consumer.plugins, r.groups[consumer.group]} {
		if text != "" {
			apisixPlugins(all, parse([]byte(text), Place{}), &row)
		}
	}
	consumer.made, consumer.fault = &row, all.fault
	return row, all.fault
}

func apisixPlugins(rec, plugins *record, row *Row) {
	for _, name := range plugins.order {
		config := plugins.object(name)
		if config == nil || apisixOff(config) {
			continue
		}
		if name == "limitcount" && !apisixNumbers(config) {
			row.note("import_plugin_left", "plugin", "limit-count")
			continue
		}
		apisixPlugin(name, plugins.values[name].name, config, row)
		rec.also(config)
	}
}

func apisixPlugin(name, written string, config *record, row *Row) {
	switch name {
	case "keyauth", "basicauth", "jwtauth", "hmacauth", "ldapauth", "wolfrbac", "meta":
	case "limitcount":
		n, _ := config.number("count")
		window, _ := config.number("timewindow")
		row.limit(n, seconds(window), 0)
	case "limitreq":
		rate, _ := config.number("rate")
		burst, _ := config.number("burst")
		row.limit(rate, time.Second, int64(rate+burst))
	case "iprestriction":
		row.Networks = config.networks("whitelist")
		if len(config.strings("blacklist")) > 0 {
			row.note("import_plugin_left", "plugin", "ip-restriction (blacklist)")
		}
	default:
		row.note("import_plugin_left", "plugin", clip(written))
	}
}

// apisixNumbers reports whether a limit is a number: it may be a variable, or have rules.
func apisixNumbers(config *record) bool {
	return config.get("count").kind == '0' && config.get("timewindow").kind == '0'
}

// apisixOff reports whether a plugin is disabled.
func apisixOff(config *record) bool {
	meta := config.object("meta")
	return meta != nil && meta.flag(false, "disable")
}
