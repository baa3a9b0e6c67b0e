package source

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/latchkey/latchkey/errs"
)

var tykFormat = Format{
	Name:  "tyk",
	About: "Tyk's keys as its dashboard lists them in detail, or sessions with their hash; only keys in clear and SHA-256 can be taken",
	lists: []string{"keys", "data"},
	start: func() reader { return tykReader{} },
}

// tykReader reads {"key_id","key_hash","data":{session}}, sessions with these members
// beside their own, and objects of sessions by "apikey-" and hash, as Redis has them.
type tykReader struct{}

func (tykReader) gather(*record) error { return nil }
func (tykReader) single() bool         { return true }

func (tykReader) whole(rec *record) bool { return tykNamed(rec) || tykSession(rec) }

func tykNamed(rec *record) bool { return rec.has("keyid") || rec.has("keyhash") }

func tykSession(rec *record) bool {
	return rec.has("accessrights") || rec.has("quotamax") || rec.has("applypolicies")
}

const tykRedisPrefix = "apikey-"

func (tykReader) take(rec *record, out *output) {
	out.known = true
	if tykNamed(rec) || tykSession(rec) {
		session := rec
		if inner := rec.object("data"); inner != nil {
			session = inner
		}
		tykKey(rec, session, rec.text("keyid", "key"), rec.text("keyhash"), out)
		return
	}
	out.known = false
	for _, name := range rec.order {
		v := rec.values[name]
		hash, is := strings.CutPrefix(v.name, tykRedisPrefix)
		if !is || (v.kind != '{' && v.kind != '"') {
			continue
		}
		out.known = true
		session := parse([]byte(v.text), rec.place)
		if !session.fault.IsZero() {
			out.problem(rec, "", session.fault)
			continue
		}
		tykKey(session, session, "", hash, out)
	}
}

func tykKey(rec, session *record, id, hash string, out *output) {
	row := Row{
		Place: rec.place, Name: session.text("alias"), CreatedAt: session.time("datecreated"), ExpiresAt: session.time("expires"),
		Disabled: session.flag(false, "isinactive"), Owner: Owner{ID: session.text("orgid")},
	}
	if len(id) == 0 && len(hash) == 0 {
		out.problem(rec, "", errs.Say("import_tyk_nameless"))
		return
	}
	tykSecret(rec, id, hash, &row)
	for _, policy := range session.strings("applypolicies", "applypolicyid") {
		row.Scopes = append(row.Scopes, "policy:"+policy)
	}
	if rights := session.object("accessrights"); rights != nil {
		for _, api := range rights.order {
			row.Scopes = append(row.Scopes, "api:"+rights.values[api].name)
		}
	}
	tykLimits(session, &row)
	metadata, left := session.metadata("metadata")
	if row.Metadata = metadata; left {
		row.note("import_metadata_left")
	}
	rec.also(session)
	out.add(rec, row)
}

// tykSecret sets the key or its digest. Tyk hashes by murmur, unless its configuration
// or the key itself says SHA-256; hashes are hexadecimal, and stand where the key would
// if Tyk does not know it.
func tykSecret(rec *record, id, hash string, row *Row) {
	if len(hash) != hex.EncodedLen(sha256.Size) && id != hash && !tykHash(id) {
		row.Secret = Secret(id)
		return
	}
	if hash == "" {
		hash = id
	}
	digest, fault := plainDigest(SHA256, sha256.Size, hash)
	if row.Digest = digest; !fault.IsZero() {
		rec.wrong("key_hash", fault)
	}
}

// tykHash reports whether text has the form of a hash: of murmur in 32, 64 or 128 bits,
// or of SHA-256. Digits of another length are a key, such as the older ones that begin
// with an organization's id.
func tykHash(text string) bool {
	sum, err := hex.DecodeString(text)
	return err == nil && (len(sum) == 0 || len(sum) == 4 || len(sum) == 8 || len(sum) == 16 || len(sum) == sha256.Size)
}

func tykLimits(session *record, row *Row) {
	rate, limited := session.number("rate")
	per, _ := session.number("per")
	if limited && rate > 0 && per > 0 {
		row.limit(rate, seconds(per), 0)
	}
	most, _ := session.integer("quotamax")
	renewal, _ := session.integer("quotarenewalrate")
	switch {
	case most <= 0: // -1 is no quota
	case renewal <= 0:
		row.credits(most)
	default:
		row.allowance(most, seconds(float64(renewal)))
	}
}
