package httpx

import "net/http"

// Heads answers HEAD as GET is answered (RFC 9110 section 9.3.2). The server omits the
// content.
func Heads(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			as := *r
			as.Method = http.MethodGet
			r = &as
		}
		next.ServeHTTP(w, r)
	})
}
