package keystest

import (
	"errors"
	"slices"
	"testing"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/keys"
)

// Member is a user with one role.
func Member(organization string, role auth.Role) keys.Actor {
	return &auth.Principal{
		Kind: auth.UserKind, User: &auth.User{ID: "usr_m", Email: "m@example.com"}, Memberships: map[string]auth.Role{organization: role},
	}
}

// Robot is a service account that acts with a key.
func Robot(organization string, scopes ...string) keys.Actor {
	return &auth.Principal{Kind: auth.ServiceAccountKind, AccountID: "sa_r", OrganizationID: organization, Scopes: scopes}
}

// Refused checks that the error has the kind and, unless it is "", names the field.
func Refused(t *testing.T, what string, err error, kind errs.Kind, field string) {
	t.Helper()
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind != kind {
		t.Errorf("%s: %v, want the kind %s", what, err, kind)
		return
	}
	if field != "" && !slices.ContainsFunc(e.Fields, func(f errs.Field) bool { return f.Name == field }) {
		t.Errorf("%s: %v names no field %s", what, err, field)
	}
}

// Format returns the format of the default brand.
func Format(t testing.TB) keys.Format {
	t.Helper()
	f, err := keys.NewFormat(keys.DefaultBrand)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
