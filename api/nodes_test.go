package api_test

import (
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/ids"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/nodes"
)

func TestNodesAreListedAndWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSuite(t, settings{})
	admin, x := s.admin(t), s.tenant(t)
	show := call{method: "GET", path: "/api/nodes", as: admin}
	list, _ := want[client.List[client.Node]](t, s, 200, show)
	if len(list.Items) != 1 || !list.Items[0].Self || list.Items[0].State != "fresh" || list.Items[0].Name != "suite" ||
		list.Items[0].Version != "v1" {
		t.Errorf("alone it lists %+v", list.Items)
	}
	// A node that was there before, and shows no sign of life.
	polled := s.now().Add(-30 * time.Second).Truncate(time.Millisecond)
	other := nodes.Node{
		ID: ids.New(ids.Node), Name: "other", Version: "v0", StartedAt: polled, PolledAt: polled, Beat: 9,
		MaxStale: 2 * time.Minute,
	}
	must(t, s.store.PutNode(t.Context(), other))
	s.advance(10 * time.Second)
	list, _ = want[client.List[client.Node]](t, s, 200, show)
	last := polled.Add(nodes.MostSkew)
	if len(list.Items) != 2 || list.Items[1].State != "silent" || !list.Items[1].LastPollAt.Equal(last) ||
		time.Duration(list.Items[1].MaxStale) != other.MaxStale {
		t.Errorf("it lists %+v", list.Items)
	}
	revoke := call{method: "POST", path: "/api/keys/" + x.key + "/revoke", as: admin, body: map[string]any{}}
	revoked, _ := want[client.RevokedKey](t, s, 200, revoke)
	named := client.WaitingNode{Node: other.ID, Name: "other", LastPoll: last, StopsAt: last.Add(other.MaxStale + time.Millisecond)}
	if len(revoked.WaitingFor) != 1 || revoked.WaitingFor[0] != named || !revoked.EffectiveEverywhereBy.Equal(named.StopsAt) {
		t.Errorf("it waits for %+v until %s, want %+v", revoked.WaitingFor, revoked.EffectiveEverywhereBy, named)
	}
	s.advance(2 * time.Minute)
	revoked, _ = want[client.RevokedKey](t, s, 200, revoke)
	if within := revoked.EffectiveEverywhereBy.Sub(s.now()); len(revoked.WaitingFor) != 0 || within > keys.PollBound || within < 0 {
		t.Errorf("it waits for %+v for %s", revoked.WaitingFor, within)
	}
}
