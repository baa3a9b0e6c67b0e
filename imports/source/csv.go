package source

import (
	"errors"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/ratelimit"
)

var csvFormat = Format{
	Name: "csv", About: "Latchkey's own columns as comma-separated values, for everything else",
	start: func() reader { return ownReader{} },
}

// Columns returns the names of the columns of the formats csv and jsonl.
func Columns() []string {
	return []string{
		"id", "owner_id", "owner_name", "name", "key", "algorithm", "digest", "salt", "iterations", "prefix", "start", "last4", "environment",
		"scopes", "tier", "created_at", "expires_at", "not_before", "last_used_at", "revoked_at", "disabled", "rate_limit", "quota",
		"allowed_networks", "metadata",
	}
}

// ownReader reads our own columns. Unlike those of others, a column that does not exist
// is a fault: it is probably mistyped.
type ownReader struct{}

func (ownReader) gather(*record) error { return nil }
func (ownReader) single() bool         { return true }
func (ownReader) whole(*record) bool   { return true }

var ownColumns = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range Columns() {
		all[fold(name)] = true
	}
	return all
}()

func (ownReader) take(rec *record, out *output) {
	out.known = true
	for i, name := range rec.order {
		if !ownColumns[name] { // its name may be a key, in a file without a line of names
			out.problem(rec, rec.text("id"), errs.Say("import_column_unknown", "number", i+1, "columns", Columns()))
			return
		}
	}
	row := Row{
		Place: rec.place, ID: rec.text("id"), Owner: Owner{rec.text("ownerid"), rec.text("ownername")}, Name: rec.text("name"),
		Prefix: rec.text("prefix"), Start: rec.text("start"), Last4: rec.text("last4"), Environment: rec.text("environment"),
		Scopes: rec.strings("scopes"), Tier: rec.text("tier"),
		CreatedAt: rec.time("createdat"), ExpiresAt: rec.time("expiresat"), NotBefore: rec.time("notbefore"),
		LastUsedAt: rec.time("lastusedat"), RevokedAt: rec.time("revokedat"), Disabled: rec.flag(false, "disabled"),
		Networks: rec.networks("allowednetworks"),
	}
	row.Revoked = !row.RevokedAt.IsZero()
	if row.Environment != "" && row.Environment != "live" && row.Environment != "test" {
		rec.wrong("environment", errs.Say("import_environment"))
	}
	ownKey(rec, &row)
	ownLimits(rec, &row)
	metadata, left := rec.metadata("metadata")
	if row.Metadata = metadata; left {
		rec.wrong("metadata", errs.Say("not_an_object_inside"))
	}
	out.add(rec, row)
}

// add hands on a row, or what is wrong with its record.
func (o *output) add(rec *record, row Row) {
	o.known = true
	if !rec.fault.IsZero() {
		o.problem(rec, row.ID, rec.fault)
		return
	}
	o.rows = append(o.rows, row)
}

// ownKey reads the key or its digest. The algorithm "plain" is for a key in clear, and
// may be left out.
func ownKey(rec *record, row *Row) {
	row.Secret = Secret(rec.text("key"))
	algorithm, digest := rec.text("algorithm"), rec.text("digest")
	switch {
	case fold(algorithm) == "plain" && digest != "":
		rec.wrong("digest", errs.Say("import_plain_digest"))
	case digest == "" && algorithm != "" && fold(algorithm) != "plain":
		rec.wrong("digest", errs.Say("import_digest_missing"))
	case digest == "":
	case fold(algorithm) == "pbkdf2sha256" && !strings.Contains(digest, "$"):
		row.Digest = ownPBKDF2(rec, digest)
	default:
		d, fault := named(algorithm, digest)
		if row.Digest = d; !fault.IsZero() {
			rec.wrong("digest", fault)
		}
	}
}

func ownPBKDF2(rec *record, digest string) Digest {
	d, fault := iterated(rec.text("iterations"), rec.text("salt"), digest)
	if !fault.IsZero() {
		rec.wrong("digest", fault)
	}
	return d
}

// ownLimits reads "100/10s burst 200" or an object with requests, per and burst, and
// "100000/month" or an object with requests and per.
func ownLimits(rec *record, row *Row) {
	if rule, given, err := ownRule(rec); err != nil {
		rec.wrong("rate_limit", errs.Say("import_rate_limit"))
	} else if given {
		row.RateLimit = &rule
	}
	if quota, given, err := ownQuota(rec); err != nil {
		rec.wrong("quota", errs.Say("quota_shape"))
	} else if given {
		row.Quota = &quota
	}
}

var errShape = errors.New("not of the form")

func ownRule(rec *record) (rule ratelimit.Rule, given bool, err error) {
	if o := rec.object("ratelimit"); o != nil {
		n, _ := o.integer("requests")
		burst, hasBurst := o.integer("burst")
		if !hasBurst {
			burst = n
		}
		per, err := time.ParseDuration(o.text("per"))
		if err != nil || !o.fault.IsZero() {
			return rule, true, errShape
		}
		rule = ratelimit.Rule{Requests: n, Per: per, Burst: burst}
		return rule, true, rule.Validate()
	}
	text := rec.text("ratelimit")
	if text == "" {
		return rule, false, nil
	}
	rule, err = ratelimit.ParseRule(text)
	return rule, true, err
}

func ownQuota(rec *record) (quota ratelimit.Quota, given bool, err error) {
	requests, per, found := "", "", false
	if o := rec.object("quota"); o != nil {
		requests, per, found = o.text("requests"), o.text("per"), o.fault.IsZero()
	} else if text := rec.text("quota"); text != "" {
		requests, per, found = strings.Cut(text, "/")
	} else {
		return quota, false, nil
	}
	n := &record{values: map[string]value{"n": {"n", cell, requests}}}
	quota.Requests, _ = n.integer("n")
	quota.Per = ratelimit.Period(per)
	if !found || !n.fault.IsZero() {
		return quota, true, errShape
	}
	return quota, true, quota.Validate()
}
