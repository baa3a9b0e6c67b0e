package web_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// TestAFormSentTwiceMakesOneThing: also at the same moment. One answer shows the
// secret, the others say why they do not.
func TestAFormSentTwiceMakesOneThing(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	s.tiers()
	account, old, _ := s.issued(s.organization, "sync")
	ada := s.user("ada@example.com", auth.Owner)
	v := s.signedIn(ada)
	for _, tt := range []struct {
		name, path string
		fields     url.Values
		count      func() int
		want       int
		secret     string
	}{
		{"issue", "/service-accounts/" + account.ID + "/keys/new", url.Values{
			"name": {"new"}, "environment": {"live"}, "narrowed": {"no"},
			"expiry": {"30"}, "once": {"a"},
		}, func() int {
			found, err := s.Keys.Keys(t.Context(), auth.System(), keys.KeyQuery{ServiceAccountID: account.ID}, keys.Page{Limit: 50})
			s.must(err)
			return len(found)
		}, 2, "lk_live_"},
		{"rotate", "/keys/" + old.ID + "/rotate", url.Values{"grace": {"24h"}, "once": {"b"}}, func() int {
			found, err := s.Keys.Keys(t.Context(), auth.System(), keys.KeyQuery{ServiceAccountID: account.ID}, keys.Page{Limit: 50})
			s.must(err)
			return len(found)
		}, 3, "lk_live_"},
		{"token", "/me/tokens", url.Values{"token_name": {"laptop"}, "days": {"30"}, "once": {"c"}}, func() int {
			found, err := s.People.Tokens.List(t.Context(), s.as(ada), keys.Page{Limit: 50})
			s.must(err)
			return len(found)
		}, 1, "lk_user_"},
	} {
		fields := tt.fields
		fields.Set(auth.CSRFField, v.cookie(auth.CSRFCookie))
		var sent sync.WaitGroup
		var mu sync.Mutex
		shown, others := 0, 0
		for range 4 {
			sent.Go(func() {
				p := v.bare(tt.path, fields)
				mu.Lock()
				defer mu.Unlock()
				_, after, found := strings.Cut(p.body, `id="secret" data-secret>`)
				switch {
				case found && strings.HasPrefix(after, tt.secret):
					shown++
				case p.status == 200 && strings.Contains(p.body, "was submitted twice"):
					others++
					if strings.Contains(p.body, "I copied it") {
						t.Errorf("%s: a page without the secret has it copied", tt.name)
					}
				default:
					t.Errorf("%s: %d %s", tt.name, p.status, text(p.body))
				}
			})
		}
		sent.Wait()
		if n := tt.count(); n != tt.want || shown != 1 || others != 3 {
			t.Errorf("%s: there are %d, want %d; %d showed the secret, %d did not", tt.name, n, tt.want, shown, others)
		}
	}
	v.sees(v.post("/me/tokens", url.Values{"token_name": {"x"}, "days": {"30"}}), 400, "incomplete")
}
