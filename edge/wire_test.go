package edge

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/verify"
)

// FuzzGranted: whatever a node answers, an edge takes no more than it asked for.
func FuzzGranted(f *testing.F) {
	f.Add([]byte(`{"amount":3,"left":1.5,"used":4,"began":7,"exact_ms":0}`), int64(3), int64(1))
	f.Add([]byte(`{"amount":-1}`), int64(3), int64(1))
	f.Add([]byte(`{"amount":9223372036854775807,"left":-1,"exact_ms":9223372036854775807}`), int64(3), int64(1))
	f.Add([]byte(`{"code":"not_found"}`), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, text []byte, want, need int64) {
		w := &waiting{asked: edgewire.AskedShare{Want: max(0, want), Need: max(0, need)}}
		if json.Unmarshal(text, &w.told) != nil {
			return
		}
		g, err := w.granted()
		if err != nil {
			return
		}
		if g.Amount < 0 || g.Amount > max(w.asked.Want, w.asked.Need) || g.Used < 0 || !(g.Left >= 0) || math.IsInf(g.Left, 0) ||
			g.Exact < 0 || g.Exact > longestExact {
			t.Errorf("%s is taken for %+v", text, g)
		}
	})
}

// FuzzVerdict: whatever a node answers, VALID is only said of a key.
func FuzzVerdict(f *testing.F) {
	f.Add([]byte(`{"code":"VALID"}`))
	f.Add([]byte(`{"code":"REVOKED","detail":{"code":"token_revoked"}}`))
	f.Add([]byte(`{"code":"VALID","grant":{"key":{"id":"key_1","service_account_id":"sa_1"},"account":{"id":"sa_1"}},"limits":{}}`))
	f.Add([]byte(`{"code":"VALID","grant":{"key":{"id":"key_1"}},"limits":{"allowed":true},"steps":[{"check":"known"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var told edgewire.Verdict
		if json.Unmarshal(text, &told) != nil {
			return
		}
		v, err := verdict(&told)
		if err == nil && v.Code == verify.Valid && (!v.Grant.Known() || v.HasLimits && !v.Limits.Allowed) {
			t.Errorf("%s is %+v", text, v)
		}
	})
}
