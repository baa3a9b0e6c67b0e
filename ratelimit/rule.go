package ratelimit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey/latchkey/errs"
)

// Bounds of rules and quotas.
const (
	MostRequests      = 1_000_000_000 // of a rule and its burst
	ShortestPer       = time.Millisecond
	LongestPer        = 31 * 24 * time.Hour
	MostQuotaRequests = 1_000_000_000_000_000
)

// Rule is a token bucket: Requests tokens are added evenly over every Per, and
// at most Burst are held. The zero Rule is no rule.
type Rule struct {
	Requests int64
	Per      time.Duration
	Burst    int64
}

// IsZero reports whether there is no rule.
func (r Rule) IsZero() bool { return r == Rule{} }

// Fault describes what is wrong with one member of a rule or quota.
type Fault struct {
	Member string // "requests", "per" or "burst"
	Text   errs.Text
}

// Faster reports whether the rule allows more than the other in the long run.
func (r Rule) Faster(than Rule) bool {
	return float64(r.Requests)*float64(than.Per) > float64(than.Requests)*float64(r.Per)
}

// Within returns the rule with its rate and burst reduced to those of most if they
// exceed them. The zero
// rule is no bound.
func (r Rule) Within(most Rule) Rule {
	if most.IsZero() {
		return r
	}
	if r.Faster(most) {
		r.Requests, r.Per = most.Requests, most.Per
	}
	r.Burst = min(r.Burst, most.Burst)
	return r
}

// Validate returns nil, or an error that names everything wrong with the rule.
func (r Rule) Validate() error { return joined(r.Faults()) }

// Faults returns everything wrong with the rule, by member.
func (r Rule) Faults() []Fault {
	var faults []Fault
	if r.Requests < 1 || r.Requests > MostRequests {
		faults = append(faults, Fault{"requests", errs.Say("out_of_range_from_one", "most", MostRequests)})
	}
	if r.Per < ShortestPer || r.Per > LongestPer {
		faults = append(faults, Fault{"per", errs.Say("out_of_range", "least", shortDuration(ShortestPer), "most", shortDuration(LongestPer))})
	}
	if r.Burst < 1 || r.Burst > MostRequests {
		faults = append(faults, Fault{"burst", errs.Say("out_of_range_from_one", "most", MostRequests)})
	}
	return faults
}

func joined(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = f.Member + " " + f.Text.String()
	}
	return errors.New(strings.Join(texts, ", "))
}

// String returns the rule in the form used in configuration: "100/10s burst 200". It is
// "" for no rule.
func (r Rule) String() string {
	if r.IsZero() {
		return ""
	}
	return strconv.FormatInt(r.Requests, 10) + "/" + shortDuration(r.Per) + " burst " + strconv.FormatInt(r.Burst, 10)
}

// shortDuration drops the zero parts at the end of time.Duration.String.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// ParseRule parses a rule in the form used in configuration: "100/10s", whose burst
// equals its requests, or "100/10s burst 200".
func ParseRule(s string) (Rule, error) {
	const form = `write a rate as "100/10s" or "100/10s burst 200"`
	rate, burst, hasBurst := strings.Cut(s, " burst ")
	requests, per, ok := strings.Cut(rate, "/")
	if !ok {
		return Rule{}, errors.New(form)
	}
	var r Rule
	var err error
	if r.Requests, err = parseCount(requests); err != nil {
		return Rule{}, errors.New(form + ": requests are not a whole number")
	}
	if r.Per, err = time.ParseDuration(per); err != nil {
		return Rule{}, errors.New(form + ": the time is not a duration")
	}
	r.Burst = r.Requests
	if hasBurst {
		if r.Burst, err = parseCount(burst); err != nil {
			return Rule{}, errors.New(form + ": burst is not a whole number")
		}
	}
	return r, r.Validate()
}

func parseCount(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err
}

// Period is how long a quota lasts: a calendar day or month in UTC.
type Period string

// The periods.
const (
	Day   Period = "day"
	Month Period = "month"
)

// Quota allows Requests in every Per. The zero Quota is no quota.
type Quota struct {
	Requests int64
	Per      Period
}

// IsZero reports whether there is no quota.
func (q Quota) IsZero() bool { return q == Quota{} }

// Validate returns nil, or an error that names everything wrong with the quota.
func (q Quota) Validate() error { return joined(q.Faults()) }

// Faults returns everything wrong with the quota, by member.
func (q Quota) Faults() []Fault {
	var faults []Fault
	if q.Requests < 1 || q.Requests > MostQuotaRequests {
		faults = append(faults, Fault{"requests", errs.Say("out_of_range_from_one", "most", int64(MostQuotaRequests))})
	}
	if q.Per != Day && q.Per != Month {
		faults = append(faults, Fault{"per", errs.Say("period_invalid")})
	}
	return faults
}

// Window returns the label of the period that contains now ("2026-11-24" or "2026-11")
// and when the next one begins.
func (q Quota) Window(now time.Time) (label string, resetsAt time.Time) {
	w := windowOf(q.Per, now)
	return w.label(), w.end()
}

// PastWindows returns what identifies windows that ended at least two days ago: their
// labels sort before the first result and differ from the second. A day's label begins
// with its month's.
func PastWindows(now time.Time) (before, except string) {
	long := now.Add(-48 * time.Hour)
	return windowOf(Day, long).label(), windowOf(Month, long).label()
}

// window is one day or one month in decimal digits, YYYYMMDD, where the day of a
// month is 00.
type window int32

func windowOf(per Period, now time.Time) window {
	year, month, day := now.UTC().Date()
	if per == Month {
		day = 0
	}
	return window(year*10000 + int(month)*100 + day) //nolint:gosec // G115: years have four digits
}

func (w window) date() (year, month, day int) {
	return int(w / 10000), int(w / 100 % 100), int(w % 100)
}

func (w window) label() string {
	year, month, day := w.date()
	if day == 0 {
		return fmt.Sprintf("%04d-%02d", year, month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

func (w window) end() time.Time {
	year, month, day := w.date()
	if day == 0 {
		month++
	}
	return time.Date(year, time.Month(month), day+1, 0, 0, 0, 0, time.UTC)
}

// windowNamed returns the window of the label, of a day or a month.
func windowNamed(label string) (window, error) {
	w, err := parseWindow(Day, label)
	if err != nil {
		w, err = parseWindow(Month, label)
	}
	return w, err
}

// parseWindow parses a label of a window of the period.
func parseWindow(per Period, label string) (window, error) {
	layout := time.DateOnly
	if per == Month {
		layout = "2006-01"
	}
	at, err := time.Parse(layout, label)
	return windowOf(per, at), err
}
