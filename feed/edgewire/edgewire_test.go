package edgewire_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/ratelimit"
)

// TestVectors are those of docs/edge-protocol.md.
func TestVectors(t *testing.T) {
	t.Parallel()
	h := keys.HashOf("lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR2OC8kj")
	if h.Hex() != "fac14877285c485660c9ced3364696bb5cb78c0af6c6fa30e17114720b964fc9" || h.MarkID() != "c31ebdaf498ef3912923f517ec5c134d" {
		t.Errorf("the key has the digest %s and the mark %s", h.Hex(), h.MarkID())
	}
	for id, want := range map[string]uint64{
		h.MarkID():                            0xaedc2c8166b5cdb4,
		"sa_01a20bfc254874149c0899a4b59d351d": 0xdc62e4d99d2b2cb6,
		"pro":                                 0xff6a80aa84b0f5bb,
	} {
		if got := keys.MarkDigest(id); got != want {
			t.Errorf("the mark of %s is %#x, want %#x", id, got, want)
		}
	}
	text, err := json.Marshal(edgewire.Changes{
		Epoch: "E", Place: 7, Marks: edgewire.Marks{1, 0xfedcba9876543210}, Age: 12, MaxStale: 300000, Brand: "lk",
	})
	if err != nil || string(text) !=
		`{"epoch":"E","place":7,"marks":"AAAAAAAAAAH+3LqYdlQyEA","all":false,"age_ms":12,"max_stale_ms":300000,"brand":"lk"}` {
		t.Errorf("changes are %s, %v", text, err)
	}
}

// TestLeaseVectors are those of docs/edge-protocol.md.
func TestLeaseVectors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		message any
		want    string
	}{
		{
			edgewire.AskLease{
				EdgeID: "edge_01a2280f16297ab8860c58415abc7d72",
				Shares: []edgewire.AskedShare{{Digest: "fac1", Part: ratelimit.PartKey, Want: 20, Need: 1}},
			},
			`{"edge_id":"edge_01a2280f16297ab8860c58415abc7d72","shares":[{"digest":"fac1","part":"key","window":"","began":0,"back":0,` +
				`"holds":0,"want":20,"need":1}]}`,
		},
		{
			edgewire.Leases{Shares: []edgewire.Share{{Amount: 20, Left: 979.5, Began: 7}, {Code: "not_found"}}},
			`{"shares":[{"amount":20,"left":979.5,"used":0,"began":7,"exact_ms":0},` +
				`{"code":"not_found","amount":0,"left":0,"used":0,"began":0,"exact_ms":0}]}`,
		},
	} {
		if text, err := json.Marshal(tt.message); err != nil || string(text) != tt.want {
			t.Errorf("%s, %v", text, err)
		}
	}
}

func FuzzMarks(f *testing.F) {
	f.Add("AAAAAAAAAAH+3LqYdlQyEA")
	f.Add("AAAA")
	f.Add("=")
	f.Fuzz(func(t *testing.T, text string) {
		var m edgewire.Marks
		if m.UnmarshalText([]byte(text)) != nil {
			return
		}
		again, err := m.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var same edgewire.Marks
		if err := same.UnmarshalText(again); err != nil || !slices.Equal(m, same) {
			t.Errorf("%q became %q: %v", text, again, err)
		}
	})
}

// TestAGrantTellsNoMoreThanAVerdictNeeds: notes, names of people and what a key looks
// like stay at the node.
func TestAGrantTellsNoMoreThanAVerdictNeeds(t *testing.T) {
	t.Parallel()
	const secret = "not for edges"
	k := keys.Key{ID: "key_1", Start: secret, Last4: secret, RevokeNote: secret, CreatedBy: secret, RotatedFrom: secret, LastUsedIP: secret}
	k.Note = secret
	a := keys.ServiceAccount{ID: "sa_1", CreatedBy: secret, Override: &keys.Override{Note: secret, Until: time.Now()}}
	a.Description, a.OwnerID = secret, secret
	o := keys.Organization{ID: "org_1"}
	o.Name, o.Metadata = secret, keys.Metadata(`"`+secret+`"`)
	tier := keys.Tier{Name: "free"}
	tier.Title = secret
	text, err := json.Marshal(edgewire.NewGrant(k, a, o, tier))
	if err != nil || strings.Contains(string(text), secret) {
		t.Errorf("the edge is told %s, %v", text, err)
	}
	if a.Override.Note != secret {
		t.Error("the node's own account was changed")
	}
}
