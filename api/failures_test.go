package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

const inside = "disk on fire at /var/lib/secret"

var errBroken = errors.New(inside)

// whileHandling fails the calls that are made once the principal is known.
func whileHandling(err error) func(context.Context, string) error {
	return func(ctx context.Context, _ string) error {
		if auth.PrincipalOf(ctx).Authenticated() {
			return err
		}
		return nil
	}
}

func always(err error) func(context.Context, string) error {
	return func(context.Context, string) error { return err }
}

// TestFailingStore asks for everything while the store fails, before the
// principal is known and after: a failure is 500, a store that cannot be
// reached 503, and neither tells anything of the inside.
func TestFailingStore(t *testing.T) {
	t.Parallel()
	broken := errBroken
	gone := fmt.Errorf("%w: %s", errs.Unavailable, inside)
	for _, tt := range []struct {
		name   string
		fails  func(context.Context, string) error
		status int
		code   string
	}{
		{"a store that fails at once", always(broken), 500, "internal_error"},
		{"a store that fails on the way", whileHandling(broken), 500, "internal_error"},
		{"a store that is gone at once", always(gone), 503, "unavailable"},
		{"a store that goes on the way", whileHandling(gone), 503, "unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSuite(t, settings{})
			x, admin := s.tenant(t), s.admin(t)
			atOnce := strings.HasSuffix(tt.name, "at once")
			for _, o := range contract.operations {
				if (o.open() && o.path != "/readyz") || (!atOnce && !storesOnTheWay(o)) {
					continue
				}
				c, status, code := s.good(t, o, x, admin), tt.status, tt.code
				s.store.breakBy(tt.fails)
				if o.path == "/readyz" {
					got := s.send(t, c)
					s.store.breakBy(nil)
					if got.status != 503 || strings.Contains(string(got.body), "fire") {
						t.Errorf("readyz: %d %s", got.status, got.body)
					}
					continue
				}
				p := refused(t, s, status, code, c)
				s.store.breakBy(nil)
				if strings.Contains(mustJSON(t, p), "fire") {
					t.Errorf("%s tells of the inside: %v", o, p)
				}
			}
			if !strings.Contains(s.log.String(), inside) {
				t.Error("the log does not say why")
			}
		})
	}
}

// storesOnTheWay reports whether the operation asks the store once it knows
// who asks.
func storesOnTheWay(o *operation) bool {
	return !o.open() && !slices.Contains([]string{
		"me", "verifyAsked", "apiRoot", "metrics", "getSession",
		"listWebhookEventTypes",
	}, o.OperationID)
}

// TestVerifyWithoutStore: what is not cached cannot be decided, and is never
// guessed.
func TestVerifyWithoutStore(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	x := s.tenant(t)
	s.store.breakBy(always(errBroken))
	refused(t, s, 503, "unavailable", call{method: "GET", path: "/verify", as: byKey(x.secret)})
	refused(t, s, 503, "unavailable", call{method: "POST", path: "/verify", body: map[string]any{"key": x.secret}})
}

// TestFailingAuditLog: a change that leaves no event is not acknowledged.
func TestFailingAuditLog(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	for _, o := range contract.operations {
		if !o.modifies() || actions[o.OperationID] == "" || o.answersFirst() {
			continue
		}
		x := s.removable(t, o)
		c := s.good(t, o, x, s.admin(t))
		s.store.breakBy(func(_ context.Context, call string) error {
			if call == "append event" {
				return errors.New(inside)
			}
			return nil
		})
		if o.speaksOAuth() {
			refusedOAuth(t, s, 500, "server_error", c)
		} else {
			refused(t, s, 500, "internal_error", c)
		}
		s.store.breakBy(nil)
	}
}

// TestFailingStoreAtSignIn: the same where the credential is in the body.
func TestFailingStoreAtSignIn(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	for _, o := range contract.operations {
		if !o.signsIn() || o.answersFirst() {
			continue
		}
		for status, err := range map[int]error{500: errBroken, 503: fmt.Errorf("%w: %s", errs.Unavailable, inside)} {
			c := s.good(t, o, x, nil)
			s.store.breakBy(always(err))
			switch {
			case o.speaksOAuth():
				// A key that is not cached cannot be decided, whatever is wrong; one
				// that is lets a revocation go on until it fails.
				if got := s.send(t, c); got.status != 503 && (o.OperationID != "oauthRevoke" || got.status != status) ||
					strings.Contains(string(got.body), "fire") {
					t.Errorf("%s: %d %s", o, got.status, got.body)
				}
			case status == 500:
				refused(t, s, 500, "internal_error", c)
			default:
				refused(t, s, 503, "unavailable", c)
			}
			s.store.breakBy(nil)
		}
	}
}

// refusedOAuth asks for a refusal of RFC 6749 with the code.
func refusedOAuth(t *testing.T, s *suite, status int, code string, c call) {
	t.Helper()
	out, got := want[map[string]string](t, s, status, c)
	if out["error"] != code || strings.Contains(string(got.body), "fire") {
		t.Errorf("%s %s: %s, want %s", c.method, c.path, got.body, code)
	}
}

// removable is a tenant whose objects can be changed and deleted.
func (s *suite) removable(t *testing.T, o *operation) tenant {
	t.Helper()
	x := s.tenant(t)
	ctx, system := t.Context(), auth.System()
	switch o.OperationID {
	case "deleteOrganization":
		must(t, errors.Join(s.Keys.DeleteKey(ctx, system, x.key, keys.AnyRevision), s.Keys.DeleteAccount(ctx, system, x.account,
			keys.AnyRevision)))
	case "deleteServiceAccount":
		must(t, s.Keys.DeleteKey(ctx, system, x.key, keys.AnyRevision))
	case "continueIncident":
		x.incident = s.interrupted(t, s.now().Add(-time.Hour))
	}
	return x
}

// TestContention: a change that is overtaken again and again is given up.
func TestContention(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin := s.admin(t)
	for _, o := range contract.operations {
		if !o.takes("header", "If-Match") {
			continue
		}
		c := s.good(t, o, s.removable(t, o), admin)
		s.store.breakBy(func(_ context.Context, call string) error {
			if call == "replace" || call == "delete" {
				return errs.New(errs.Stale, "another writer was first")
			}
			return nil
		})
		before := s.objects(t)
		if o.OperationID == "rotateKey" || o.OperationID == "renameScope" { // which take back what they made
			s.store.breakBy(func(_ context.Context, call string) error {
				if call == "replace" {
					return errs.New(errs.Stale, "another writer was first")
				}
				return nil
			})
		}
		refused(t, s, 409, "conflict", c)
		s.store.breakBy(nil)
		if after := s.objects(t); after != before {
			t.Errorf("%s was given up and changed\n%s\nto\n%s", o, before, after)
		}
	}
}

// TestRefusedCallers: callers who may not call from where they are, or guessed too much,
// get that answer from every operation that needs a credential.
func TestRefusedCallers(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{guesses: ratelimit.Rule{Requests: 3, Per: time.Hour, Burst: 3}})
	x := s.tenant(t)
	account := s.account(t, x.organization, keys.AccountFields{Scopes: []string{"latchkey:*"}})
	_, bound := s.issue(t, account, keys.KeyFields{AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}})
	for range 3 {
		refused(t, s, 401, "NOT_FOUND", call{method: "GET", path: "/api/me", as: byKey(unknownKey(t)), from: "203.0.113.66"})
	}
	_, signedIn := s.user(t, auth.Owner, x.organization)
	for _, o := range contract.operations {
		if o.open() {
			continue
		}
		c := s.good(t, o, x, byKey(bound))
		refused(t, s, 403, "IP_NOT_ALLOWED", c)
		guess := s.good(t, o, x, byKey(unknownKey(t)))
		guess.from = "203.0.113.66"
		p, got := want[client.Problem](t, s, 429, guess)
		if p.Code != "RATE_LIMITED" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: a guess too many is %v %v", o, p, got.header)
		}
		s.needsCSRF(t, o, s.good(t, o, x, signedIn))
	}
}

// needsCSRF takes away what proves that the request comes from our own pages.
func (s *suite) needsCSRF(t *testing.T, o *operation, c call) {
	t.Helper()
	if o.method == http.MethodGet {
		return
	}
	as := c.as
	for name, spoil := range map[string]func(*http.Request){
		"without the header": func(r *http.Request) { r.Header.Del(auth.CSRFHeader) },
		"with another token": func(r *http.Request) { r.Header.Set(auth.CSRFHeader, "fedcba9876543210") },
		"without the cookie": func(r *http.Request) {
			kept := slices.DeleteFunc(r.Cookies(), func(c *http.Cookie) bool { return c.Name == auth.CSRFCookie })
			r.Header.Del("Cookie")
			for _, cookie := range kept {
				r.AddCookie(cookie)
			}
		},
		"from another site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		c.as = func(r *http.Request) { as(r); spoil(r) }
		if p := refused(t, s, 403, "csrf_failed", c); p.Detail == "" {
			t.Errorf("%s %s: nothing is said", o, name)
		}
	}
}
