package demo

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/latchkey/latchkey/internal/journal"
	"github.com/latchkey/latchkey/verify"

	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/usage"
)

const (
	hoursKept   = 21 * 24 * time.Hour // by the hour, and before that by the day
	minutesKept = 3 * time.Hour
	batch       = 2000 // pages a write
	touched     = 500  // keys a write
)

// records is what verification would have left behind.
type records struct {
	tallies  []usage.Tally
	refusals map[string][]usage.Refusal
	used     map[string]usage.Use
	month    map[string]int64 // quota by account
}

// usage writes what the keys were used for.
func (f *filler) usage(ctx context.Context) error {
	r := &records{refusals: map[string][]usage.Refusal{}, used: map[string]usage.Use{}, month: map[string]int64{}}
	for i, s := range f.made {
		if s.fate != unused && s.fate != early {
			f.use(r, s, i)
		}
	}
	for _, o := range f.companies {
		f.strangers(r, o.id)
	}
	pages := usage.PagesOf(r.tallies, f.levels)
	for len(pages) > 0 {
		n := min(batch, len(pages))
		if err := f.Store.AddUsage(ctx, pages[:n], journal.Progress{}); err != nil {
			return fmt.Errorf("save usage: %w", err)
		}
		pages = pages[n:]
	}
	if err := f.Store.AddRefusals(ctx, r.refusals); err != nil {
		return fmt.Errorf("save refusals: %w", err)
	}
	return f.touch(ctx, r)
}

// touch notes when keys were last used, and what is used of quotas.
func (f *filler) touch(ctx context.Context, r *records) error {
	part := map[string]usage.Use{}
	left := len(r.used)
	for id, u := range r.used {
		part[id] = u
		if left--; len(part) == touched || left == 0 {
			if err := f.Store.Keys().TouchLastUsed(ctx, part); err != nil {
				return fmt.Errorf("save last uses: %w", err)
			}
			clear(part)
		}
	}
	window, _ := ratelimit.Quota{Requests: 1, Per: ratelimit.Month}.Window(f.now)
	uses := make([]ratelimit.QuotaUse, 0, len(r.month))
	for id, n := range r.month {
		uses = append(uses, ratelimit.QuotaUse{ID: id, Window: window, Used: n})
	}
	if err := f.Store.AddQuotaUse(ctx, uses); err != nil {
		return fmt.Errorf("save quotas: %w", err)
	}
	return nil
}

func (f *filler) levels(at time.Time) []usage.Level {
	switch age := f.now.Sub(at); {
	case age <= minutesKept:
		return []usage.Level{usage.Minutes, usage.Hours, usage.Days}
	case age <= hoursKept:
		return []usage.Level{usage.Hours, usage.Days}
	default:
		return []usage.Level{usage.Days}
	}
}

// use counts one key's verifications, step by step up to now.
func (f *filler) use(r *records, s *story, n int) {
	for at, step := f.begin(s), time.Duration(0); at.Before(f.now); at = at.Add(step) {
		step = 24 * time.Hour
		if age := f.now.Sub(at); age <= minutesKept {
			step = 10 * time.Minute
		} else if age <= hoursKept+24*time.Hour {
			step = time.Hour
		}
		if s.fate == idle && f.now.Sub(at) < 95*24*time.Hour {
			return
		}
		total := s.rate * busy(at, step, n) * (0.7 + 0.6*f.chance.Float64())
		counts := f.outcomes(s, at, total)
		if counts.Total() > 0 {
			f.note(r, s, at, &counts, n)
		}
	}
}

func (f *filler) begin(s *story) time.Time {
	days := Days
	if s.fate == idle {
		days = 130
	}
	first := f.now.AddDate(0, 0, -days)
	if s.CreatedAt.After(first) {
		first = s.CreatedAt
	}
	return first.Truncate(time.Hour).Add(5 * time.Minute)
}

// busy is how many busy hours the step is worth: few at night and on weekends,
// and a little more each week.
func busy(at time.Time, step time.Duration, n int) float64 {
	day := 1.0
	if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
		day = 0.35
	}
	if step >= 24*time.Hour {
		return day * 11
	}
	hour := 0.15 + 0.85*math.Pow(math.Max(0, math.Sin(math.Pi*(float64(at.Hour())-5)/16)), 1.5)
	if n%7 == 3 { // a job that runs at night
		hour = 1.15 - hour
	}
	return day * hour * step.Hours()
}

// outcomes splits the verifications: most are allowed, a few are not.
func (f *filler) outcomes(s *story, at time.Time, total float64) (c usage.Counts) {
	share := func(of float64) uint64 {
		x := total * of
		n := math.Floor(x)
		if f.chance.Float64() < x-n {
			n++
		}
		return uint64(n)
	}
	if !s.ends.IsZero() && !at.Before(s.ends) {
		fades := math.Exp(-at.Sub(s.ends).Hours() / 72)
		c[codeAfter(s.fate).Outcome()] = share(0.25 * fades)
		return c
	}
	c[verify.Valid.Outcome()] = share(0.975)
	c[verify.InsufficientScope.Outcome()] = share(0.006)
	if total > 100 {
		c[verify.RateLimited.Outcome()] = share(0.014)
	}
	if s.fate == bound {
		c[verify.AddressNotAllowed.Outcome()] = share(0.01)
	}
	return c
}

func codeAfter(f fate) verify.Code {
	switch f {
	case expired:
		return verify.Expired
	case disabled:
		return verify.Disabled
	default:
		return verify.Revoked
	}
}

// note adds the counts and what else is kept of them.
func (f *filler) note(r *records, s *story, at time.Time, counts *usage.Counts, n int) {
	t := usage.Tally{
		Subject: usage.Subject{KeyID: s.ID, AccountID: s.ServiceAccountID, OrganizationID: s.OrganizationID},
		At:      at, Counts: *counts,
	}
	allowed := counts[usage.Allowed]
	if allowed > 0 {
		t.Scopes = map[string]uint64{}
		for i, scope := range s.asked {
			t.Scopes[scope] = allowed/uint64(i+1) + 1
		}
		last := at.Add(time.Duration(f.chance.IntN(280)) * time.Second)
		if last.After(f.now) {
			last = f.now
		}
		r.used[s.ID] = usage.Use{At: last, Address: address(n, n%3).String(), UserAgent: agents()[n%len(agents())]}
		if at.Year() == f.now.Year() && at.Month() == f.now.Month() {
			r.month[s.ServiceAccountID] += int64(allowed) //nolint:gosec // G115: small
		}
	}
	r.tallies = append(r.tallies, t)
	for o, count := range counts {
		if count == 0 || usage.Outcome(o) == usage.Allowed || f.now.Sub(at) > 14*24*time.Hour {
			continue
		}
		code := verify.CodeOf(usage.Outcome(o))
		one := usage.Refusal{
			At: at.Add(time.Duration(f.chance.IntN(280)) * time.Second), Outcome: usage.Outcome(o), Address: address(n, 7),
			Detail: detail(s, code), Method: "GET", Path: "/v1/invoices",
		}
		if one.At.Before(f.now) {
			r.refusals[s.ID] = usage.Join(r.refusals[s.ID], []usage.Refusal{one})
		}
	}
}

func address(n, host int) netip.Addr {
	nets := [...]byte{203, 198, 192}
	middle := [...][2]byte{{0, 113}, {51, 100}, {0, 2}}
	return netip.AddrFrom4([4]byte{nets[n%3], middle[n%3][0], middle[n%3][1], byte(9 + (n*13+host)%200)}) //nolint:gosec // G115: below 209
}

func detail(s *story, code verify.Code) string {
	switch code {
	case verify.InsufficientScope:
		return "the key lacks payments:refund"
	case verify.RateLimited:
		return "the key is over its rate limit"
	case verify.AddressNotAllowed:
		return "the address is not in an allowed network"
	case verify.Expired:
		return "the key expired at " + s.ends.Format(time.RFC3339)
	case verify.Disabled:
		return "the key is disabled"
	default:
		return "the key was revoked at " + s.ends.Format(time.RFC3339)
	}
}

// strangers are verifications of keys that nobody knows.
func (f *filler) strangers(r *records, organization string) {
	for day := range Days {
		for hour := range 24 {
			at := f.now.AddDate(0, 0, -day).Truncate(24 * time.Hour).Add(time.Duration(hour) * time.Hour)
			var c usage.Counts
			c[verify.Malformed.Outcome()] = uint64(f.chance.IntN(3)) //nolint:gosec // G115: small
			c[verify.NotFound.Outcome()] = uint64(f.chance.IntN(4))  //nolint:gosec // G115: small
			if at.Before(f.now) && c.Total() > 0 {
				r.tallies = append(r.tallies, usage.Tally{Subject: usage.Subject{OrganizationID: organization}, At: at, Counts: c})
			}
		}
	}
}
