package auth_test

import (
	"net/http"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// TestPermissions: who is let in by each, alone and combined.
func TestPermissions(t *testing.T) {
	t.Parallel()
	nobody := auth.Nobody()
	user := &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_a"}}
	viewer := &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_b"}, Memberships: map[string]auth.Role{"org_a": auth.Viewer}}
	admin := &auth.Principal{Kind: auth.UserKind, User: &auth.User{ID: "usr_c", IsAdmin: true}}
	robot := &auth.Principal{Kind: auth.ServiceAccountKind, AccountID: "sa_a", OrganizationID: "org_a", Scopes: []string{"latchkey:keys:*"}}
	weekdays := auth.NewPermission("Weekdays", func(p *auth.Principal, _ string) bool { return p.Kind == auth.ServiceAccountKind })
	everybody := []*auth.Principal{nobody, user, viewer, admin, robot}
	for _, tt := range []struct {
		permission auth.Permission
		name       string
		reads      string // nobody, user, viewer, admin, robot
		writes     string
	}{
		{auth.AllowAny(), "AllowAny", "yyyyy", "yyyyy"},
		{auth.IsAuthenticated(), "IsAuthenticated", "-yyyy", "-yyyy"},
		{auth.IsAdminUser(), "IsAdminUser", "---y-", "---y-"},
		{auth.IsAuthenticatedOrReadOnly(), "(IsAuthenticated or ReadOnly)", "yyyyy", "-yyyy"},
		{auth.HasScope(keys.ReadKeys), "HasScope(latchkey:keys:read)", "--yyy", "--yyy"},
		{auth.HasScope(keys.WriteKeys), "HasScope(latchkey:keys:write)", "---yy", "---yy"},
		{auth.HasScope(keys.VerifyAllKeys), "HasScope(latchkey:verify-all)", "---y-", "---y-"},
		{auth.And(auth.IsAuthenticated(), auth.Not(auth.IsAdminUser())), "(IsAuthenticated and not IsAdminUser)", "-yy-y", "-yy-y"},
		{auth.Or(auth.IsAdminUser(), weekdays), "(IsAdminUser or Weekdays)", "---yy", "---yy"},
		{auth.And(), "()", "yyyyy", "yyyyy"},
		{auth.Or(), "()", "-----", "-----"},
	} {
		got := map[string]string{}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, p := range everybody {
				if tt.permission.Permits(p, method) {
					got[method] += "y"
				} else {
					got[method] += "-"
				}
			}
		}
		if got[http.MethodGet] != tt.reads || got[http.MethodPost] != tt.writes || tt.permission.String() != tt.name {
			t.Errorf("%s lets read %s and write %s, want %s: %s and %s", tt.permission, got[http.MethodGet], got[http.MethodPost], tt.name,
				tt.reads, tt.writes)
		}
	}
}
