package api

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/latchkey/latchkey/auth"
	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/httpx"
	"github.com/latchkey/latchkey/internal/texts"
	"github.com/latchkey/latchkey/internal/verdicts"
	"github.com/latchkey/latchkey/verify"
)

// Self verifies keys that speak for themselves, for gateways that ask by another
// protocol than HTTP. It answers what GET /verify does.
type Self struct {
	api      *API
	handlers *verifyHandlers
}

// Self returns the part of the API that other protocols share.
func (a *API) Self() *Self { return &Self{a, a.verifyHandlers()} }

// Self returns the part of the sidecar that other protocols share.
func (s *Sidecar) Self() *Self { return s.api.Self() }

// SelfAnswer is what a gateway does with the request of its client.
type SelfAnswer struct {
	// Verdict is the decision, without a code if there is none.
	Verdict verify.Verdict
	// Status is 200 for a request that may pass, else what the client gets.
	Status int
	// Header is what a refused client gets; verdicts.Identity has what belongs to a
	// request that may pass.
	Header http.Header
	// Body is the problem that a refused client gets.
	Body []byte
}

// Verify decides about the key that the request of a gateway's client carries.
// RemoteAddr is the gateway's, which the caller has found trusted, and original tells
// of the client's request. asker is who the gateway is, nil if it is known by its
// address alone. needs is what the key needs, by the names scope, cost, api and
// audience.
func (s *Self) Verify(r *http.Request, original verify.Original, asker *auth.Principal, needs map[string]string) (a SelfAnswer) {
	defer func() {
		if v := recover(); v != nil {
			s.api.Edge.Logger.ErrorContext(r.Context(), "panic", "err", fmt.Sprint(v), "stack", string(debug.Stack()))
			a = s.fault(r, errs.WithCode("", httpx.InternalCode, "panic"))
		}
	}()
	verdict, err := s.verify(r, original, asker, needs)
	if err != nil {
		return s.fault(r, err)
	}
	a = SelfAnswer{Verdict: verdict, Status: http.StatusOK}
	if verdict.Code != verify.Valid {
		a.Header = http.Header{}
		verdicts.WriteIdentity(a.Header, &verdict)
		p := refusal(a.Header, &verdict)
		a.refuse(&p)
	}
	return a
}

func (s *Self) verify(
	r *http.Request, original verify.Original, asker *auth.Principal, needs map[string]string,
) (verify.Verdict, error) {
	q, err := s.handlers.question(r, s.handlers.edge.Trusted.Behind(r), func(_ *http.Request, _ bool, q *verify.Question) error {
		return readNeeds(needs, q)
	})
	if err != nil {
		return verify.Verdict{}, err
	}
	q.Original = original
	if asker != nil {
		q.Asker, q.Charged = asker, charged(asker)
	}
	verdict, err := s.handlers.verifier.Verify(r.Context(), q)
	if err == nil && q.Plain {
		s.handlers.exposed(&verdict)
	}
	return verdict, err
}

// readNeeds refuses names that it does not know: if they were ignored, a name that
// is misspelt would admit keys that lack a scope.
func readNeeds(needs map[string]string, q *verify.Question) error {
	var f errs.Faults
	for name, value := range needs {
		switch name {
		case "scope":
			q.Scopes = listed(value)
			verify.CheckScopes(q.Scopes, name, f.Add)
		case "cost":
			if value != "" {
				q.Cost = readCost(name, []string{value}, &f)
			}
		case "api", "audience":
			f.Check(value == "", name, "header_unknown")
		default:
			f.Add(httpx.Shown(name), "unknown_parameter")
		}
	}
	return f.Err()
}

// fault returns the answer for an error, in English and with an id that the log
// has, as for GET /verify.
func (s *Self) fault(r *http.Request, err error) SelfAnswer {
	id := s.api.Edge.RequestID(r)
	status, public := httpx.Public(err)
	if status >= http.StatusInternalServerError && r.Context().Err() == nil {
		s.api.Edge.LogFailed(r, verifyPath, status, err, id)
	}
	a := SelfAnswer{Header: http.Header{httpx.RequestIDHeader: {id}}}
	p := fault(a.Header, status, public, id, texts.In(texts.English))
	a.refuse(&p)
	return a
}

func (a *SelfAnswer) refuse(p *client.Problem) {
	a.Status, a.Body = p.Status, problemBody(p, nil)
	a.Header["Content-Type"] = []string{problemType}
}

// Asker returns the gateway that asks, which r identifies by a client certificate. It
// needs what a verifier needs: whoever asks names the address of the key's user.
func (s *Self) Asker(r *http.Request) (*auth.Principal, error) {
	return s.handlers.asker(r)
}

// KeyHeaders returns the headers that may have keys beside X-API-Key and Authorization, as
// net/http spells them.
func (s *Self) KeyHeaders() []string { return s.handlers.carrier.Headers }

// KeepsAuthorization reports whether Authorization has no credential of Latchkey's,
// so that the API may get it.
func (s *Self) KeepsAuthorization(r *http.Request) bool {
	return !s.handlers.carrier.InAuthorization(r)
}
