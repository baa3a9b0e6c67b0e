package source

import (
	"crypto/sha256"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey/latchkey/errs"
)

var betterAuthFormat = Format{
	Name:  "better-auth",
	About: "the apikey table of better-auth's API-key plugin as JSON or CSV, with its user and organization tables if you like",
	lists: []string{"apikey", "apikeys", "user", "users", "organization", "organizations", "data", "rows", "results"},
	start: func() reader { return &betterAuthReader{names: map[string]string{}} },
}

// betterAuthReader reads rows of apikey, and names from those of user and organization.
type betterAuthReader struct {
	kept  kept
	names map[string]string // of users and organizations
}

func (*betterAuthReader) single() bool           { return false }
func (*betterAuthReader) whole(rec *record) bool { return betterAuthKey(rec) || betterAuthOwner(rec) }

func betterAuthKey(rec *record) bool {
	return rec.has("key") && (rec.has("referenceid") || rec.has("userid"))
}

func betterAuthOwner(rec *record) bool {
	return rec.has("id", "name") && (rec.has("email") || rec.has("slug")) && !rec.has("key")
}

func (r *betterAuthReader) gather(rec *record) error {
	if betterAuthKey(rec) || !betterAuthOwner(rec) {
		return nil
	}
	id, name := rec.text("id"), rec.text("email", "name")
	r.names[id] = name
	return r.kept.add(id, name)
}

func (r *betterAuthReader) take(rec *record, out *output) {
	if !betterAuthKey(rec) {
		out.known = betterAuthOwner(rec)
		return
	}
	row := Row{
		Place: rec.place, ID: rec.text("id"), Name: rec.text("name"), Prefix: rec.text("prefix"), Start: rec.text("start"),
		CreatedAt: rec.time("createdat"), ExpiresAt: rec.time("expiresat"), LastUsedAt: rec.time("lastrequest"),
		Disabled: !rec.flag(true, "enabled"), Owner: Owner{ID: rec.text("referenceid", "userid")},
	}
	row.Owner.Name = r.names[row.Owner.ID]
	betterAuthSecret(rec, &row)
	row.Scopes = betterAuthPermissions(rec)
	betterAuthLimits(rec, &row)
	metadata, left := rec.metadata("metadata")
	if row.Metadata = metadata; left {
		row.note("import_metadata_left")
	}
	out.add(rec, row)
}

// betterAuthDigest is a SHA-256 in base64url without padding.
var betterAuthDigest = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// betterAuthSecret tells a digest from a key in clear, which disableKeyHashing stores. A
// key is taken as one only if it begins with the start that is stored beside it, or its
// prefix: otherwise whoever sees a digest could use it as a key.
func betterAuthSecret(rec *record, row *Row) {
	text := rec.text("key")
	begin := row.Start
	if begin == "" {
		begin = row.Prefix
	}
	switch {
	case text == "":
	case !betterAuthDigest.MatchString(text) && begin != "" && len(text) > len(begin) && strings.HasPrefix(text, begin):
		row.Secret = Secret(text)
	default:
		digest, fault := plainDigest(SHA256, sha256.Size, text)
		if row.Digest = digest; !fault.IsZero() {
			rec.wrong("key", fault)
		}
	}
}

// betterAuthPermissions turns {"files":["read"]} into "files:read".
func betterAuthPermissions(rec *record) []string {
	permissions := rec.object("permissions")
	if permissions == nil {
		if v := rec.get("permissions"); v.kind != 0 && v.text != "null" {
			rec.wrong("permissions", errs.Say("import_permissions"))
		}
		return nil
	}
	var scopes []string
	for _, resource := range permissions.order {
		for _, action := range permissions.elements(permissions.values[resource]) {
			if action.kind != jsontext.Kind('"') {
				rec.wrong("permissions", errs.Say("import_permissions"))
				return nil
			}
			scopes = append(scopes, permissions.values[resource].name+":"+action.text)
		}
	}
	rec.also(permissions)
	return scopes
}

func betterAuthLimits(rec *record, row *Row) {
	most, limited := rec.number("ratelimitmax")
	window, _ := rec.integer("ratelimittimewindow")
	if limited && window > 0 && rec.flag(true, "ratelimitenabled") {
		row.limit(most, milliseconds(window), 0)
	}
	remaining, counted := rec.integer("remaining")
	amount, _ := rec.integer("refillamount")
	interval, _ := rec.integer("refillinterval")
	switch {
	case amount > 0 && interval > 0:
		row.allowance(amount, milliseconds(interval))
	case counted:
		row.credits(remaining)
	}
}
