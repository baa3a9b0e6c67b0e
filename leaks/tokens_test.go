package leaks_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/keystest"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/leaks"
)

// userToken creates a token for the user.
func (d *desk) userToken(userID string, expires time.Time) (id, text string) {
	d.T.Helper()
	u, err := d.Store.Users().Get(d.T.Context(), userID)
	d.Must(err)
	who, err := d.people.Users.Principal(d.T.Context(), u)
	d.Must(err)
	t, secret, err := d.people.Tokens.Create(d.T.Context(), who, keystest.Format(d.T), auth.TokenFields{Name: "laptop", ExpiresAt: expires})
	d.Must(err)
	return t.ID, secret.Reveal()
}

func (d *desk) stands(id string) bool {
	d.T.Helper()
	_, err := d.Store.Tokens().Get(d.T.Context(), id)
	if err != nil && !errors.Is(err, errs.NotFound) {
		d.T.Fatal(err)
	}
	return err == nil
}

// TestALeakedTokenOfAUserEndsAtOnce, whoever reports it, and its user is told.
func TestALeakedTokenOfAUserEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, source := range []leaks.Source{leaks.Anonymous, leaks.GitHub, leaks.GitLab, leaks.Partner} {
		d := newDesk(t)
		d.policy(keys.LeakTell) // of keys
		id, text := d.userToken("usr_dev", time.Time{})
		other, _ := d.userToken("usr_dev", time.Time{})
		_, key := d.Issue(keys.KeyFields{})
		d.report(source, text, text, key, keystest.Format(t).NewToken().Reveal())
		if d.stands(id) || !d.stands(other) {
			t.Errorf("%s: the token stands: %t, another one: %t", source, d.stands(id), d.stands(other))
		}
		got := d.posted()
		slices.Sort(got)
		if want := []string{"leaked owner@example.com", "leakedtoken dev@example.com"}; !slices.Equal(got, want) {
			t.Errorf("%s: mails %q", source, got)
		}
		all := d.leaks()
		if len(all) != 1 || len(all[0].Keys) != 2 || all[0].Unknown != 1 {
			t.Fatalf("%s: the staff see %+v", source, all)
		}
		k := all[0].Keys[0]
		want := leaks.Key{
			Kind: leaks.UserToken, UserID: "usr_dev", ID: id, Name: "laptop", Start: text[:12], Last4: text[len(text)-4:],
			URL: "https://example.com/paste", Outcome: leaks.Revoked, At: k.At,
		}
		if k != want || k.At.IsZero() {
			t.Errorf("%s: the staff see %+v", source, k)
		}
		d.told(id, "token.leaked", "token.delete")
		d.Advance(time.Minute)
		d.report(source, text) // there is no such token any more
		if got := d.posted(); len(got) != 0 || len(d.leaks()) != 1 {
			t.Errorf("%s: reported again: %q, %d leaks", source, got, len(d.leaks()))
		}
	}
}

// TestAnExpiredTokenChangesNothing, and is no guess.
func TestAnExpiredTokenChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, text := d.userToken("usr_dev", d.Now().Add(time.Hour))
	d.Advance(2 * time.Hour)
	d.report(leaks.Anonymous, text)
	if got := d.posted(); len(got) != 0 || len(d.leaks()) != 0 || len(d.guesses) != 0 {
		t.Errorf("mails %q, %d leaks, %d guesses", got, len(d.leaks()), len(d.guesses))
	}
	finds := []leaks.Find{{Text: text}, {Text: strings.Replace(text, "_user_", "_live_", 1)}}
	if known, err := d.service.Labels(t.Context(), finds); err != nil || !slices.Equal(known, []bool{true, false}) {
		t.Errorf("labels %v, %v", known, err)
	}
}

// TestATokenIsStoredBeforeItEnds: if the node dies in between, the next one ends it and
// tells its user.
func TestATokenIsStoredBeforeItEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id, text := d.userToken("usr_dev", time.Time{})
	d.ends.fail(true)
	d.report(leaks.Anonymous, text)
	if !d.stands(id) || len(d.leaks()) != 1 || len(d.posted()) != 0 || len(d.waiting()) != 1 {
		t.Fatalf("it stands: %t, %d leaks, %d reports wait", d.stands(id), len(d.leaks()), len(d.waiting()))
	}
	d.ends.fail(false)
	d.Advance(time.Minute)
	if n, err := d.node().Sweep(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d reports were taken up, %v", n, err)
	}
	if got := d.posted(); d.stands(id) || !slices.Equal(got, []string{"leakedtoken dev@example.com"}) || len(d.waiting()) != 0 {
		t.Errorf("it stands: %t, mails %q, %d reports wait", d.stands(id), got, len(d.waiting()))
	}
}
