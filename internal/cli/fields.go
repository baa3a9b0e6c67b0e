package cli

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/latchkey/latchkey/client"
)

// field is a flag that sets a member of a request.
type field struct {
	flag, member, help string
	read               func(text string, now time.Time) (any, error)
	alone              string // the value of the flag without one
}

// none clears a member.
const none = "none"

// addFields adds the flags to the command.
func addFields(cmd *cobra.Command, all []field) {
	for _, f := range all {
		cmd.Flags().String(f.flag, "", f.help)
		cmd.Flags().Lookup(f.flag).NoOptDefVal = f.alone
	}
}

// fill sets each member of in whose flag was given.
func (a *app) fill(cmd *cobra.Command, all []field, in any) error {
	members := map[string]any{}
	for _, f := range all {
		flag := cmd.Flags().Lookup(f.flag)
		if !flag.Changed {
			continue
		}
		v, err := f.read(flag.Value.String(), a.now())
		if err != nil {
			return Usagef("--%s: %w", f.flag, err)
		}
		members[f.member] = v
	}
	text, err := json.Marshal(members)
	if err != nil {
		return Usagef("%w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		return Usagef("%w", err)
	}
	return nil
}

// someChanged refuses a change of nothing.
func someChanged(cmd *cobra.Command) error {
	changed := false
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { changed = changed || f.Changed })
	if !changed {
		return Usagef("say what to change; see %s --help", cmd.CommandPath())
	}
	return nil
}

func text(s string, _ time.Time) (any, error) { return s, nil }

// orNone reads none as null.
func orNone(read func(string, time.Time) (any, error)) func(string, time.Time) (any, error) {
	return func(s string, now time.Time) (any, error) {
		if s == none {
			return nil, nil //nolint:nilnil // null is the value
		}
		return read(s, now)
	}
}

func yesNo(s string, _ time.Time) (any, error) {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return nil, errYesNo
	}
	return b, nil
}

func whole(s string, _ time.Time) (any, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil, errWhole
	}
	return n, nil
}

// words reads a list, separated by commas; none is an empty one.
func words(s string, _ time.Time) (any, error) {
	list := []string{}
	for word := range strings.SplitSeq(s, ",") {
		if word = strings.TrimSpace(word); word != "" && s != none {
			list = append(list, word)
		}
	}
	return list, nil
}

// orAll reads all as null.
func orAll(s string, now time.Time) (any, error) {
	if s == "all" {
		return nil, nil //nolint:nilnil // null is the value
	}
	return words(s, now)
}

func object(s string, _ time.Time) (any, error) {
	if !json.Valid([]byte(s)) {
		return nil, errObject
	}
	return json.RawMessage(s), nil
}

// moment reads a time, a date (its first moment in UTC) or how long from now, such as
// 90d or 12h.
func moment(s string, now time.Time) (any, error) { return parseMoment(s, now) }

func parseMoment(s string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	d, err := parseSpan(s)
	if err != nil {
		return time.Time{}, errMoment
	}
	return now.Add(d).UTC().Truncate(time.Second), nil
}

// span reads a duration such as 90d, 12h or 1h30m.
func span(s string, _ time.Time) (any, error) {
	d, err := parseSpan(s)
	return client.Duration(d), err
}

func parseSpan(s string) (time.Duration, error) {
	const day = 24 * time.Hour
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > mostDays {
			return 0, errSpan
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errSpan
	}
	return d, nil
}

const mostDays = 36_500 // a time.Duration holds 292 years

// rule reads REQUESTS/PER or REQUESTS/PER:BURST, such as 100/1m:200.
func rule(s string, _ time.Time) (any, error) {
	rate, burst, hasBurst := strings.Cut(s, ":")
	requests, per, ok := strings.Cut(rate, "/")
	n, err := strconv.ParseInt(requests, 10, 64)
	if !ok || err != nil {
		return nil, errRule
	}
	if per != "" && (per[0] < '0' || per[0] > '9') {
		per = "1" + per // 100/m
	}
	d, err := parseSpan(per)
	if err != nil {
		return nil, errRule
	}
	r := client.Rule{Requests: n, Per: client.Duration(d), Burst: n}
	if hasBurst {
		if r.Burst, err = strconv.ParseInt(burst, 10, 64); err != nil {
			return nil, errRule
		}
	}
	return r, nil
}

// quota reads REQUESTS/day or REQUESTS/month.
func quota(s string, _ time.Time) (any, error) {
	requests, per, ok := strings.Cut(s, "/")
	n, err := strconv.ParseInt(requests, 10, 64)
	if !ok || err != nil || per != "day" && per != "month" {
		return nil, errQuota
	}
	return client.Quota{Requests: n, Per: per}, nil
}

// flaw says how a flag is written.
type flaw string

func (f flaw) Error() string { return string(f) }

const (
	errYesNo  flaw = "write true or false"
	errWhole  flaw = "write a whole number"
	errObject flaw = `write a JSON object, such as {"plan":"pro"}`
	errMoment flaw = "write a time (2027-01-31T12:00:00Z), a date (2027-01-31) or how long from now (90d, 12h)"
	errSpan   flaw = "write a duration, such as 90d, 12h or 30m"
	errRule   flaw = "write REQUESTS/PER or REQUESTS/PER:BURST, such as 100/1m or 100/1m:200"
	errQuota  flaw = "write REQUESTS/day or REQUESTS/month, such as 10000/day"
)
