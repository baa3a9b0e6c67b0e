package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/nodes"
)

// nodeHandlers list the nodes.
type nodeHandlers struct {
	nodes *nodes.Registry
}

func (h *nodeHandlers) routes() []route {
	return []route{
		{"GET", "/api/nodes", auth.IsAdminUser(), h.listNodes, guarded, nil},
	}
}

func (h *nodeHandlers) listNodes(c *gin.Context) error {
	if err := httpx.NewQuery(c.Request).Err(); err != nil {
		return err
	}
	all, err := h.nodes.List(c.Request.Context())
	if err != nil {
		return err
	}
	page := client.List[client.Node]{Items: make([]client.Node, len(all))}
	for i := range all {
		page.Items[i] = nodeOut(&all[i])
	}
	return answer(c, http.StatusOK, page)
}

func nodeOut(n *nodes.State) client.Node {
	out := client.Node{
		ID: n.ID, Name: n.Name, Version: n.Version, StartedAt: whole(n.StartedAt), LastPollAt: whole(n.LastPoll),
		MaxStale: client.Duration(n.MaxStale), State: "silent", Self: n.Self,
		Kind: "node", FedBy: n.FedBy,
	}
	if n.IsEdge() {
		out.Kind = "edge"
	}
	if n.Fresh {
		out.State = "fresh"
	}
	return out
}

func waitingOut(silent []nodes.Silent) []client.WaitingNode {
	all := make([]client.WaitingNode, len(silent))
	for i, n := range silent {
		all[i] = client.WaitingNode{Node: n.ID, Name: n.Name, LastPoll: whole(n.LastPoll), StopsAt: whole(n.StopsAt)}
	}
	return all
}

// whole returns the time in the form of all answers: UTC, in whole milliseconds.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
