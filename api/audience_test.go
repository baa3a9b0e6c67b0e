package api_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
)

// claims are what a signed token says, unverified.
func claims(t *testing.T, token string) (said struct {
	Issuer   string `json:"iss"`
	Audience any    `json:"aud"`
},
) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	must(t, err)
	must(t, json.Unmarshal(payload, &said))
	return said
}

// TestUsersAndAccountsHaveOtherAudiences, so that an API that checks the issuer
// and the audience takes no user of the portal for a client (RFC 8725 section 3.12).
func TestUsersAndAccountsHaveOtherAudiences(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	x := s.tenant(t)
	account := s.account(t, x.organization, keys.AccountFields{Scopes: []string{"invoices:read"}})
	_, secret := s.issue(t, account, keys.KeyFields{})
	pair := s.pair(t, s.withPassword(t))
	of := func(token string) []string {
		switch aud := claims(t, token).Audience.(type) {
		case string:
			return []string{aud}
		case []any:
			return []string{aud[0].(string)}
		default:
			return nil
		}
	}
	client, access, refresh := of(s.accessToken(t, account, secret, "")), of(pair.Access), of(pair.Refresh)
	if !slices.Equal(access, []string{auth.UserAudience(issuer)}) || !slices.Equal(refresh, access) || slices.Contains(client, access[0]) {
		t.Errorf("the audiences are %v and %v of a user, %v of a client", access, refresh, client)
	}
	s.me(t, byBearer(pair.Access))
}
