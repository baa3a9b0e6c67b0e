package api_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// actor is somebody who acts by one scheme: a user who owns the tenants that they
// is asked about, or a service account with the scope of the operation.
type actor struct {
	s      *suite
	scheme string
	user   auth.User // but for service accounts
	owns   string    // the organization that they last became owner of
	pair   auth.Pair
}

// schemes are the ways to act beside those of the walk, with the column of it
// that answers must be as in.
var schemes = map[string]string{
	"token": "owner", "jwt": "owner", "basic": "owner", "oauth": "scoped", "api-key": "scoped",
	"narrowed": "bare", // a token for nothing of the management, of a key that has it
}

func (a *actor) about(t *testing.T, x tenant, scope string) credential {
	t.Helper()
	if a.user.ID != "" && a.owns != x.organization {
		a.owns = x.organization
		_, err := a.s.People.Members.Add(t.Context(), auth.System(), x.organization, a.user.ID, auth.Owner)
		must(t, err)
	}
	switch a.scheme {
	case "token":
		return byToken(a.s.opaque(t, a.user))
	case "jwt":
		var err error
		if a.pair, err = a.s.JWT.Refresh(t.Context(), a.pair.Refresh); err != nil { // the session has ended
			a.pair = a.s.pair(t, a.user)
		}
		return byBearer(a.pair.Access)
	case "basic":
		return byBasic(a.user.Username, password)
	}
	account := a.s.account(t, x.organization, keys.AccountFields{Scopes: []string{scope, "invoices:read"}})
	_, secret := a.s.issue(t, account, keys.KeyFields{Scopes: []string{scope, "invoices:read"}})
	switch a.scheme {
	case "oauth":
		return byBearer(a.s.accessToken(t, account, secret, ""))
	case "narrowed":
		return byBearer(a.s.accessToken(t, account, secret, "invoices:read"))
	default:
		return func(r *http.Request) { r.Header.Set("Authorization", "Api-Key "+secret) }
	}
}

// TestPermissionsByEveryScheme: what somebody may do does not depend on how they
// is found. The walk of every operation is answered the same by every scheme.
func TestPermissionsByEveryScheme(t *testing.T) {
	t.Parallel()
	for scheme, as := range schemes {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			s := newSuite(t, settings{})
			who := &actor{s: s, scheme: scheme}
			if as == "owner" {
				who.user = s.withPassword(t)
			}
			column := slices.Index(strings.Fields(kinds), as)
			own, foreign := s.tenant(t), s.tenant(t)
			made := map[string]credential{}
			for _, o := range contract.operations {
				switch {
				case o.speaksOAuth(): // there clients prove themselves another way
					continue
				case slices.Contains([]string{"changePassword", "enableOTP", "disableOTP"}, o.OperationID): // depends on what they did before
					continue
				case scheme == "basic" && o.method != http.MethodGet: // hashing takes long
					continue
				}
				scope, ownRow, foreignRow := expected(t, o)
				as := made[scope+own.organization]
				if as == nil {
					as = who.about(t, own, scope)
					made[scope+own.organization] = as
				}
				status := ownRow[column]
				if slices.Contains([]string{"signOut", "getSession", "confirmSession"}, o.OperationID) {
					status = "409" // there is no session
				}
				own = s.step(t, o, own, as, "own", status)
				if foreignRow[0] != "-" {
					foreign = s.step(t, o, foreign, as, "foreign", foreignRow[column])
				}
			}
		})
	}
}

// TestThrottledCallersAreToldWhenToGoOn, in the words of the draft and in those
// of everybody before it.
func TestThrottledCallersAreToldWhenToGoOn(t *testing.T) {
	t.Parallel()
	rule := ratelimit.Rule{Requests: 2, Per: time.Minute, Burst: 2}
	s := newSuite(t, settings{throttles: throttles(rule, rule, rule, rule, nil)})
	c := call{method: "GET", path: "/api/tiers", as: byToken(s.opaque(t, s.withPassword(t)))}
	for range 2 {
		want[client.List[client.Tier]](t, s, 200, c)
	}
	p, got := want[client.Problem](t, s, 429, c)
	told := map[string]string{
		"Retry-After": "30", "RateLimit-Policy": `"user";q=2;w=60`, "RateLimit": `"user";r=0;t=60`,
		"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60",
	}
	for name, value := range told {
		if values := valuesOf(got.header, name); len(values) != 1 || values[0] != value {
			t.Errorf("%s is %q, want %q", name, values, value)
		}
	}
	if p.Code != "throttled" || !strings.Contains(p.Detail, "user") {
		t.Errorf("the problem is %+v", p)
	}
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	must(t, err)
	s.advance(time.Duration(wait) * time.Second)
	want[client.List[client.Tier]](t, s, 200, c)
}

// TestWhatCountsAgainstWhom: wrong credentials against the address, whatever
// they were; a user's schemes against the user; keys against their account.
func TestWhatCountsAgainstWhom(t *testing.T) {
	t.Parallel()
	one := func(n int64) ratelimit.Rule { return ratelimit.Rule{Requests: n, Per: time.Hour, Burst: n} }
	s := newSuite(t, settings{throttles: throttles(one(6), one(3), one(100), one(2), nil)})
	u := s.withPassword(t)
	pair, opaque, session := s.pair(t, u), s.opaque(t, u), s.session(t, u.ID)
	me := func(as credential, from string) int {
		return s.send(t, call{method: "GET", path: "/api/me", as: as, from: from}).status
	}
	const guesser = "203.0.113.66"
	for name, as := range map[string]credential{
		"key": byKey(unknownKey(t)), "token": byToken(s.format.NewToken().Reveal()), "jwt": byBearer(pair.Refresh),
		"basic": byBasic(u.Email, "wrong horse battery"), "no session": byCookies(map[string]*http.Cookie{
			"sessionid": {Name: "sessionid", Value: "none"},
		}, false), "nothing": anonymous,
	} {
		if got := me(as, guesser); got != 401 {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := me(byToken(s.format.NewToken().Reveal()), guesser); got != 429 {
		t.Errorf("a guess too many: %d", got)
	}
	for name, as := range map[string]credential{"session": session, "token": byToken(opaque), "jwt": byBearer(pair.Access)} {
		if got := me(as, guesser); got != 200 { // the address is not the user
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := me(byToken(opaque), peer); got != 429 {
		t.Errorf("the user from another address, by another scheme: %d", got)
	}
	x := s.tenant(t)
	_, first := s.issue(t, x.account, keys.KeyFields{})
	_, second := s.issue(t, x.account, keys.KeyFields{})
	for i, tt := range []struct {
		key    string
		status int
	}{{first, 200}, {second, 200}, {first, 429}} {
		if got := me(byKey(tt.key), peer); got != tt.status {
			t.Errorf("key %d of the account: %d, want %d", i, got, tt.status)
		}
	}
	if got := s.send(t, call{method: "GET", path: "/verify", as: byKey(first)}); got.status != 200 {
		t.Errorf("the provider's API is throttled, too: %d", got.status)
	}
}
