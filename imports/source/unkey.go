package source

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
)

var unkeyFormat = Format{
	Name:  "unkey",
	About: "Unkey's keys as JSON or CSV, with its identities, permissions, roles and ratelimits, or what its API lists",
	lists: []string{
		"keys", "identities", "permissions", "roles", "keyspermissions", "keysroles", "rolespermissions", "ratelimits", "encryptedkeys", "data",
	},
	start: func() reader {
		return &unkeyReader{
			identities: map[string]string{}, permissions: map[string]string{}, roles: map[string]string{}, rolePermissions: map[string][]string{},
			keyPermissions: map[string][]string{}, keyRoles: map[string][]string{}, limits: map[string][]unkeyLimit{},
		}
	},
}

// unkeyReader reads rows of several tables, which it tells apart by their columns.
type unkeyReader struct {
	kept            kept
	identities      map[string]string // external ids, by id
	permissions     map[string]string // names
	roles           map[string]string
	rolePermissions map[string][]string // ids of permissions, by id of the role
	keyPermissions  map[string][]string // by id of the key
	keyRoles        map[string][]string
	limits          map[string][]unkeyLimit // by id of the key or of the identity
}

type unkeyLimit struct {
	requests float64
	per      time.Duration
}

func (*unkeyReader) single() bool           { return false }
func (*unkeyReader) whole(rec *record) bool { return unkeyTable(rec) == "keys" }

// unkeyTable returns the folded name of the table that a row is of, or "".
func unkeyTable(rec *record) string {
	switch {
	case rec.has("hash"), rec.has("keyid", "start"):
		return "keys"
	case rec.has("keyid", "permissionid"):
		return "keyspermissions"
	case rec.has("keyid", "roleid"):
		return "keysroles"
	case rec.has("roleid", "permissionid"):
		return "rolespermissions"
	case rec.has("limit", "duration"):
		return "ratelimits"
	case rec.has("externalid"):
		return "identities"
	case rec.has("encrypted"):
		return "encryptedkeys"
	case rec.has("id", "slug"), rec.has("id", "name") && (strings.HasPrefix(rec.text("id"), "perm_") || rec.section == "permissions"):
		return "permissions"
	case rec.has("id", "name") && (strings.HasPrefix(rec.text("id"), "role_") || rec.section == "roles"):
		return "roles"
	default:
		return ""
	}
}

func (r *unkeyReader) gather(rec *record) error {
	switch unkeyTable(rec) {
	case "identities":
		return r.name(r.identities, rec, "externalid")
	case "permissions":
		return r.name(r.permissions, rec, "slug", "name")
	case "roles":
		return r.name(r.roles, rec, "name")
	case "keyspermissions":
		return r.relate(r.keyPermissions, rec.text("keyid"), rec.text("permissionid"))
	case "keysroles":
		return r.relate(r.keyRoles, rec.text("keyid"), rec.text("roleid"))
	case "rolespermissions":
		return r.relate(r.rolePermissions, rec.text("roleid"), rec.text("permissionid"))
	case "ratelimits":
		of := rec.text("keyid", "identityid")
		r.limits[of] = append(r.limits[of], unkeyLimitOf(rec))
		return r.kept.add(of)
	}
	return nil
}

func (r *unkeyReader) name(table map[string]string, rec *record, columns ...string) error {
	id, name := rec.text("id"), rec.text(columns...)
	table[id] = name
	return r.kept.add(id, name)
}

func (r *unkeyReader) relate(table map[string][]string, from, to string) error {
	table[from] = append(table[from], to)
	return r.kept.add(from, to)
}

func unkeyLimitOf(rec *record) unkeyLimit {
	n, _ := rec.number("limit", "ratelimitlimit")
	per, _ := rec.integer("duration", "ratelimitduration")
	return unkeyLimit{n, milliseconds(per)}
}

func (r *unkeyReader) take(rec *record, out *output) {
	table := unkeyTable(rec)
	out.known = table != ""
	if table != "keys" {
		return
	}
	row := Row{
		Place: rec.place, ID: rec.text("id", "keyid"), Name: rec.text("name"), Start: rec.text("start"),
		Environment: environment(rec.text("environment")), CreatedAt: rec.time("createdatm", "createdat"), ExpiresAt: rec.time("expires"),
		LastUsedAt: rec.time("lastusedat"), Disabled: !rec.flag(true, "enabled"), Secret: Secret(rec.text("plaintext")),
	}
	if at := rec.time("deletedatm", "deletedat"); !at.IsZero() {
		out.problem(rec, row.ID, errs.Say("import_deleted", "at", at))
		return
	}
	if rec.text("pendingmigrationid") != "" {
		out.problem(rec, row.ID, errs.Say("import_unkey_migration"))
		return
	}
	if row.Secret == "" && rec.has("hash") {
		digest, fault := plainDigest(SHA256, sha256.Size, rec.text("hash"))
		if row.Digest = digest; !fault.IsZero() {
			rec.wrong("hash", fault)
		}
	}
	// Keys are a prefix, "_" and base58, which has no "_".
	row.Prefix = row.Start[:strings.LastIndexByte(row.Start, '_')+1]
	r.owner(rec, &row)
	r.scopes(rec, &row)
	r.limit(rec, &row)
	unkeyCredits(rec, &row)
	metadata, left := rec.metadata("meta")
	if row.Metadata = metadata; left {
		row.note("import_metadata_left")
	}
	out.add(rec, row)
}

func (r *unkeyReader) owner(rec *record, row *Row) {
	if identity := rec.object("identity"); identity != nil {
		row.Owner = Owner{ID: identity.text("externalid"), Name: identity.text("name")}
		return
	}
	id := rec.text("identityid")
	switch external := r.identities[id]; {
	case external != "":
		row.Owner = Owner{ID: external}
	case id != "":
		row.Owner = Owner{ID: id}
	default:
		row.Owner = Owner{ID: rec.text("ownerid")}
	}
}

// scopes adds permissions, roles as "role:name", and what the roles permit.
func (r *unkeyReader) scopes(rec *record, row *Row) {
	seen := map[string]bool{}
	add := func(name string) {
		if name != "" && !seen[name] && len(row.Scopes) <= maxScopes {
			seen[name] = true
			row.Scopes = append(row.Scopes, name)
		}
	}
	missing := 0
	permission := func(id string) {
		name, ok := r.permissions[id]
		if add(name); !ok {
			missing++
		}
	}
	for _, name := range rec.strings("permissions") {
		add(name)
	}
	for _, name := range rec.strings("roles") {
		add("role:" + name)
	}
	for _, id := range head(r.keyPermissions[row.ID]) {
		permission(id)
	}
	for _, id := range head(r.keyRoles[row.ID]) {
		if name, ok := r.roles[id]; ok {
			add("role:" + name)
		} else {
			missing++
		}
		for _, p := range head(r.rolePermissions[id]) {
			permission(p)
		}
	}
	if missing > 0 {
		row.note("import_scopes_missing", "count", missing)
	}
}

// head returns at most one more than a row may have.
func head(ids []string) []string { return ids[:min(len(ids), maxScopes+1)] }

func (r *unkeyReader) limit(rec *record, row *Row) {
	if l := unkeyLimitOf(rec); rec.get("ratelimitlimit").kind != 0 {
		row.limit(l.requests, l.per, 0)
	}
	for _, inner := range rec.objects("ratelimits") {
		l := unkeyLimitOf(inner)
		row.limit(l.requests, l.per, 0)
		rec.also(inner)
	}
	for _, id := range []string{row.ID, rec.text("identityid")} {
		for _, l := range r.limits[id] {
			row.limit(l.requests, l.per, 0)
		}
	}
}

// unkeyCredits turns credits that are refilled into a quota. A refill without a day of
// the month is daily.
func unkeyCredits(rec *record, row *Row) {
	credits := rec
	if inner := rec.object("credits"); inner != nil {
		credits = inner
	}
	remaining, limited := credits.integer("remainingrequests", "remaining")
	refill := credits
	if inner := credits.object("refill"); inner != nil {
		refill = inner
	}
	amount, refilled := refill.integer("refillamount", "amount")
	rec.also(credits)
	rec.also(refill)
	if !refilled || amount <= 0 {
		if limited {
			row.credits(remaining)
		}
		return
	}
	per := wholeDay
	if refill.text("refillday") != "" || refill.text("refillinterval", "interval") == "monthly" {
		per = longMonth
	}
	row.allowance(amount, per)
	if day, _ := refill.integer("refillday"); day > 1 {
		row.note("import_refill_day", "day", day)
	}
}
