package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/keys"
)

// edgeHandlers serve the edge protocol; see docs/edge-protocol.md. Like /verify,
// they write no access line.
type edgeHandlers struct {
	render func(*gin.Context, error)
	chain  *auth.Chain
	edge   *httpx.Edge
	feed   *feed.Feed
}

func (h *edgeHandlers) mount(g *gin.RouterGroup) {
	for path, handle := range map[string]func(*gin.Context, *auth.Principal) (any, error){
		edgewire.ChangesPath: h.changes, edgewire.GrantPath: h.grant, edgewire.LimitPath: h.limit,
		edgewire.LeasePath: h.lease, edgewire.VerifyPath: h.verify, edgewire.UsagePath: h.usage,
	} {
		both(g, http.MethodPost, path, h.handle(handle))
	}
}

// handle authenticates the caller before it reads anything.
func (h *edgeHandlers) handle(do func(*gin.Context, *auth.Principal) (any, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		p, err := h.asker(c.Request)
		var out any
		if err == nil {
			out, err = do(c, p)
		}
		var body []byte
		if err == nil {
			body, err = json.Marshal(out)
		}
		if errors.Is(err, feed.ErrStopping) { // a shutdown is not worth a log line
			p := problem(http.StatusServiceUnavailable, string(errs.Unavailable), err.Error(), "")
			writeProblem(c, &p, nil)
			return
		}
		if err != nil {
			h.render(c, err)
			return
		}
		w := c.Writer.Header()
		w["Content-Type"], w["Cache-Control"], w["X-Content-Type-Options"] = jsonHeader, noStoreHeader, nosniffHeader
		w["Content-Length"] = []string{strconv.Itoa(len(body))}
		c.Status(http.StatusOK)
		_, _ = c.Writer.Write(body) // an edge that disconnected asks again
	}
}

// asker returns the service account that an edge acts for. People have no edges:
// the edge of a staff member would see every customer's keys.
func (h *edgeHandlers) asker(r *http.Request) (*auth.Principal, error) {
	r = r.WithContext(proxies.With(r.Context(), h.edge.Trusted.Client(r)))
	p, err := h.chain.Authenticate(r)
	if err != nil {
		return nil, err
	}
	if p.Kind != auth.ServiceAccountKind || !p.May(keys.EdgeKeys, p.OrganizationID) {
		return nil, denied(p, auth.HasScope(keys.EdgeKeys))
	}
	return p, nil
}

func readEdge(r *http.Request, into any) error {
	if err := httpx.Bound(r, edgewire.MaxRequest); err != nil {
		return err
	}
	body, err := httpx.Body(r, jsonType)
	if err != nil {
		return err
	}
	// Ignore members that a later version adds.
	if json.Unmarshal(body, into) != nil {
		return errs.New(errs.Invalid, "edge_message")
	}
	return nil
}

func (h *edgeHandlers) changes(c *gin.Context, p *auth.Principal) (any, error) {
	var in edgewire.AskChanges
	if err := readEdge(c.Request, &in); err != nil {
		return nil, err
	}
	sees := p.OrganizationID
	if p.May(keys.EdgeKeys, "") {
		sees = "" // all organizations
	}
	return h.feed.Changes(c.Request.Context(), p.ID(), sees, in)
}

func (h *edgeHandlers) grant(c *gin.Context, p *auth.Principal) (any, error) {
	var in edgewire.AskGrant
	if err := readEdge(c.Request, &in); err != nil {
		return nil, err
	}
	return h.feed.Grant(c.Request.Context(), p, cmp.Or(p.KeyID, p.ID()), in)
}

func (h *edgeHandlers) limit(c *gin.Context, p *auth.Principal) (any, error) {
	var in edgewire.AskLimit
	if err := readEdge(c.Request, &in); err != nil {
		return nil, err
	}
	return h.feed.Limit(c.Request.Context(), p, cmp.Or(p.KeyID, p.ID()), in)
}

func (h *edgeHandlers) lease(c *gin.Context, p *auth.Principal) (any, error) {
	var in edgewire.AskLease
	if err := readEdge(c.Request, &in); err != nil {
		return nil, err
	}
	return h.feed.Lease(c.Request.Context(), p, p.ID(), cmp.Or(p.KeyID, p.ID()), in)
}

func (h *edgeHandlers) verify(c *gin.Context, p *auth.Principal) (any, error) {
	var in edgewire.Question
	if err := readEdge(c.Request, &in); err != nil {
		return nil, err
	}
	return h.feed.Verify(c.Request.Context(), p, cmp.Or(p.KeyID, p.ID()), in)
}

func (h *edgeHandlers) usage(c *gin.Context, p *auth.Principal) (any, error) {
	var in edgewire.Usage
	if err := readEdge(c.Request, &in); err != nil {
		return nil, err
	}
	return struct{}{}, h.feed.Count(c.Request.Context(), p, p.ID(), p.OrganizationID, in)
}
