package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/verify"
)

// Headers of a gateway that asks below /verify/, where path and query are those
// of its client's request. Only a trusted proxy may send them.
const (
	scopeHeader    = "X-Latchkey-Scope"
	costHeader     = "X-Latchkey-Cost"
	apiHeader      = "X-Latchkey-Api"
	audienceHeader = "X-Latchkey-Audience"
)

// gatewayHeaders are all of the headers above. Unsupported ones are refused, so
// that no check that a gateway wants is skipped.
var gatewayHeaders = []string{scopeHeader, costHeader, apiHeader, audienceHeader}

// verifyMethods are the methods with a route of their own at /verify. NoMethod
// handles the others.
var verifyMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	http.MethodConnect, http.MethodTrace,
}

// mount adds /verify and all paths below it.
func (h *verifyHandlers) mount(g *gin.RouterGroup) {
	for _, method := range verifyMethods {
		g.Handle(method, verifyPath, h.verify)
		g.Handle(method, verifyPath+"/*path", h.verify)
	}
}

// verify answers a verifier that asks about a key, or a key that checks itself.
func (h *verifyHandlers) verify(c *gin.Context) {
	switch below := isBelowVerify(c.Request.URL.Path); {
	case below:
		h.verifySelf(c, readGatewayHeaders)
	case c.Request.Method == http.MethodPost:
		h.verifyAsked(c)
	default:
		h.verifySelf(c, readVerifyQuery)
	}
}

// isBelowVerify reports whether a gateway has appended the path of its client's
// request. /verify/ is the same as /verify.
func isBelowVerify(path string) bool {
	rest, below := strings.CutPrefix(path, verifyPath+"/")
	return below && rest != ""
}

func isVerify(path string) bool { return path == verifyPath || strings.HasPrefix(path, verifyPath+"/") }

// readGatewayHeaders reads what the key needs. The headers are an error if they
// do not come from a trusted proxy: if they were ignored, a proxy missing from
// the settings would admit keys that lack a scope.
func readGatewayHeaders(r *http.Request, proxied bool, q *verify.Question) error {
	if !asks(r.Header) {
		return nil
	}
	if !proxied {
		return errs.New(errs.Invalid, "gateway_untrusted")
	}
	var f errs.Faults
	for _, name := range []string{apiHeader, audienceHeader} {
		f.Check(given(r.Header[name]) == 0, name, "header_unknown")
	}
	q.Scopes = listed(strings.Join(r.Header[scopeHeader], ","))
	verify.CheckScopes(q.Scopes, scopeHeader, f.Add)
	if given(r.Header[costHeader]) > 0 {
		q.Cost = readCost(costHeader, r.Header[costHeader], &f)
	}
	return f.Err()
}

// listed returns names that are separated by spaces or commas.
func listed(names string) []string {
	return strings.FieldsFunc(names, func(c rune) bool { return c == ',' || c == ' ' })
}

// asks reports whether any gateway header is set. It costs one look-up per
// header.
func asks(h http.Header) bool {
	for _, name := range gatewayHeaders {
		if given(h[name]) > 0 {
			return true
		}
	}
	return false
}

// given counts the non-empty values. Proxies send an empty header when they have
// no value.
func given(values []string) (n int) {
	for _, v := range values {
		if v != "" {
			n++
		}
	}
	return n
}

func readCost(field string, values []string, f *errs.Faults) int64 {
	if len(values) > 1 {
		f.Add(field, "given_twice")
		return 0
	}
	cost, err := strconv.ParseInt(values[0], 10, 64)
	f.Check(err == nil && verify.ValidCost(cost), field, "cost_out_of_range")
	return cost
}

// selfQuestion returns the question for the key that the request carries.
func (h *verifyHandlers) selfQuestion(r *http.Request, read reader) (*verify.Question, error) {
	client := h.edge.Trusted.Client(r)
	q, err := h.question(r, client, read)
	if client.Proxied {
		q.Original = h.original.Original(r)
	}
	return q, err
}

func (h *verifyHandlers) question(r *http.Request, client proxies.Client, read reader) (*verify.Question, error) {
	q := &verify.Question{Cost: 1, Address: client.Address}
	if h.plain != "" && client.Plain() {
		q.Plain, q.PlainRefused = true, h.plain == PlainRefuse
	}
	q.Key, q.Several = h.carrier.Credential(r)
	if agent := r.Header["User-Agent"]; len(agent) > 0 {
		q.UserAgent = agent[0]
	}
	return q, read(r, client.Proxied, q)
}

// reader reads what a key needs from the request that carries it.
type reader func(r *http.Request, proxied bool, q *verify.Question) error
