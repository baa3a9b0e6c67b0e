package oauth

import (
	"net/http"
	"time"
)

// Code is an error code of RFC 6749 section 5.2, or of the RFCs built on it.
type Code string

// The codes.
const (
	InvalidRequest         Code = "invalid_request"
	InvalidClient          Code = "invalid_client"
	InvalidScope           Code = "invalid_scope"
	UnauthorizedClient     Code = "unauthorized_client"
	UnsupportedGrantType   Code = "unsupported_grant_type"
	InsufficientScope      Code = "insufficient_scope"      // RFC 6750
	TemporarilyUnavailable Code = "temporarily_unavailable" // over a limit, or a dependency is unavailable
	ServerError            Code = "server_error"
)

// Error is an error in the form of OAuth 2.0.
type Error struct {
	Code        Code
	Description string
	Challenge   bool          // the client used HTTP Basic, so the answer needs WWW-Authenticate
	RetryAfter  time.Duration // 0 for no hint
	TooLarge    bool          // the body is too long
}

// Error returns code and description.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Description }

// Status returns the HTTP status of the code.
func (e *Error) Status() int {
	switch e.Code {
	case InvalidRequest:
		if e.TooLarge {
			return http.StatusRequestEntityTooLarge
		}
		return http.StatusBadRequest
	case InvalidClient:
		return http.StatusUnauthorized
	case InsufficientScope:
		return http.StatusForbidden
	case TemporarilyUnavailable:
		if e.RetryAfter > 0 {
			return http.StatusTooManyRequests
		}
		return http.StatusServiceUnavailable
	case ServerError:
		return http.StatusInternalServerError
	default:
		return http.StatusBadRequest
	}
}

func refuse(code Code, description string) error { return &Error{Code: code, Description: description} }

func unknownClient(c Credentials, description string) error {
	return &Error{Code: InvalidClient, Description: description, Challenge: c.Basic}
}
