package httpx

import (
	"net/http"

	"github.com/latchkey/latchkey/verify"
)

// StatusOf returns the HTTP status for the code when the key's holder asks.
func StatusOf(c verify.Code) int {
	switch c {
	case verify.Valid:
		return http.StatusOK
	case verify.PlainHTTP, verify.AddressNotAllowed, verify.InsufficientScope:
		return http.StatusForbidden
	case verify.RateLimited, verify.QuotaExceeded:
		return http.StatusTooManyRequests
	default:
		return http.StatusUnauthorized
	}
}
