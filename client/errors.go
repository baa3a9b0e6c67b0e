package client

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind is what went wrong. Each Kind is an error: errors.Is(err, NotFound).
type Kind string

// Kinds of errors that Latchkey answers.
const (
	Invalid         Kind = "invalid request"           // 400, 422: see Error.Fields
	Unauthenticated Kind = "not authenticated"         // 401: no credential, or a wrong one
	Forbidden       Kind = "permission denied"         // 403
	NotFound        Kind = "not found"                 // 404: or not to be seen by the caller
	Conflict        Kind = "conflict"                  // 409
	Stale           Kind = "changed since it was read" // 412: If-Match no longer holds
	TooLarge        Kind = "request too large"         // 413
	Limited         Kind = "too many requests"         // 429: see Error.RetryAfter
	Internal        Kind = "internal error"            // 500
	Unavailable     Kind = "unavailable"               // 503
	Unexpected      Kind = "unexpected answer"         // any other status
)

// Kinds of errors without an answer of Latchkey's.
const (
	Unreachable Kind = "unreachable"       // no connection: DNS, TCP or TLS; nothing was sent
	TimedOut    Kind = "timed out"         // Config.Timeout or the context's deadline
	Canceled    Kind = "canceled"          // by the caller's context
	Broken      Kind = "connection broken" // sent, and no whole answer came
	BadAnswer   Kind = "bad answer"        // not Latchkey's: another media type, too long, not JSON, a redirect
	Misused     Kind = "misused"           // by the caller; nothing was sent
	SecretLost  Kind = "secret lost"       // made, but the only answer with the secret never came
)

// Error returns the kind in words.
func (k Kind) Error() string { return "latchkey: " + string(k) }

// Error is a call that has not worked. It holds no secret, no URL and no body.
type Error struct {
	Kind          Kind
	Operation     string // such as "POST /api/keys/{id}/rotate"
	Status        int    // 0 where no answer came
	Code          string // names the fault and does not change, such as too_many_keys
	Title         string
	Detail        string // for people
	Instance      string
	RequestID     string // that the service's log has
	Fields        []FieldError
	MissingScopes []string
	RetryAfter    time.Duration // 0 where the answer does not say
	ContentType   string        // of an answer that is not Latchkey's
	Tries         int           // how often it was sent
	Err           error         // why no answer came
}

// Error returns operation, status, code and detail, and the faults of fields.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("latchkey: ")
	if e.Operation != "" {
		b.WriteString(e.Operation + ": ")
	}
	if e.Status != 0 {
		b.WriteString(strconv.Itoa(e.Status) + " ")
	}
	b.WriteString(e.what())
	for i, f := range e.Fields {
		separator := ", "
		if i == 0 {
			separator = ": "
		}
		fmt.Fprintf(&b, "%s%s %s", separator, f.Field, f.Detail)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Tries > 1 {
		fmt.Fprintf(&b, " (tried %d times)", e.Tries)
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

func (e *Error) what() string {
	what := e.Code
	if what == "" {
		what = string(e.Kind)
	}
	if e.Detail != "" {
		what += ": " + e.Detail
	}
	return what
}

// Unwrap returns why no answer came.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether the target is the error's kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// Temporary reports whether the same call may work later.
func (e *Error) Temporary() bool {
	switch e.Kind {
	case Limited, Internal, Unavailable, Unreachable, TimedOut, Broken:
		return true
	default:
		return e.Status >= http.StatusBadGateway && e.Status <= http.StatusGatewayTimeout // of a proxy
	}
}

func kindOf(status int) Kind {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return Invalid
	case http.StatusUnauthorized:
		return Unauthenticated
	case http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return NotFound
	case http.StatusConflict:
		return Conflict
	case http.StatusPreconditionFailed:
		return Stale
	case http.StatusRequestEntityTooLarge:
		return TooLarge
	case http.StatusTooManyRequests:
		return Limited
	case http.StatusInternalServerError:
		return Internal
	case http.StatusServiceUnavailable:
		return Unavailable
	default:
		return Unexpected
	}
}
