package leaks_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/internal/seal"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
	"github.com/latchkey/latchkey/verify"
)

func TestALeakedKeyIsRevokedAndItsPeopleAreTold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	k, text := d.Issue(keys.KeyFields{})
	d.Want(text, verify.Valid)
	d.report(leaks.Anonymous, text, text, unknownKey(t), "no key at all")
	d.Want(text, verify.Revoked)
	if got := d.key(k.ID); got.RevokeReason != keys.ReasonLeaked {
		t.Errorf("the reason is %q", got.RevokeReason)
	}
	all := d.leaks()
	if len(all) != 1 || all[0].Unknown != 2 || len(all[0].Keys) != 1 || all[0].Keys[0].Outcome != leaks.Revoked || all[0].Note != "seen" ||
		all[0].Keys[0].URL != "https://example.com/paste" || all[0].Address != reporter {
		t.Errorf("the staff see %+v", all)
	}
	if got := d.posted(); !slices.Equal(got, []string{"leaked owner@example.com"}) {
		t.Errorf("mails: %q", got)
	}
	if len(d.guesses) != 2 || d.guesses[0] != reporter {
		t.Errorf("charged for guesses: %v", d.guesses)
	}
	if left := d.waiting(); len(left) != 0 {
		t.Errorf("the queue still has %d", len(left))
	}
	d.told(k.ID, "key.leaked", "key.revoke")
	exposed, err := d.service.Exposures(t.Context(), d.Admin, k.ID)
	if err != nil || len(exposed) != 1 || exposed[0].Way != leaks.ByLeak || exposed[0].Source != leaks.Anonymous {
		t.Errorf("exposures: %+v, %v", exposed, err)
	}
}

// told checks that the audit log has the actions about the object, and nothing that the
// reporter typed.
func (d *desk) told(id string, actions ...string) {
	d.T.Helper()
	events, err := d.Store.Events(d.T.Context(), audit.Filter{ObjectID: id}, "", 100)
	d.Must(err)
	text, err := json.Marshal(events)
	d.Must(err)
	if strings.Contains(string(text), "paste") || strings.Contains(string(text), "seen") || strings.Contains(string(text), reporter.String()) {
		d.T.Errorf("the audit log has what the reporter typed: %s", text)
	}
	for _, action := range actions {
		if !slices.ContainsFunc(events, func(e audit.Event) bool { return e.Action == action }) {
			d.T.Errorf("the audit log lacks %s", action)
		}
	}
}

func TestTheTierSaysWhatHappens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy  keys.LeakPolicy
		outcome leaks.Outcome
		code    verify.Code
	}{
		{keys.LeakRevoke, leaks.Revoked, verify.Revoked},
		{keys.LeakDisable, leaks.Disabled, verify.Disabled},
		{keys.LeakTell, leaks.Told, verify.Valid},
	} {
		t.Run(tt.policy.String(), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.policy(tt.policy)
			_, text := d.Issue(keys.KeyFields{})
			d.report(leaks.GitHub, text)
			d.Want(text, tt.code)
			if all := d.leaks(); len(all) != 1 || all[0].Keys[0].Outcome != tt.outcome {
				t.Errorf("the staff see %+v", all)
			}
			if got := d.posted(); !slices.Equal(got, []string{"leaked owner@example.com"}) {
				t.Errorf("mails: %q", got)
			}
			d.Advance(time.Minute)
			d.report(leaks.GitHub, text)
			if got := d.posted(); len(got) != 0 {
				t.Errorf("the same report again sends %q", got)
			}
			if all := d.leaks(); len(all) != 1 {
				t.Errorf("the same report again is %d leaks", len(all))
			}
			d.Advance(2 * day)
			d.report(leaks.GitHub, text)
			if got := d.posted(); len(got) != 0 != (tt.policy == keys.LeakTell) {
				t.Errorf("days later: %q", got)
			}
		})
	}
}

func TestAnAnonymousReportNeverRevokesAProviderWideKey(t *testing.T) {
	t.Parallel()
	for _, scope := range []keys.Action{keys.VerifyAllKeys, keys.EdgeAllKeys, keys.ReadMetrics} {
		d := newDesk(t)
		account, err := d.Service.CreateAccount(t.Context(), d.Admin, "", keys.FirstOrganization, keys.AccountFields{
			Name: "gateway", Scopes: []string{string(scope)},
		})
		d.Must(err)
		d.Account = account
		_, text := d.Issue(keys.KeyFields{})
		d.report(leaks.Anonymous, text)
		d.Want(text, verify.Valid)
		if got := d.posted(); !slices.Contains(got, "leakedstaff staff@example.com") {
			t.Errorf("%s: the staff were not told: %q", scope, got)
		}
		d.Advance(time.Second)
		d.report(leaks.Partner, text)
		d.Want(text, verify.Revoked)
	}
}

func TestNothingIsLookedUpBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, text := d.Issue(keys.KeyFields{})
	begin := d.accept(leaks.Anonymous, text)
	if d.finder.count() != 0 || len(d.guesses) != 0 {
		t.Error("looked up before the answer")
	}
	stored, err := json.Marshal(d.waiting())
	d.Must(err)
	if strings.Contains(string(stored), text) || strings.Contains(string(stored), text[len(text)-20:]) || len(d.waiting()) != 1 {
		t.Errorf("the queue has %s", stored)
	}
	begin()
	d.Must(d.service.Settle(t.Context()))
	d.Want(text, verify.Revoked)
}

// TestAReportSurvivesItsNode: the node that accepted it dies before it begins.
func TestAReportSurvivesItsNode(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, text := d.Issue(keys.KeyFields{})
	d.accept(leaks.Anonymous, text)
	other := d.node()
	n, err := other.Sweep(t.Context())
	if err != nil || n != 0 {
		t.Errorf("taken up while its node may be at it: %d, %v", n, err)
	}
	d.Advance(20 * time.Second)
	if n, err = other.Sweep(t.Context()); err != nil || n != 1 {
		t.Errorf("taken up: %d, %v", n, err)
	}
	d.Want(text, verify.Revoked)
	if n, err = d.node().Sweep(t.Context()); err != nil || n != 0 || len(d.waiting()) != 0 {
		t.Errorf("worked off twice: %d, %v", n, err)
	}
}

func TestAStoreThatIsGoneAmidAReportLosesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, text := d.Issue(keys.KeyFields{})
	d.store.fail(true)
	d.report(leaks.Anonymous, text)
	d.Want(text, verify.Valid)
	if len(d.waiting()) != 1 {
		t.Fatal("the report is lost")
	}
	d.store.fail(false)
	d.Advance(time.Minute)
	if n, err := d.service.Sweep(t.Context()); err != nil || n != 1 {
		t.Errorf("tried %d, %v", n, err)
	}
	d.Want(text, verify.Revoked)
	if got := d.posted(); !slices.Equal(got, []string{"leaked owner@example.com"}) {
		t.Errorf("mails: %q", got)
	}
}

// TestAnInterruptedReportIsToldOf: the node dies after it revoked the key and before it
// wrote that down.
func TestAnInterruptedReportIsToldOf(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	k, text := d.Issue(keys.KeyFields{})
	d.accept(leaks.Anonymous, text)
	_, _, err := d.Service.Revoke(t.Context(), d.Admin, k.ID, keys.AnyRevision, keys.ReasonLeaked, "Report "+d.waiting()[0].ID)
	d.Must(err)
	d.Advance(time.Minute)
	if _, err := d.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := d.leaks(); len(all) != 1 || all[0].Keys[0].Outcome != leaks.Revoked || len(d.posted()) != 1 {
		t.Errorf("the staff see %+v", all)
	}
}

func TestBadReportsAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	many := make([]leaks.Find, leaks.MaxKeys+1)
	for i := range many {
		many[i].Text = "k"
	}
	for name, s := range map[string]leaks.Sighting{
		"no keys": {}, "too many": {Finds: many}, "too long": {Finds: []leaks.Find{{Text: strings.Repeat("k", leaks.MaxText+1)}}},
		"no UTF-8":  {Finds: []leaks.Find{{Text: "\xff"}}},
		"long URL":  {Finds: []leaks.Find{{Text: "k", URL: strings.Repeat("u", leaks.MaxURL+1)}}},
		"long note": {Finds: []leaks.Find{{Text: "k"}}, Note: strings.Repeat("n", leaks.MaxNote+1)},
	} {
		if _, err := d.service.Accept(t.Context(), s); !errors.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(d.waiting()) != 0 {
		t.Error("a refused report was stored")
	}
}

func TestWhatStrangersTypeIsNormalized(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, text := d.Issue(keys.KeyFields{})
	begin, err := d.service.Accept(t.Context(), leaks.Sighting{
		Source: leaks.Anonymous, Finds: []leaks.Find{{Text: " " + text + "\n", URL: "a\u202eb\r\nc"}}, Note: " e\u0301\a ",
	})
	d.Must(err)
	begin()
	d.Must(d.service.Settle(t.Context()))
	if all := d.leaks(); len(all) != 1 || all[0].Keys[0].URL != "ab c" || all[0].Note != "é" {
		t.Errorf("%+v", all)
	}
}

func TestTooManyReportsAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var began []func()
	for range 64 {
		began = append(began, d.accept(leaks.Partner, unknownKey(t)))
	}
	_, err := d.service.Accept(t.Context(), leaks.Sighting{Source: leaks.Partner, Finds: []leaks.Find{{Text: "k"}}})
	if !errors.Is(err, errs.Unavailable) {
		t.Errorf("one too many: %v", err)
	}
	for _, begin := range began {
		begin()
	}
	d.Must(d.service.Settle(t.Context()))
	d.report(leaks.Partner, unknownKey(t))
}

func TestTheHolderRevokesTheirKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	k, text := d.Issue(keys.KeyFields{})
	for range 2 { // repeating it changes nothing
		d.Must(d.service.RevokeHeld(t.Context(), reporter, text))
	}
	d.Want(text, verify.Revoked)
	if got := d.key(k.ID); got.RevokeReason != keys.ReasonHolder {
		t.Errorf("the reason is %q", got.RevokeReason)
	}
	if got := d.posted(); !slices.Equal(got, []string{"leaked owner@example.com"}) || len(d.guesses) != 0 {
		t.Errorf("mails: %q, guesses %v", got, d.guesses)
	}
	d.Must(d.service.RevokeHeld(t.Context(), reporter, unknownKey(t)))
	if len(d.guesses) != 1 {
		t.Errorf("an unknown key is %d guesses", len(d.guesses))
	}
	if err := d.service.RevokeHeld(t.Context(), reporter, text[:len(text)-1]); !errors.Is(err, errs.Invalid) {
		t.Errorf("part of a key: %v", err)
	}
}

func TestAKeyWithoutTLSIsRecordedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	k, _ := d.Issue(keys.KeyFields{})
	other := d.node()
	for range 100 {
		d.service.ArrivedPlain(k.ID)
		other.ArrivedPlain(k.ID)
	}
	exposed := func() []leaks.Exposure {
		all, err := d.service.Exposures(t.Context(), d.Admin, k.ID)
		d.Must(err)
		return all
	}
	<-d.posts // the last step
	d.service.Close()
	other.Close()
	if got := d.posted(); !slices.Equal(got, []string{"plain owner@example.com"}) || exposed()[0].Way != leaks.ByHTTP {
		t.Errorf("mails %q, exposures %+v", got, exposed())
	}
	d.told(k.ID, "key.exposed")
}

func TestOthersSeeNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	k, text := d.Issue(keys.KeyFields{})
	d.report(leaks.Anonymous, text)
	stranger := keystest.Member("org_other", "owner")
	if _, err := d.service.List(t.Context(), stranger, keys.Page{Limit: 1}); !errors.Is(err, errs.Forbidden) {
		t.Errorf("a stranger lists leaks: %v", err)
	}
	if _, err := d.service.Exposures(t.Context(), stranger, k.ID); !errors.Is(err, errs.NotFound) {
		t.Errorf("a stranger sees exposures: %v", err)
	}
}

func TestWhatIsPastIsRemoved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	k, text := d.Issue(keys.KeyFields{})
	d.report(leaks.Anonymous, text)
	var exported []any
	n, err := d.service.Forget(t.Context(), time.Now().Add(time.Hour), func(one any) error { exported = append(exported, one); return nil })
	if err != nil || n != 1 || len(exported) != 1 || len(d.leaks()) != 0 {
		t.Errorf("forgot %d, %v", n, err)
	}
	next, err := d.service.Clean(t.Context(), "")
	if err != nil || next != "" {
		t.Errorf("%q, %v", next, err)
	}
	all, err := d.Store.Exposures().List(t.Context(), keys.NoFilter{}, keys.Page{Limit: 10})
	if err != nil || len(all) != 1 {
		t.Errorf("the exposure of a stored key is removed: %v", err)
	}
	d.Must(d.Service.DeleteKey(t.Context(), d.Admin, k.ID, keys.AnyRevision))
	if _, err := d.service.Clean(t.Context(), ""); err != nil {
		t.Error(err)
	}
	if all, err = d.Store.Exposures().List(t.Context(), keys.NoFilter{}, keys.Page{Limit: 10}); err != nil || len(all) != 0 {
		t.Errorf("left of a deleted key: %+v, %v", all, err)
	}
}

// TestGuessesAreRefusedBeforeAnythingIsStored: an address that tried too many unknown
// keys reports none.
func TestGuessesAreRefusedBeforeAnythingIsStored(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	limited := &limitedGuesses{}
	d.service.Guesses = limited
	_, err := d.service.Accept(t.Context(), leaks.Sighting{Source: leaks.Anonymous, Address: reporter, Finds: []leaks.Find{{Text: "k"}}})
	if !errors.Is(err, errs.Limited) || len(d.waiting()) != 0 {
		t.Errorf("%v, %d wait", err, len(d.waiting()))
	}
}

type limitedGuesses struct{}

func (*limitedGuesses) MayGuess(context.Context, netip.Addr, keys.Hash) error {
	return errs.New(errs.Limited, "too_many_unknown")
}

func (*limitedGuesses) Guessed(context.Context, netip.Addr, keys.Hash) error { return nil }

// TestWaitingReportsAreSealedAnew under a new secret, and can still be worked off.
func TestWaitingReportsAreSealedAnew(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, text := d.Issue(keys.KeyFields{})
	d.accept(leaks.Anonymous, text)
	sealer, err := seal.New([]byte(strings.Repeat("n", seal.MinSecret)), []byte(strings.Repeat("s", seal.MinSecret)))
	d.Must(err)
	for _, want := range []struct {
		write bool
		n     int
	}{{false, 1}, {true, 1}, {true, 0}} {
		if n, err := leaks.Reseal(t.Context(), d.store, sealer, d.Now, want.write); err != nil || n != want.n {
			t.Errorf("sealed %d anew, %v", n, err)
		}
	}
	d.Advance(time.Minute)
	d.service.Sealer = sealer
	if _, err := d.service.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	d.Want(text, verify.Revoked)
}
