package httpx

import (
	"net/http"

	"github.com/latchkey/latchkey/verify"
)

// StatusOf is the HTTP status that means the code, where the key asks for itself.
func StatusOf(c verify.Code) int {
	switch c {
	case verify.Valid:
		return http.StatusOK
	case verify.AddressNotAllowed, verify.InsufficientScope:
		return http.StatusForbidden
	case verify.RateLimited, verify.QuotaExceeded:
		return http.StatusTooManyRequests
	default:
		return http.StatusUnauthorized
	}
}
