package guard

import (
	"encoding/json"
	"net/http"
)

// Require returns middleware that lets in whoever has a valid key with all of
// the scopes. A preflight of CORS has no key: put CORS before it.
func (g *Guard) Require(scopes ...string) func(http.Handler) http.Handler {
	need := Need{Scopes: scopes}
	return g.RequireFunc(func(*http.Request) Need { return need })
}

// RequireFunc returns middleware that asks the function what each request needs.
func (g *Guard) RequireFunc(needs func(*http.Request) Need) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d := g.Decide(r.Context(), CallerOf(r), needs(r))
			if !d.Allowed {
				d.Write(w)
				return
			}
			d.SetHeader(w.Header())
			if d.Known {
				r = r.WithContext(WithIdentity(r.Context(), d.Verdict))
			}
			next.ServeHTTP(w, r)
		})
	}
}

// CallerOf returns what of the request the decision depends on.
func CallerOf(r *http.Request) Caller { return Caller{Header: r.Header, RemoteAddr: r.RemoteAddr} }

// SetHeader puts the decision's headers among those of the answer.
func (d *Decision) SetHeader(h http.Header) {
	for name, values := range d.Header {
		h[name] = values
	}
}

// Write answers a request that was refused, by a problem document (RFC 9457).
func (d *Decision) Write(w http.ResponseWriter) {
	d.SetHeader(w.Header())
	body, err := json.Marshal(d.Problem)
	if err != nil { // of strings and numbers
		body = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(d.Problem.Status)
	_, _ = w.Write(body) // a client that went away is not our fault
}
