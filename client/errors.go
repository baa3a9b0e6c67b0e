package client

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind classifies an Error. Each Kind is an error itself: errors.Is(err,
// NotFound).
type Kind string

// Kinds of errors in Latchkey's responses.
const (
	Invalid         Kind = "invalid request"           // 400, 422: see Error.Fields
	Unauthenticated Kind = "not authenticated"         // 401: no credential, or an invalid one
	Forbidden       Kind = "permission denied"         // 403
	NotFound        Kind = "not found"                 // 404: or the caller may not see it
	Conflict        Kind = "conflict"                  // 409
	Stale           Kind = "changed since it was read" // 412: If-Match no longer holds
	TooLarge        Kind = "request too large"         // 413
	Limited         Kind = "too many requests"         // 429: see Error.RetryAfter
	Internal        Kind = "internal error"            // 500
	Unavailable     Kind = "unavailable"               // 503
	Unexpected      Kind = "unexpected answer"         // any other status
)

// Kinds of errors without a response from Latchkey.
const (
	Unreachable Kind = "unreachable"       // no connection: DNS, TCP or TLS; nothing was sent
	TimedOut    Kind = "timed out"         // Config.Timeout or the context's deadline
	Canceled    Kind = "canceled"          // by the caller's context
	Broken      Kind = "connection broken" // sent, but the response is missing or incomplete
	BadAnswer   Kind = "bad answer"        // not Latchkey's: another media type, too long, not JSON, a redirect
	Misused     Kind = "misused"           // by the caller; nothing was sent
	SecretLost  Kind = "secret lost"       // created, but the only response with the secret was lost
)

// Error returns the kind in words.
func (k Kind) Error() string { return "latchkey: " + string(k) }

// Error is a failed call. It contains no secret, no URL and no body.
type Error struct {
	Kind          Kind
	Operation     string // such as "POST /api/keys/{id}/rotate"
	Status        int    // 0 if there was no response
	Code          string // stable name of the error, such as too_many_keys
	Title         string
	Detail        string // for people
	Instance      string
	RequestID     string // appears in the service's log
	Fields        []FieldError
	MissingScopes []string
	RetryAfter    time.Duration // 0 if the response does not say
	ContentType   string        // of a response that is not Latchkey's
	Tries         int           // how often it was sent
	Err           error         // why there was no response
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

// Unwrap returns why there was no response.
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
		return e.Status >= http.StatusBadGateway && e.Status <= http.StatusGatewayTimeout // from a proxy
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
