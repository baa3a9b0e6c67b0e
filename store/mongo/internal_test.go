package mongo

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/usage"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, connection, hosts, database string }{
		{"one host", "mongodb://h:1/latchkey", "h:1", "latchkey"},
		{"credentials are left out", "mongodb://u:p%40ss@h/latchkey?w=1", "h", "latchkey"},
		{"a replica set", "mongodb://a:27017,b,c:27018/latchkey?replicaSet=r", "a:27017,b,c:27018", "latchkey"},
		{"a replica set by IPv6", "mongodb://u:p@[::1]:1,[::2]:3/latchkey", "[::1]:1,[::2]:3", "latchkey"},
		{"srv", "mongodb+srv://u:p@cluster.example/latchkey", "cluster.example", "latchkey"},
		{"no database", "mongodb://h:1/?w=1", "", ""},
		{"no slash", "mongodb://h:1", "", ""},
		{"two databases", "mongodb://h/a/b", "", ""},
		{"no host", "mongodb:///latchkey", "", ""},
		{"no scheme", "h:1/latchkey", "", ""},
	} {
		hosts, database, err := target(tt.connection)
		if hosts != tt.hosts || database != tt.database || (err == nil) != (tt.database != "") {
			t.Errorf("%s: %q, %q, %v", tt.name, hosts, database, err)
		}
	}
}

// Whatever the connection string says, a revoke that was acknowledged survives
// a failover, and the hot path reads what was written last.
func TestConsistencyIsNotUpToTheConnectionString(t *testing.T) {
	t.Parallel()
	o := clientOptions("mongodb://h/latchkey?readPreference=secondaryPreferred&w=0&readConcernLevel=available&timeoutMS=0&" +
		"serverSelectionTimeoutMS=600000")
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	if o.WriteConcern.W != "majority" || !o.WriteConcern.Acknowledged() {
		t.Errorf("writes are acknowledged by %v", o.WriteConcern.W)
	}
	if o.ReadPreference.Mode() != readpref.PrimaryMode || o.ReadConcern.Level != "majority" {
		t.Errorf("reads go to %s with level %s", o.ReadPreference.Mode(), o.ReadConcern.Level)
	}
	if *o.Timeout != keys.WriteBound || *o.ServerSelectionTimeout != selectionTimeout {
		t.Errorf("time-outs are %s and %s", *o.Timeout, *o.ServerSelectionTimeout)
	}
}

// TestEveryFilterHasAnIndex holds filters and indexes together: one of the
// fields that a filter names begins an index. Text alone is the exception.
func TestEveryFilterHasAnIndex(t *testing.T) {
	t.Parallel()
	yes, no, at, two := true, false, time.Now(), []string{"a", "b"}
	s := newStore(&engine{})
	accounts := s.ServiceAccounts().(*collection[keys.ServiceAccount, keys.AccountFilter, account]).where
	organizations := s.Organizations().(*collection[keys.Organization, keys.OrganizationFilter, organization]).where
	members := s.Memberships().(*collection[auth.Membership, auth.MembershipFilter, membership]).where
	users := s.Users().(userCollection).where
	for name, filters := range map[string][]bson.D{
		"keys": {
			whereKeys(keys.KeyFilter{ServiceAccountID: "a", Text: "x"}), whereKeys(keys.KeyFilter{OrganizationIDs: two}),
			whereKeys(keys.KeyFilter{Environment: keys.Test}), whereKeys(keys.KeyFilter{Revoked: &yes}),
			whereKeys(keys.KeyFilter{Revoked: &no, EndsBy: at}), whereKeys(keys.KeyFilter{Revoked: &no, EndsAfter: at, StartsAfter: at}),
			whereKeys(keys.KeyFilter{Revoked: &no, EndsAfter: at, StartsBy: at, Disabled: &no}),
			{{Key: "hash", Value: ""}},
		},
		"service_accounts": {
			accounts(keys.AccountFilter{OrganizationIDs: two}), accounts(keys.AccountFilter{Tier: "t"}),
			accounts(keys.AccountFilter{ExternalID: "x"}),
		},
		"organizations": {organizations(keys.OrganizationFilter{IDs: two, Text: "x"})},
		"users":         {users(auth.UserFilter{IsAdmin: &yes, Text: "x"}), {{Key: "email_folded", Value: ""}}},
		"usage": {
			wherePages(usage.PageFilter{Kind: usage.OfKey, Level: usage.Hours, Until: at}), wherePages(usage.PageFilter{KeyID: "k"}),
			wherePages(usage.PageFilter{AccountID: "a"}), wherePages(usage.PageFilter{OrganizationIDs: two}),
		},
		"refusals":    {{{Key: "refused_at", Value: at}}},
		"memberships": {members(auth.MembershipFilter{OrganizationID: "o", Role: auth.Owner}), members(auth.MembershipFilter{UserID: "u"})},
		"audit_events": {
			s.events().where(audit.Filter{OrganizationIDs: two}), s.events().where(audit.Filter{ObjectID: "o"}),
			s.events().where(audit.Filter{SubjectID: "s"}),
			s.events().where(audit.Filter{Action: "a"}), s.events().where(audit.Filter{From: at}), s.events().where(audit.Filter{Until: at}),
		},
	} {
		for _, filter := range filters {
			if !served(name, filter) {
				t.Errorf("no index of %s serves %v", name, filter)
			}
		}
	}
	if served("keys", whereKeys(keys.KeyFilter{Text: "x"})) {
		t.Error("text is served by an index, and no exception any more")
	}
}

func served(name string, filter bson.D) bool {
	for _, condition := range filter {
		if all, ok := condition.Value.(bson.A); ok && condition.Key == "$and" {
			for _, more := range all {
				if served(name, more.(bson.D)) {
					return true
				}
			}
		}
		if condition.Key == "_id" {
			return true
		}
		for _, i := range indexes() {
			if i.collection == name && i.fields[0] == condition.Key {
				return true
			}
		}
	}
	return false
}
