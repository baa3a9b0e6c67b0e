package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/edge"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// edgeOf returns an edge that the suite feeds, with a key of the organization that has the
// scope.
func (s *suite) edgeOf(t *testing.T, organization, scope string) (_ *edge.Edge, _ *httptest.Server, account string) {
	t.Helper()
	server := httptest.NewServer(s.engine)
	account = s.account(t, organization, keys.AccountFields{Name: "Edge", Scopes: []string{scope}})
	_, key := s.issue(t, account, keys.KeyFields{})
	e, err := edge.New(t.Context(), edge.Config{Upstream: []string{server.URL}, Key: edge.Credential(key)})
	must(t, err)
	t.Cleanup(func() {
		server.CloseClientConnections()
		_ = e.Close(context.WithoutCancel(t.Context())) // counts of a node that is gone are lost
		server.Close()
	})
	return e, server, account
}

// TestAnEdgeAsksAboutSignedTokens: the same answer as the node gives, or none.
func TestAnEdgeAsksAboutSignedTokens(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	account := s.account(t, keys.FirstOrganization, keys.AccountFields{Scopes: []string{"invoices:read", "invoices:write"}})
	_, secret := s.issue(t, account, keys.KeyFields{})
	token := s.accessToken(t, account, secret, "invoices:read")
	e, server, _ := s.edgeOf(t, keys.FirstOrganization, string(keys.EdgeAllKeys))
	for name, tt := range map[string]struct {
		key    string
		scopes []string
		code   string
	}{
		"a token":           {token, []string{"invoices:read"}, "VALID"},
		"beyond its scopes": {token, []string{"invoices:write"}, "INSUFFICIENT_SCOPE"},
		"forged":            {token[:len(token)-4] + "AAAA", []string{}, "MALFORMED"},
		"another shape":     {"eyJ.a", []string{}, "MALFORMED"},
	} {
		at, err := e.Verify(t.Context(), client.Question{Key: tt.key, Scopes: tt.scopes})
		must(t, err)
		node, _ := want[client.VerifyResponse](t, s, 200, about(anonymous, tt.key, map[string]any{"scopes": tt.scopes}))
		if at.Code != tt.code || node.Code != tt.code {
			t.Errorf("%s: %s at the edge, %s at the node", name, at.Code, node.Code)
		}
		clear := func(v *client.VerifyResponse) { v.RateLimit, v.Quota = nil, nil }
		clear(&at.VerifyResponse)
		clear(&node)
		if diff := cmp.Diff(node, at.VerifyResponse); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	steps, err := e.Verify(t.Context(), client.Question{Key: token, DryRun: true})
	if err != nil || !steps.Valid || len(steps.Steps) < 5 {
		t.Errorf("a dry run: %+v, %v", steps, err)
	}
	other := s.tenant(t)
	narrow, _, _ := s.edgeOf(t, other.organization, string(keys.EdgeKeys))
	if v, err := narrow.Verify(t.Context(), client.Question{Key: token}); err != nil || v.Code != "NOT_FOUND" || v.OrganizationID != "" {
		t.Errorf("of another organization: %+v, %v", v, err)
	}
	server.CloseClientConnections()
	server.Close()
	if v, err := e.Verify(t.Context(), client.Question{Key: token}); !errors.Is(err, errs.Unavailable) || v.Valid {
		t.Errorf("cut off: %+v, %v", v, err)
	}
	if strings.Contains(s.log.String(), token) {
		t.Error("the token is in the log")
	}
}

// TestATokenEndsAtOnceAtEdges: nothing about it is cached there.
func TestATokenEndsAtOnceAtEdges(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	account := s.account(t, keys.FirstOrganization, keys.AccountFields{Scopes: []string{"invoices:read"}})
	_, secret := s.issue(t, account, keys.KeyFields{})
	token := s.accessToken(t, account, secret, "")
	e, _, _ := s.edgeOf(t, keys.FirstOrganization, string(keys.EdgeKeys))
	if v, err := e.Verify(t.Context(), client.Question{Key: token}); err != nil || !v.Valid {
		t.Fatalf("%+v, %v", v, err)
	}
	s.revokeKeys(t, account)
	if v, err := e.Verify(t.Context(), client.Question{Key: token}); err != nil || v.Code != "REVOKED" {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestAnEdgeThatSeesLessForgetsKeysOfOthers as soon as its account may no longer see them.
func TestAnEdgeThatSeesLessForgetsKeysOfOthers(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	e, _, account := s.edgeOf(t, keys.FirstOrganization, string(keys.EdgeAllKeys))
	q := client.Question{Key: x.secret, Cost: client.Set(int64(0))}
	bumped, since := uint64(0), time.Now()
	parts.Await(t, 20*time.Second, "the edge to hold the key, and to hear no more of what was made", func(context.Context) error {
		if v, err := e.Verify(t.Context(), q); err != nil || !v.Valid {
			t.Fatalf("%+v, %v", v, err)
		}
		if now := e.Verifier().Stats().Bumped; now != bumped {
			bumped, since = now, time.Now()
		}
		if quiet := time.Since(since); quiet < time.Second {
			return fmt.Errorf("it heard of a change %s ago", quiet)
		}
		return nil
	})
	want[client.ServiceAccount](t, s, 200, call{
		method: "PATCH", path: "/api/service-accounts/" + account, as: s.admin(t),
		body: map[string]any{"scopes": []string{string(keys.EdgeKeys)}},
	})
	parts.Await(t, 5*time.Second, "the edge to forget the key", func(context.Context) error {
		if v, err := e.Verify(t.Context(), q); err != nil || v.Code != "NOT_FOUND" {
			return fmt.Errorf("%s, %w", v.Code, err)
		}
		return nil
	})
}

// TestEdgesTakeSharesOfLimits from the node's counters, so that no request is made for
// most decisions, and give back what they do not spend.
func TestEdgesTakeSharesOfLimits(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{open: true})
	quota := ratelimit.Quota{Requests: 5000, Per: ratelimit.Month}
	account := s.account(t, keys.FirstOrganization, keys.AccountFields{Scopes: []string{}, Tier: "enterprise", Quota: &quota})
	_, key := s.issue(t, account, keys.KeyFields{})
	e, _, _ := s.edgeOf(t, keys.FirstOrganization, string(keys.EdgeKeys))
	for range 200 {
		v, err := e.Verify(t.Context(), client.Question{Key: key})
		if err != nil || !v.Valid || v.RateLimit == nil || v.RateLimit.Scope != client.ScopeCluster || v.Quota == nil {
			t.Fatalf("%+v, %v", v, err)
		}
	}
	must(t, e.Close(t.Context()))
	d, _ := want[client.VerifyResponse](t, s, 200, about(anonymous, key))
	if d.Quota.Remaining != 5000-200-1 {
		t.Errorf("%d of the quota are left", d.Quota.Remaining)
	}
}
