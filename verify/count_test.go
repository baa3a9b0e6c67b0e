package verify_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
	"github.com/latchkey/latchkey/verify"
)

// The numbers are stored: they are these for ever.
func TestCodesKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	numbers := map[verify.Code]usage.Outcome{
		verify.Valid: 0, verify.Malformed: 1, verify.NotFound: 2, verify.Revoked: 3, verify.Expired: 4, verify.NotYetValid: 5, verify.Disabled: 6,
		verify.AddressNotAllowed: 7, verify.InsufficientScope: 8, verify.RateLimited: 9, verify.QuotaExceeded: 10, verify.Missing: 11,
		verify.PlainHTTP: 12,
	}
	for _, code := range verify.Codes() {
		if got := code.Outcome(); got != numbers[code] || verify.CodeOf(got) != code || got >= usage.MaxOutcomes {
			t.Errorf("%s is number %d, which is %s", code, got, verify.CodeOf(got))
		}
	}
	if verify.CodeOf(usage.MaxOutcomes-1) != "" {
		t.Error("a number of nothing is a code")
	}
	if verify.Valid.Outcome() != usage.Allowed {
		t.Error("VALID is not what lets in")
	}
}

// saved is what the world's meter counted of the kind, by owner and code.
func saved(w *keystest.World, kind usage.Kind) map[string]uint64 {
	w.T.Helper()
	r, err := usage.NewRecorder(usage.RecorderConfig{
		Store: w.Store, Meter: w.Meter, Logger: slog.New(slog.DiscardHandler), Now: w.Now,
		Retention: usage.Retention{Minutes: 48 * time.Hour, Hours: 48 * time.Hour, Days: 48 * time.Hour},
	})
	w.Must(err)
	w.Must(r.Close(w.T.Context()))
	level := usage.Hours
	if kind == usage.OfScope {
		level = usage.Days
	}
	pages, err := w.Store.Usage(w.T.Context(), usage.PageFilter{Kind: kind, Level: level, Until: w.Now().Add(time.Hour)}, 1000)
	w.Must(err)
	sums := map[string]uint64{}
	for _, p := range pages {
		for cell, n := range p.Cells {
			sums[p.Owner()+" "+string(verify.CodeOf(usage.Outcome(cell%usage.MaxOutcomes)))] += n
		}
	}
	return sums
}

// Every verification counts once, also of a grant that was loaded anew and of
// keys of which nothing is known. A dry run counts nothing.
func TestEveryVerificationCounts(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	k, text := w.Issue(keys.KeyFields{})
	for range 3 {
		w.Want(text, verify.Valid)
	}
	w.Verify(verify.Question{Key: text, Cost: 1, Fresh: true, Scopes: []string{"invoices:read", "invoices:write"}})
	w.Verify(verify.Question{Key: text, Cost: 1, Unmetered: true})
	w.Verify(verify.Question{Key: text, Cost: 1, DryRun: true, Scopes: []string{"users:read"}})
	w.Verify(verify.Question{Key: text, Cost: 1, Scopes: []string{"invoices:read", "users:read"}})
	w.Verify(verify.Question{Key: text, Cost: verify.MaxCost})
	w.Want("lk_live_rubbish", verify.Malformed)
	w.Want(keystest.Format(t).New(keys.Live).Reveal(), verify.NotFound)
	w.Verify(verify.Question{Key: "lk_live_rubbish", DryRun: true})
	_, _, err := w.Service.Revoke(t.Context(), w.Admin, k.ID, keys.AnyRevision, keys.ReasonLeaked, "")
	w.Must(err)
	w.Want(text, verify.Revoked)

	own := map[string]uint64{" VALID": 5, " INSUFFICIENT_SCOPE": 1, " RATE_LIMITED": 1, " REVOKED": 1}
	for kind, owner := range map[usage.Kind]string{
		usage.OfKey: k.ID, usage.OfAccount: w.Account.ID, usage.OfOrganization: keys.FirstOrganization,
	} {
		want := map[string]uint64{}
		for code, n := range own {
			want[owner+code] = n
		}
		if kind == usage.OfOrganization {
			want[" MALFORMED"], want[" NOT_FOUND"] = 1, 1 // nobody in particular asked
		}
		if diff := cmp.Diff(want, saved(w, kind)); diff != "" {
			t.Errorf("kind %d (-want +got):\n%s", kind, diff)
		}
	}
	if diff := cmp.Diff(map[string]uint64{k.ID + " invoices:* VALID": 2}, saved(w, usage.OfScope)); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
	last, err := w.Store.Refusals(t.Context(), k.ID)
	if w.Must(err); len(last) != 3 {
		t.Errorf("%d refusals are remembered: %+v", len(last), last)
	}
}

// Unknown keys count for the organization of who asks.
func TestUnknownKeysCountForWhoAsks(t *testing.T) {
	t.Parallel()
	w := keystest.NewWorld(t)
	_, text := w.Issue(keys.KeyFields{})
	of := func(in ...string) keys.Actor { return asker{Actor: w.Admin, in: in} }
	w.Verify(verify.Question{Key: "lk_live_rubbish", Asker: of("org_a")})
	w.Verify(verify.Question{Key: text, Asker: of("org_a")}) // which may not see it
	w.Verify(verify.Question{Key: "lk_live_rubbish", Asker: of("org_a", "org_b")})
	w.Verify(verify.Question{Key: "lk_live_rubbish", Asker: w.Admin})
	want := map[string]uint64{"org_a MALFORMED": 1, "org_a NOT_FOUND": 1, " MALFORMED": 2}
	if diff := cmp.Diff(want, saved(w, usage.OfOrganization)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := saved(w, usage.OfKey); len(got) != 0 {
		t.Errorf("a key that was hidden from who asked has %v", got)
	}
}

// asker may verify keys in some organizations.
type asker struct {
	keys.Actor
	in []string
}

func (a asker) May(_ keys.Action, organizationID string) bool {
	for _, id := range a.in {
		if id == organizationID {
			return true
		}
	}
	return false
}

func (a asker) Organizations(keys.Action) []string { return a.in }
