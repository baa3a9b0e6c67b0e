package api

import "github.com/latchkey/latchkey/verify"

// PlainHTTP says what happens to a key that arrives without TLS.
type PlainHTTP string

// What can happen, beside nothing.
const (
	PlainMark   PlainHTTP = "mark"   // the key is recorded as exposed, and its owner told
	PlainRefuse PlainHTTP = "refuse" // that, and the request is refused
)

// exposed notes that a known key arrived without TLS. A key that has ended does no
// harm.
func (h *verifyHandlers) exposed(v *verify.Verdict) {
	if !v.Grant.Known() || v.Grant.KeyID() == "" || v.Code == verify.Revoked || v.Code == verify.Expired {
		return
	}
	h.arrivedPlain(v.Grant.KeyID())
}
