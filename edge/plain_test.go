package edge_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/verify"
)

// TestAnEarlierNodeLetsNoPlainKeyThrough: it ignores that the key must not arrive without
// TLS, and the edge refuses what passed.
func TestAnEarlierNodeLetsNoPlainKeyThrough(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.grant.Needs = []string{"resources"} // the node decides
	for code, want := range map[verify.Code]verify.Code{
		verify.Valid: verify.PlainHTTP, verify.InsufficientScope: verify.PlainHTTP, verify.RateLimited: verify.PlainHTTP,
		verify.Revoked: verify.Revoked, verify.Disabled: verify.Disabled, verify.PlainHTTP: verify.PlainHTTP,
	} {
		var asked edgewire.Question
		n.answers(edgewire.VerifyPath, func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewDecoder(r.Body).Decode(&asked)
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(edgewire.Verdict{Code: string(code), Grant: &n.grant})
		})
		v, err := n.edge(t).Verifier().Verify(t.Context(), &verify.Question{Key: fresh(t), Plain: true, PlainRefused: true})
		if err != nil || v.Code != want || v.Grant.KeyID() != "key_1" || !asked.PlainRefused {
			t.Errorf("the node says %s: %s of %q, %v; it was told so: %t", code, v.Code, v.Grant.KeyID(), err, asked.PlainRefused)
		}
	}
}
