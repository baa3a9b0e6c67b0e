package api_test

import (
	"net/http"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
)

// TestAReportedTokenOfAUserEndsAtOnce, by every form in which leaks are reported.
func TestAReportedTokenOfAUserEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	for name, report := range map[string]func(token string) call{
		"anonymous": func(token string) call {
			return call{method: "POST", path: "/leaks", body: map[string]any{"keys": []string{token}}}
		},
		"github": func(token string) call { return gitHubCall(t, token) },
		"gitlab": func(token string) call {
			return call{method: "POST", path: "/leaks/gitlab/v1/revoke_tokens", as: byBearer(gitLabToken), body: []map[string]any{
				{"type": "gitleaks_rule_id_latchkey_api_key", "token": token, "url": "https://gitlab.example.com/a"},
			}}
		},
	} {
		userID, session := s.user(t, auth.Developer, s.tenant(t).organization)
		create := call{method: "POST", path: "/api/tokens", as: session, body: map[string]any{"name": "CI"}}
		made, _ := want[client.CreatedToken](t, s, 201, create)
		me := call{method: "GET", path: "/api/me", as: byToken(made.Secret)}
		if got := s.send(t, me); got.status != http.StatusOK {
			t.Fatalf("%s: the token gets %d before", name, got.status)
		}
		if got := s.send(t, report(made.Secret)); got.status/100 != 2 {
			t.Fatalf("%s: the report gets %d %s", name, got.status, got.body)
		}
		s.settle(t)
		if got := s.send(t, me); got.status != http.StatusUnauthorized {
			t.Errorf("%s: the token still gets %d", name, got.status)
		}
		page, _ := want[client.List[client.Leak]](t, s, 200, call{method: "GET", path: "/api/leaks", as: s.admin(t)})
		if l := page.Items[0]; l.Source != name || len(l.Keys) != 1 || l.Keys[0].Kind != "user_token" || l.Keys[0].KeyID != made.ID ||
			l.Keys[0].UserID != userID || l.Keys[0].OrganizationID != "" || l.Keys[0].Outcome != "revoked" {
			t.Errorf("%s: the staff see %+v", name, l)
		}
	}
}
