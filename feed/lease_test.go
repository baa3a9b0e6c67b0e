package feed

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/verify"
)

// FuzzShares: whatever an edge says, it returns and holds no more than it was lent, and
// takes no more than its part.
func FuzzShares(f *testing.F) {
	f.Add([]byte(`{"edge_id":"edge_1","shares":[{"part":"key","began":1,"back":3,"holds":9,"want":4,"need":1}]}`), int64(5), int64(10))
	f.Add([]byte(`{"shares":[{"back":4611686018427387904,"holds":4611686018427387904,"want":4611686018427387904}]}`), int64(0), int64(0))
	f.Add([]byte(`{"shares":[{"back":-1}]}`), int64(1), int64(1))
	f.Fuzz(func(t *testing.T, text []byte, out, most int64) {
		var asked edgewire.AskLease
		if json.Unmarshal(text, &asked) != nil || !asked.Valid() {
			return
		}
		out, most = max(0, out), max(0, most)
		for i := range asked.Shares {
			s := &asked.Shares[i]
			h := &holding{out: out}
			back, holds := h.returned(s, true)
			if back < 0 || holds < 0 || back > out || holds > out-back {
				t.Errorf("of %d it returns %d and holds %d: %+v", out, back, holds, s)
			}
			if back, holds := h.returned(s, false); back+holds != 0 {
				t.Errorf("of another's it returns %d and holds %d", back, holds)
			}
			if want, need := clip(s, most); want < 0 || want < need || want > max(most, need, 1) {
				t.Errorf("it gets %d of %d, and needs %d", want, most, need)
			}
			if verify.ValidCost(s.Need) && s.Need > verify.MaxCost {
				t.Errorf("a cost of %d is taken", s.Need)
			}
		}
	})
}

// TestWhatIsLentIsRememberedInBounds of memory, also for one account with many edges.
func TestWhatIsLentIsRememberedInBounds(t *testing.T) {
	t.Parallel()
	now := time.Duration(0)
	l := newLent(func() time.Duration { return now })
	hold := func(part ratelimit.Part, id, edge, owner string) (int, bool) {
		h, edges := l.hold(shareName{part: part, id: id}, edge, owner)
		if h != nil {
			h.out = 1
			h.mu.Unlock()
		}
		return edges, h != nil
	}
	for i := range mostHoldingsOfOne {
		if _, ok := hold(ratelimit.PartKey, fmt.Sprint(i), "edge_1", "sa_1"); !ok {
			t.Fatalf("the share %d is one too many", i)
		}
	}
	if _, ok := hold(ratelimit.PartKey, "more", "edge_2", "sa_1"); ok {
		t.Error("an account has more than its part")
	}
	if edges, ok := hold(ratelimit.PartKey, "0", "edge_3", "sa_2"); !ok || edges != 2 {
		t.Errorf("another account: %d edges share it, %t", edges, ok)
	}
	_, _ = hold(ratelimit.PartQuota, "0", "edge_3", "sa_2")
	now = 2 * idleBucket
	if l.sweep(); l.total != 1 || len(l.byName) != 1 || len(l.ofOwner) != 1 {
		t.Errorf("%d are remembered, of %v", l.total, l.ofOwner)
	}
	if l.forget("edge_3", "sa_1"); l.total != 1 {
		t.Error("another account made it forget")
	}
	if l.forget("edge_3", "sa_2"); l.total != 0 || len(l.byName) != 0 || len(l.ofOwner) != 0 {
		t.Errorf("%d are remembered, of %v", l.total, l.ofOwner)
	}
}

// TestSmallRulesAreNotShared, by how many edges ask.
func TestSmallRulesAreNotShared(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule  ratelimit.Rule
		edges int
		small bool
	}{
		{ratelimit.Rule{Requests: 20, Per: time.Second, Burst: 20}, 1, false},
		{ratelimit.Rule{Requests: 20, Per: time.Second, Burst: 20}, 2, true},
		{ratelimit.Rule{Requests: 19, Per: time.Second, Burst: 1000}, 1, true},
		{ratelimit.Rule{Requests: 1000, Per: time.Second, Burst: 19}, 1, true},
		{ratelimit.Rule{Requests: 1_000_000, Per: time.Hour, Burst: 1_000_000}, 13, false},
		{ratelimit.Rule{Requests: 1_000_000, Per: time.Hour, Burst: 1_000_000}, 14, true},
	} {
		if got := small(tt.rule, tt.edges*defaultLeastShared); got != tt.small {
			t.Errorf("%s for %d edges is small: %t", tt.rule, tt.edges, got)
		}
	}
}

// TestEdgesThatDiedLeaveRoom: what they held of quotas is remembered for when they come
// back, unless others need the place.
func TestEdgesThatDiedLeaveRoom(t *testing.T) {
	t.Parallel()
	now := time.Duration(0)
	l := newLent(func() time.Duration { return now })
	hold := func(id int, edge string) bool {
		h, _ := l.hold(shareName{part: ratelimit.PartQuota, id: fmt.Sprint(id)}, edge, "sa_1")
		if h == nil {
			return false
		}
		h.out = 1
		h.mu.Unlock()
		return true
	}
	for i := range 10 {
		hold(i, "edge_1")
	}
	now += 2 * idleBucket
	if l.sweep(); l.total != 10 {
		t.Errorf("%d of 10 are remembered", l.total)
	}
	for i := range mostHoldingsOfOne {
		hold(i, "edge_1")
	}
	now += 2 * idleBucket
	if l.sweep(); !hold(0, "edge_2") {
		t.Error("an edge that died leaves no room for the next one of its account")
	}
}
