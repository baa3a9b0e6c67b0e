package source

import (
	"slices"
	"strings"

	"github.com/latchkey/latchkey/errs"
)

var djangoFormat = Format{
	Name:  "django",
	About: "manage.py dumpdata, or CSV of the tables, of djangorestframework-api-key and of rest_framework.authtoken",
	start: func() reader {
		return &djangoReader{users: map[string]map[string]djangoUser{}, names: map[string]string{}}
	},
}

// djangoReader reads objects as dumpdata writes them ({"model","pk","fields"}), and rows
// of the same tables.
type djangoReader struct {
	kept  kept
	users map[string]map[string]djangoUser // by model, then by primary key, username and e-mail address
	names map[string]string                // of other objects, by the name of their class and primary key
}

type djangoUser struct {
	name     string
	inactive bool
}

func (*djangoReader) single() bool       { return false }
func (*djangoReader) whole(*record) bool { return true }

// djangoObject is a record without what dumpdata puts around its fields.
type djangoObject struct {
	*record
	model string // "app.class" in lower case, "" in a table
	pk    string
}

func djangoFields(rec *record) djangoObject {
	o := djangoObject{rec, strings.ToLower(rec.text("model")), rec.text("pk")}
	if fields := rec.object("fields"); o.model != "" && fields != nil {
		fields.place = rec.place
		o.record = fields
		return o
	}
	o.model, o.pk = "", rec.text("id")
	return o
}

// class is the name of the model without that of its app.
func (o djangoObject) class() string { return fold(o.model[strings.LastIndexByte(o.model, '.')+1:]) }

// isUser tells a user of any model, such as a custom one.
func (o djangoObject) isUser() bool {
	return o.has("password") && (o.has("username") || o.has("email"))
}

// isAPIKey tells an object of a subclass of AbstractAPIKey. Until version 1.3 the digest
// was in the primary key only.
func (o djangoObject) isAPIKey() bool {
	return o.has("hashedkey", "prefix") || (o.has("name", "revoked") && strings.Contains(o.pk, ".") && strings.Contains(o.pk, "$"))
}

// isToken tells a token of rest_framework.authtoken, whose primary key is the key.
func (o djangoObject) isToken() bool {
	if o.model != "" {
		return o.class() == "token" && o.has("user", "created") && o.pk != ""
	}
	return o.has("key", "created") && (o.has("userid") || o.has("user"))
}

func (r *djangoReader) gather(rec *record) error {
	o := djangoFields(rec)
	switch {
	case o.isAPIKey(), o.isToken():
		return nil
	case o.isUser():
		u := djangoUser{o.text("username", "email"), !o.flag(true, "isactive")}
		rec.also(o.record)
		if r.users[o.model] == nil {
			r.users[o.model] = map[string]djangoUser{}
		}
		for _, id := range []string{o.pk, o.text("username"), o.text("email")} {
			if id == "" {
				continue
			}
			r.users[o.model][id] = u
			if err := r.kept.add(id, u.name); err != nil {
				return err
			}
		}
	case o.model != "" && o.pk != "" && o.get("name", "title", "slug").isText():
		id, name := o.class()+":"+o.pk, o.text("name", "title", "slug")
		r.names[id] = name
		return r.kept.add(id, name)
	}
	return nil
}

func (r *djangoReader) take(rec *record, out *output) {
	o := djangoFields(rec)
	switch {
	case !rec.fault.IsZero():
		out.problem(rec, "", rec.fault)
	case o.isAPIKey():
		r.apiKey(o, out)
	case o.isToken():
		r.token(o, out)
	default:
		out.known = out.known || o.isUser()
	}
}

// djangoKeyColumns are those of AbstractAPIKey. Subclasses add their own.
var djangoKeyColumns = []string{"id", "prefix", "hashedkey", "name", "created", "revoked", "expirydate"}

func (r *djangoReader) apiKey(o djangoObject, out *output) {
	prefix, encoded := o.text("prefix"), o.text("hashedkey")
	if !o.has("hashedkey") {
		prefix, encoded, _ = strings.Cut(o.pk, ".")
	}
	row := Row{
		Place: o.place, ID: prefix, Name: o.text("name"), CreatedAt: o.time("created"), ExpiresAt: o.time("expirydate"),
		Revoked: o.flag(false, "revoked"),
	}
	if prefix == "" {
		o.wrong("prefix", errs.Say("empty"))
	} else {
		row.Prefix = prefix + "."
		row.Start = prefix
	}
	digest, fault := django(encoded)
	if row.Digest = digest; !fault.IsZero() {
		o.wrong("hashed_key", fault)
	}
	known := r.owner(o, &row)
	for _, name := range []string{"scopes", "permissions"} {
		if v := o.get(name); v.isText() || v.kind == '[' {
			row.Scopes, known = o.strings(name), append(known, name)
			break
		}
	}
	row.Metadata = o.rest(append(known, djangoKeyColumns...)...)
	out.add(o.record, row)
}

func (r *djangoReader) token(o djangoObject, out *output) {
	row := Row{Place: o.place, CreatedAt: o.time("created")}
	if o.model != "" {
		row.Secret = Secret(o.pk)
	} else {
		row.Secret = Secret(o.text("key"))
	}
	r.owner(o, &row)
	out.add(o.record, row)
}

// djangoOwners are the names of fields that are likely to refer to who owns a key.
var djangoOwners = []string{
	"user", "owner", "organization", "organisation", "account", "client", "customer", "tenant", "team", "company", "project", "partner",
	"service", "application", "createdby",
}

// owner sets the owner to whom a foreign key refers, and returns the names of fields that
// are not metadata then. The dump does not tell to which model a field refers: it is one
// whose class has the name of the field, or a user.
func (r *djangoReader) owner(o djangoObject, row *Row) []string {
	fields := o.ownerFields()
	for _, field := range o.order {
		if slices.Contains(djangoKeyColumns, field) {
			continue
		}
		_, named := r.names[class(field)+":"+o.reference(field)]
		if _, is := r.user(class(field), o.reference(field)); named || is {
			fields = append([]string{field}, fields...)
		}
	}
	for _, field := range fields {
		id := o.reference(field)
		if id == "" {
			continue
		}
		row.Owner = Owner{ID: class(field) + ":" + id, Name: r.names[class(field)+":"+id]}
		if user, ok := r.user(class(field), id); ok {
			row.Owner.Name, row.Disabled = user.name, user.inactive
		}
		return []string{field}
	}
	return nil
}

// class returns the name of the class that a field most likely refers to.
func class(field string) string { return strings.TrimSuffix(field, "id") }

// reference returns the primary or natural key in the field, or "" if it has none.
func (o djangoObject) reference(field string) string {
	switch v := o.get(field); v.kind {
	case '[':
		return strings.Join(o.strings(field), " ")
	case '"', '0', cell:
		return v.text
	default:
		return ""
	}
}

// ownerFields returns the fields that may refer to the owner, the likeliest first.
func (o djangoObject) ownerFields() []string {
	var all []string
	for _, name := range djangoOwners {
		all = append(all, name, name+"id")
	}
	for _, name := range o.order {
		foreign := strings.HasSuffix(name, "id") && strings.HasSuffix(o.values[name].name, "_id")
		if foreign && !slices.Contains(djangoKeyColumns, name) {
			all = append(all, name)
		}
	}
	if o.model == "" {
		return all
	}
	for _, name := range o.order {
		v := o.values[name]
		if !slices.Contains(djangoKeyColumns, name) && (v.kind == '0' || v.kind == '[') && strings.HasPrefix(o.class(), name) {
			all = append(all, name)
		}
	}
	return all
}

// people are the names of fields that refer to users.
var people = []string{"user", "owner", "createdby", "creator", "author", "member"}

// user returns the user with the primary or natural key to whom a field of the class
// refers, if exactly one model has one.
func (r *djangoReader) user(class, id string) (found djangoUser, ok bool) {
	for model, users := range r.users {
		if !slices.Contains(people, class) && fold(model[strings.LastIndexByte(model, '.')+1:]) != class {
			continue
		}
		if u, has := users[id]; has {
			if ok {
				return djangoUser{}, false
			}
			found, ok = u, true
		}
	}
	return found, ok
}
