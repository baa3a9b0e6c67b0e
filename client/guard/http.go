package guard

import (
	"encoding/json"
	"net/http"
)

// Require returns middleware that admits requests with a valid key that has all
// of the scopes. A CORS preflight has no key, so CORS middleware must come first.
func (g *Guard) Require(scopes ...string) func(http.Handler) http.Handler {
	need := Need{Scopes: scopes}
	return g.RequireFunc(func(*http.Request) Need { return need })
}

// RequireFunc returns middleware that calls needs for what each request needs.
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

// CallerOf returns the part of the request that the decision depends on.
func CallerOf(r *http.Request) Caller { return Caller{Header: r.Header, RemoteAddr: r.RemoteAddr} }

// SetHeader adds the decision's headers to those of the response.
func (d *Decision) SetHeader(h http.Header) {
	for name, values := range d.Header {
		h[name] = values
	}
}

// Write answers a refused request with a problem document (RFC 9457).
func (d *Decision) Write(w http.ResponseWriter) {
	d.SetHeader(w.Header())
	body, err := json.Marshal(d.Problem)
	if err != nil { // only strings and numbers
		body = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(d.Problem.Status)
	_, _ = w.Write(body) // the client disconnected
}
