package mongo_test

import (
	"fmt"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/keys"
)

// More keys than are put in order by their last use are told of, so that the
// page can say so.
func TestTheOrderByUseTellsWhereItIsNotWhole(t *testing.T) {
	t.Parallel()
	url := parts.Mongo(t).URL()
	s, db := open(t, url), raw(t, url)
	many := make([]any, 0, keys.MostLooked+1)
	for i := range keys.MostLooked + 1 {
		many = append(many, bson.D{
			{Key: "_id", Value: fmt.Sprintf("key_%06d", i)},
			{Key: "organization_id", Value: "org_a"},
			{Key: "service_account_id", Value: []string{"sa_a", "sa_b"}[min(i, 1)]},
			{Key: "hash", Value: fmt.Appendf(nil, "%032d", i)},
			{Key: "revoked_at", Value: nil},
		})
	}
	if _, err := db.Collection("keys").InsertMany(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		filter keys.KeyFilter
		want   bool
	}{
		{"all", keys.KeyFilter{}, false},
		{"a large organization", keys.KeyFilter{OrganizationIDs: []string{"org_a"}}, false},
		{"a service account", keys.KeyFilter{OrganizationIDs: []string{"org_a"}, ServiceAccountID: "sa_a"}, true},
		{"no organization", keys.KeyFilter{OrganizationIDs: []string{}}, true},
	} {
		if got, err := s.Keys().WholeByUse(t.Context(), tt.filter); err != nil || got != tt.want {
			t.Errorf("%s: %t, %v", tt.name, got, err)
		}
	}
}
