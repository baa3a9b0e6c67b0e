package guard

import (
	"net/http"
	"strings"

	"github.com/latchkey/latchkey/client"
)

// details are the texts for keys that are refused without asking Latchkey.
var details = map[string]string{
	client.CodeMissing:   "the request has no key",
	client.CodeMalformed: "the request has several keys, or one that is no key",
}

// refuse answers an invalid key as GET /verify does.
func (g *Guard) refuse(v client.Verdict, known bool) Decision {
	d := Decision{Verdict: v, Known: known, Header: limitsOf(&v), Problem: problem(v.Status(), v.Code, v.Detail)}
	d.Problem.MissingScopes = v.MissingScopes
	d.Header.Set("Cache-Control", "no-store")
	challenge := `Bearer realm="` + g.config.Realm + `"`
	switch {
	case v.Code == client.CodeMissing: // RFC 6750 section 3.1: no error if no key was sent
		d.Header.Set("WWW-Authenticate", challenge)
	case d.Problem.Status == http.StatusUnauthorized:
		d.Header.Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
	case v.Code == client.CodeInsufficientScope:
		d.Header.Set("WWW-Authenticate", challenge+`, error="insufficient_scope", scope="`+strings.Join(v.MissingScopes, " ")+`"`)
	}
	return d
}

// unavailable answers a request without a decision. It does not say why: that is
// for Config.OnError.
func unavailable(err error) Decision {
	return Decision{
		Err: err, Problem: problem(http.StatusServiceUnavailable, "unavailable", "the key cannot be verified now; try again"),
		Header: http.Header{"Cache-Control": {"no-store"}, "Retry-After": {"5"}},
	}
}

func problem(status int, code, detail string) client.Problem {
	return client.Problem{
		Type: "urn:latchkey:problem:" + strings.ToLower(code), Title: http.StatusText(status), Status: status, Code: code, Detail: detail,
	}
}

// limitsOf returns the headers about limits that belong to the answer.
func limitsOf(v *client.Verdict) http.Header {
	h := v.Limits()
	if v.Valid {
		h.Del("Retry-After")
	}
	return h
}
