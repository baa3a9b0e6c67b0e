// Package httpx is the HTTP glue that the API and the portal share: the status of each kind
// of error, request ids, safe headers, and reading requests.
package httpx

import (
	"errors"
	"net/http"
	"time"

	"github.com/latchkey/latchkey/errs"
)

var statuses = map[errs.Kind]int{
	errs.Invalid:         http.StatusBadRequest,
	errs.Unauthenticated: http.StatusUnauthorized,
	errs.Forbidden:       http.StatusForbidden,
	errs.NotFound:        http.StatusNotFound,
	errs.NotAcceptable:   http.StatusNotAcceptable,
	errs.Conflict:        http.StatusConflict,
	errs.Stale:           http.StatusPreconditionFailed,
	errs.TooLarge:        http.StatusRequestEntityTooLarge,
	errs.Unsupported:     http.StatusUnsupportedMediaType,
	errs.Limited:         http.StatusTooManyRequests,
	errs.Unavailable:     http.StatusServiceUnavailable,
}

// ComeAgain is when to retry what cannot be answered now, if nothing gives a better time.
const ComeAgain = 5 * time.Second

// InternalCode is the problem code of internal errors.
const InternalCode = "internal_error"

// Public returns the status of the error and what clients may know about it. An internal
// error becomes 500 with a fixed text.
func Public(err error) (int, *errs.Error) {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		if status, known := statuses[e.Kind]; known {
			if e.Kind == errs.Unavailable && e.RetryAfter == 0 {
				later := *e
				later.RetryAfter = ComeAgain
				e = &later
			}
			return status, e
		}
	}
	if errs.KindOf(err) == errs.Unavailable {
		return http.StatusServiceUnavailable, &errs.Error{
			Kind: errs.Unavailable, RetryAfter: ComeAgain, Text: errs.Say("unavailable"),
		}
	}
	return http.StatusInternalServerError, errs.WithCode("", InternalCode, "internal")
}

// Code returns the problem code of a public error.
func Code(e *errs.Error) string {
	if e.Code != "" {
		return e.Code
	}
	return string(e.Kind)
}
