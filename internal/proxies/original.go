package proxies

import (
	"net/http"
	"strings"
)

// Family names the one set of headers in which the trusted proxies tell the method and the
// URI of their client's request. As with Header, what they do not set comes from the
// client and is never read.
type Family string

// The families.
const (
	XForwarded Family = "x-forwarded" // X-Forwarded-Method, X-Forwarded-Uri
	XOriginal  Family = "x-original"  // X-Original-Method, X-Original-URL or X-Original-URI
	ByPath     Family = "path"        // the request's own method, and the path below /verify/
)

// Families lists them.
func Families() []Family { return []Family{XForwarded, XOriginal, ByPath} }

// Original tells the method and the URI of a client's request.
type Original interface {
	Original() (method, uri string)
}

// Original returns what tells of the client's request, for a request of a trusted proxy. It
// reads nothing yet.
func (f Family) Original(r *http.Request) Original {
	switch f {
	case XOriginal:
		return (*xOriginal)(r)
	case ByPath:
		return (*byPath)(r)
	default:
		return (*xForwarded)(r)
	}
}

type (
	xForwarded http.Request
	xOriginal  http.Request
	byPath     http.Request
)

// Original implements Original.
func (r *xForwarded) Original() (method, uri string) {
	return r.Header.Get("X-Forwarded-Method"), r.Header.Get("X-Forwarded-Uri")
}

// Original implements Original. ingress-nginx sends the URL, others the URI.
func (r *xOriginal) Original() (method, uri string) {
	if uri = r.Header.Get("X-Original-Url"); uri == "" {
		uri = r.Header.Get("X-Original-Uri")
	}
	return r.Header.Get("X-Original-Method"), uri
}

// prefixes are what stands before the path of the client's request: that of our recipes,
// or else any.
var prefixes = []string{"/verify/request", "/verify"}

// Original implements Original. Without a path below, the request is none of a client's.
func (r *byPath) Original() (method, uri string) {
	path := r.URL.EscapedPath()
	for _, prefix := range prefixes {
		if below, ok := strings.CutPrefix(path, prefix); ok && len(below) > 1 && below[0] == '/' {
			return r.Method, below
		}
	}
	return "", ""
}
