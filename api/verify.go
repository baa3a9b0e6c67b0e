package api

import (
	"cmp"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/proxies"
	"github.com/latchkey/latchkey/internal/strictjson"
	"github.com/latchkey/latchkey/internal/verdicts"
	"github.com/latchkey/latchkey/internal/verifyjson"
	"github.com/latchkey/latchkey/keys"
	"github.com/latchkey/latchkey/verify"
)

// verifyHandlers serve /verify.
type verifyHandlers struct {
	render   func(*gin.Context, error)
	chain    *auth.Chain
	edge     *httpx.Edge
	carrier  auth.Carrier
	open     bool
	original proxies.Family
	verifier *verify.Verifier
	plain    PlainHTTP

	arrivedPlain func(keyID string) // told of keys that arrive without TLS, unless plain is off
}

// verifySelf answers a key that checks itself; the status is the decision. The
// holder of a key cannot force a read of the store, so Cache-Control is ignored.
// The body is not read: it may be that of the client's request.
func (h *verifyHandlers) verifySelf(c *gin.Context, read reader) {
	q, err := h.selfQuestion(c.Request, read)
	if err != nil {
		h.render(c, err)
		return
	}
	verdict, err := h.verifier.Verify(c.Request.Context(), q)
	if err != nil {
		h.render(c, err)
		return
	}
	if q.Plain {
		h.exposed(&verdict)
	}
	verdicts.WriteIdentity(c.Writer.Header(), &verdict)
	if verdict.Code != verify.Valid {
		h.refuse(c, &verdict)
		return
	}
	write(c, &verdict, true)
}

// readVerifyQuery reads scope and cost from the query.
func readVerifyQuery(r *http.Request, _ bool, q *verify.Question) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	query := httpx.NewQuery(r)
	q.Scopes = query.Texts("scope")
	verify.CheckScopes(q.Scopes, "scope", query.Fault)
	q.Cost = query.Whole("cost", 1, 0, verify.MaxCost)
	return query.Err()
}

// wantsFresh reports whether the verifier asks to bypass the cache.
func wantsFresh(r *http.Request) bool {
	v := r.Header["Cache-Control"]
	return len(v) > 0 && strings.Contains(strings.ToLower(v[0]), "no-cache")
}

// refuse answers GET /verify with the status of the code.
func (h *verifyHandlers) refuse(c *gin.Context, v *verify.Verdict) {
	p := refusal(c.Writer.Header(), v)
	writeProblem(c, &p, nil)
}

// refusal returns the problem for a key that is refused, and writes the headers
// that go with it.
func refusal(into http.Header, v *verify.Verdict) client.Problem {
	if challenge := challengeOf(v); challenge != "" {
		into["Www-Authenticate"] = []string{challenge}
	}
	into["Cache-Control"] = noStoreHeader
	p := problem(httpx.StatusOf(v.Code), string(v.Code), v.Detail.String(), "")
	if v.Code == verify.InsufficientScope {
		p.MissingScopes = v.Missing
	}
	return p
}

// challengeOf returns WWW-Authenticate for a refusal (RFC 6750 section 3): no
// error if no key was sent, and the missing scopes if those are the reason.
func challengeOf(v *verify.Verdict) string {
	switch {
	case v.Code == verify.Missing:
		return bearer
	case v.Code == verify.InsufficientScope:
		return insufficient(v.Missing...)
	case httpx.StatusOf(v.Code) == http.StatusUnauthorized:
		return bearer + `, error="invalid_token"`
	default:
		return ""
	}
}

// insufficient returns the challenge for a valid credential that lacks the
// scopes.
func insufficient(scopes ...string) string {
	return bearer + `, error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
}

const bearer = `Bearer realm="latchkey"` //nolint:gosec // G101: the name of a scheme

// verifyAsked answers POST /verify: a verifier asks about a key, and the body
// holds the decision.
func (h *verifyHandlers) verifyAsked(c *gin.Context) {
	verdict, err := h.ask(c)
	if err != nil {
		h.render(c, err)
		return
	}
	verdicts.WriteLimits(c.Writer.Header(), &verdict)
	write(c, &verdict, false)
}

func (h *verifyHandlers) ask(c *gin.Context) (verify.Verdict, error) {
	q := &verify.Question{}
	if h.open {
		if err := httpx.Bound(c.Request, httpx.MaxAnonymousBody); err != nil {
			return verify.Verdict{}, err
		}
		q.Charged = "address " + proxies.Neighbourhood(h.edge.Trusted.Client(c.Request).Address)
	} else {
		p, err := h.asker(c.Request)
		if err != nil {
			return verify.Verdict{}, err
		}
		q.Asker, q.Charged, q.Fresh = p, charged(p), wantsFresh(c.Request)
	}
	if c.Request.URL.RawQuery != "" {
		if err := httpx.NewQuery(c.Request).Err(); err != nil {
			return verify.Verdict{}, err
		}
	}
	if err := readQuestion(c.Request, q); err != nil {
		return verify.Verdict{}, err
	}
	return h.verifier.Verify(c.Request.Context(), q)
}

// asker returns the caller, if they may verify keys.
func (h *verifyHandlers) asker(r *http.Request) (*auth.Principal, error) {
	p, err := h.chain.AuthenticateFrom(h.edge.Trusted.Client(r), r)
	if err != nil {
		return nil, err
	}
	if !verifyPermission.Permits(p, r.Method) && !p.May(keys.VerifyKeys, "") {
		return nil, denied(p, verifyPermission)
	}
	return p, nil
}

// verifyPermission is what POST /verify needs.
var verifyPermission = auth.HasScope(keys.VerifyKeys)

// charged returns what unknown keys that the caller asks about are charged to.
func charged(p *auth.Principal) string { return cmp.Or(p.KeyID, p.ID()) }

// scratch holds a request while it is read, and an answer while it is written.
type scratch struct {
	bytes    []byte
	decision verdicts.Decision
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func readQuestion(r *http.Request, q *verify.Question) error {
	if !isJSON(r.Header["Content-Type"]) {
		_, err := httpx.Body(r, jsonType)
		if err != nil {
			return err
		}
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	body, err := httpx.ReadInto(s.bytes[:0], r)
	s.bytes = body[:0]
	if err != nil {
		return err
	}
	var in client.VerifyRequest
	if !verifyjson.Parse(string(body), &in) {
		return readUnusual(body, q)
	}
	return question(&in, q)
}

// readUnusual reads any JSON that is valid. It is apart so that the usual kind is
// read into memory on the stack.
func readUnusual(body []byte, q *verify.Question) error {
	var in client.VerifyRequest
	if err := strictjson.Decode(body, &in); err != nil {
		return err
	}
	return question(&in, q)
}

// isJSON is a fast check for the media type that clients usually send.
func isJSON(v []string) bool { return len(v) == 1 && v[0] == jsonType }

// maxUserAgent bounds a question's user agent in bytes; fewer are kept.
const maxUserAgent = 2048

func question(in *client.VerifyRequest, q *verify.Question) error {
	var f errs.Faults
	q.Key, q.Scopes, q.Cost, q.DryRun = in.Key, in.Scopes, 1, in.DryRun
	f.Check(in.Key != "", "key", "required")
	verify.CheckScopes(q.Scopes, "scopes", f.Add)
	if in.Cost != nil {
		q.Cost = *in.Cost
		f.Check(verify.ValidCost(q.Cost), "cost", "cost_out_of_range")
	}
	q.UserAgent = in.UserAgent
	f.Check(len(in.UserAgent) <= maxUserAgent && strings.IndexByte(in.UserAgent, 0) < 0, "user_agent",
		"user_agent_invalid")
	if in.IP != "" {
		var err error
		q.Address, err = netip.ParseAddr(in.IP)
		f.Check(err == nil && q.Address.Zone() == "", "ip", "address_invalid")
	}
	return f.Err()
}

// write answers with the verdict, as the key's holder or as a verifier sees it.
func write(c *gin.Context, v *verify.Verdict, holder bool) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.decision.Set(v)
	if holder {
		s.decision.ForHolder()
	}
	body := verifyjson.Append(s.bytes[:0], &s.decision.VerifyResponse)
	s.bytes, s.decision = body[:0], verdicts.Decision{} // keep no grant alive
	h := c.Writer.Header()
	h["Content-Type"], h["Cache-Control"], h["X-Content-Type-Options"] = jsonHeader, noStoreHeader, nosniffHeader
	c.Status(http.StatusOK)
	_, _ = c.Writer.Write(body) // the client disconnected
}

// Header values that every answer shares. Never modified.
var (
	jsonHeader    = []string{jsonType}
	noStoreHeader = []string{"no-store"}
	nosniffHeader = []string{"nosniff"}
)
