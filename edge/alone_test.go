package edge_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/keys"
)

// TestOneLimitThatCannotBeDecidedIsAlone: where a node has no shares of one key's limits
// now, the others are decided by it as before.
func TestOneLimitThatCannotBeDecidedIsAlone(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	e := n.edge(t)
	odd, plain := fresh(t), fresh(t)
	answer := func(w http.ResponseWriter, out any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	}
	know := func(key, account string) {
		t.Helper()
		n.answers(edgewire.GrantPath, func(w http.ResponseWriter, _ *http.Request) {
			g := n.grant
			g.Key.ID, g.Key.ServiceAccountID, g.Account.ID = "key_"+account, account, account
			answer(w, g)
		})
		if v, err := e.Verify(t.Context(), client.Question{Key: key, DryRun: true}); err != nil || !v.Valid {
			t.Fatal(v.Code, err)
		}
	}
	know(odd, "sa_odd")
	know(plain, "sa_plain")
	n.answers(edgewire.LeasePath, func(w http.ResponseWriter, r *http.Request) {
		var asked edgewire.AskLease
		_ = json.NewDecoder(r.Body).Decode(&asked)
		told := edgewire.Leases{}
		for _, s := range asked.Shares {
			share := edgewire.Share{Amount: s.Want, Left: 1e9, Began: 1}
			if s.Digest == keys.HashOf(odd).Hex() {
				share = edgewire.Share{Code: "unavailable"}
			}
			told.Shares = append(told.Shares, share)
		}
		answer(w, told)
	})
	for range 3 {
		for _, tt := range []struct{ key, scope string }{{odd, client.ScopeNode}, {plain, client.ScopeCluster}} {
			v, err := e.Verify(t.Context(), client.Question{Key: tt.key})
			if err != nil || !v.Valid || v.RateLimit == nil {
				t.Fatalf("%s %v", v.Code, err)
			}
			if v.RateLimit.Scope != tt.scope {
				t.Errorf("the limit counts for the %s, not the %s", v.RateLimit.Scope, tt.scope)
			}
		}
	}
}
