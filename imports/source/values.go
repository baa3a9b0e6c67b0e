package source

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// flag returns whether the member is true, or otherwise if it is empty. Databases write
// flags as 1 and 0, t and f.
func (rec *record) flag(otherwise bool, names ...string) bool {
	v := rec.get(names...)
	if v.kind == 0 {
		return otherwise
	}
	switch strings.ToLower(v.text) {
	case "true", "t", "1", "yes", "y":
		return true
	case "false", "f", "0", "no", "n":
		return false
	default:
		rec.wrong(v.name, errs.Say("not_a_flag"))
		return otherwise
	}
}

// integer returns the member as a whole number.
func (rec *record) integer(names ...string) (n int64, given bool) {
	f, given := rec.number(names...)
	if !given {
		return 0, false
	}
	v := rec.get(names...)
	if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
		return n, true
	}
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		rec.wrong(v.name, errs.Say("not_an_integer"))
		return 0, false
	}
	return int64(f), true
}

// number returns the member as a number.
func (rec *record) number(names ...string) (n float64, given bool) {
	v := rec.get(names...)
	if v.kind == 0 {
		return 0, false
	}
	n, err := strconv.ParseFloat(v.text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || v.kind == '{' || v.kind == '[' {
		rec.wrong(v.name, errs.Say("import_not_a_number"))
		return 0, false
	}
	return n, true
}

// layouts are the forms in which databases and libraries write times. Those without a
// zone are in UTC.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999Z07",
	"2006-01-02 15:04:05.999999999 Z07:00",
	"2006-01-02 15:04:05.999999999 -0700 MST",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999Z0700",
	time.DateOnly,
}

// Numbers between these are seconds, and above them milliseconds: the year 5138 in the
// former is 1973 in the latter.
const mostSeconds = 100_000_000_000

// time returns the member as a time: text, or a number of seconds or milliseconds since
// 1970. Zero and less are no time.
func (rec *record) time(names ...string) time.Time {
	v := rec.get(names...)
	if v.kind == 0 {
		return time.Time{}
	}
	if n, err := strconv.ParseFloat(v.text, 64); err == nil && v.kind != '{' && v.kind != '[' && !math.IsNaN(n) {
		return rec.epoch(v, n)
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, v.text); err == nil {
			return rec.within(v, at.UTC())
		}
	}
	rec.wrong(v.name, errs.Say("not_a_time"))
	return time.Time{}
}

func (rec *record) epoch(v value, n float64) time.Time {
	switch {
	case n <= 0:
		return time.Time{}
	case n > mostSeconds*1000:
		rec.wrong(v.name, errs.Say("not_a_time"))
		return time.Time{}
	case n > mostSeconds:
		return rec.within(v, time.UnixMilli(int64(n)).UTC())
	default:
		return rec.within(v, time.UnixMilli(int64(n*1000)).UTC())
	}
}

// within refuses times that no key has. It cuts to milliseconds, as stores do.
func (rec *record) within(v value, at time.Time) time.Time {
	if at.Year() < 1970 || at.Year() > 9999 {
		rec.wrong(v.name, errs.Say("not_a_time"))
		return time.Time{}
	}
	return at.Truncate(time.Millisecond)
}

// networks returns the member as networks. A single address is a network.
func (rec *record) networks(names ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range rec.strings(names...) {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil || address.Zone() != "" {
				rec.wrong(rec.get(names...).name, errs.Say("import_not_a_network"))
				return nil
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		all = append(all, network.Masked())
	}
	return all
}

// environment returns "live", "test", or "" for any other name.
func environment(name string) string {
	switch strings.ToLower(name) {
	case "live", "prod", "production":
		return "live"
	case "test", "testing", "sandbox", "dev", "development", "staging":
		return "test"
	default:
		return ""
	}
}
