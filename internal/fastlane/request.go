package fastlane

import (
	"bytes"
	"net/http"
)

// body is the content of a request, all of it in memory.
type body struct{ bytes.Reader }

// Close implements io.Closer.
func (*body) Close() error { return nil }

// prepare turns the parsed request into one of net/http's.
func (n *lane) prepare() {
	p, b := &n.parsed, n.buffer[n.read:n.read+n.parsed.end]
	for i := range p.count {
		canonicalize(p.lines[i].name.of(b))
	}
	head := string(b[:p.bodyAt]) // the only copy: handlers may keep parts of it, which must not change
	n.fillHeader(head)
	n.url.Path, n.url.RawQuery = head[p.path.from:p.path.to], head[p.query.from:p.query.to]
	n.url.ForceQuery = p.query.from > 0 && p.query.from == p.query.to
	n.request = n.blank
	host := p.lines[p.host].value
	n.request.Host, n.request.RequestURI = head[host.from:host.to], head[p.path.from:max(p.path.to, p.query.to)]
	if p.post {
		n.body.Reset(b[p.bodyAt:])
		n.request.Method, n.request.Body, n.request.ContentLength = http.MethodPost, &n.body, int64(p.length)
		if p.length == 0 {
			n.request.Body = http.NoBody
		}
	}
}

func (n *lane) fillHeader(head string) {
	clear(n.header)
	for i := range n.parsed.count {
		if i == n.parsed.host {
			continue
		}
		l := &n.parsed.lines[i]
		name, value := head[l.name.from:l.name.to], head[l.value.from:l.value.to]
		if before := n.header[name]; before != nil {
			n.header[name] = append(before, value)
			continue
		}
		n.values[i] = value
		n.header[name] = n.values[i : i+1 : i+1]
	}
}

// canonicalize writes a name in the form of net/http's header maps.
func canonicalize(name []byte) {
	upper := true
	for i, c := range name {
		switch {
		case upper && 'a' <= c && c <= 'z':
			name[i] = c - ('a' - 'A')
		case !upper && 'A' <= c && c <= 'Z':
			name[i] = c + ('a' - 'A')
		}
		upper = c == '-'
	}
}
