package extauthz

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/latchkey/latchkey/internal/verdicts"
	"github.com/latchkey/latchkey/verify"
)

// Numbers of fields in envoy/service/auth/v3, envoy/config/core/v3 and
// google/protobuf/struct.proto.
const (
	checkStatus   = 1
	checkOK       = 3
	checkMetadata = 4

	okHeaders         = 2
	okHeadersToRemove = 5
	okResponseHeaders = 6

	optionHeader = 1
	optionAction = 3
	overwrite    = 2 // OVERWRITE_IF_EXISTS_OR_ADD

	structFields = 1
	valueText    = 3
	valueList    = 6
	listValues   = 1
)

// foreign are headers that only Latchkey may set and does not: a client may have sent
// them.
var foreign = []string{"x-api-key", "x-latchkey-scope", "x-latchkey-cost", "x-latchkey-api", "x-latchkey-audience"}

// appendPassed appends the CheckResponse that lets a request through: with the identity,
// without the key. It is written by hand for the reason that question is read by hand.
func appendPassed(b []byte, p *pass) []byte {
	var room [16]verdicts.Header
	headers := verdicts.Identity(room[:0], &p.verdict)
	b = appendText(b, checkStatus, "") // the status OK has no field
	b = nested(b, checkOK, func(b []byte) []byte {
		for _, h := range headers {
			if strings.HasPrefix(h.Name, "X-Latchkey-") {
				b = appendHeader(b, okHeaders, h)
			}
		}
		for _, name := range foreign {
			b = appendText(b, okHeadersToRemove, name)
		}
		for _, name := range p.keyHeaders {
			b = appendText(b, okHeadersToRemove, strings.ToLower(name))
		}
		if !p.keepAuthorization {
			b = appendText(b, okHeadersToRemove, "authorization")
		}
		for _, h := range headers {
			if h.Name == "X-Latchkey-Code" || !strings.HasPrefix(h.Name, "X-Latchkey-") {
				b = appendHeader(b, okResponseHeaders, h)
			}
		}
		return b
	})
	return nested(b, checkMetadata, func(b []byte) []byte { return appendMetadata(b, &p.verdict.Grant) })
}

// appendHeader appends a HeaderValueOption that replaces what the client sent.
func appendHeader(b []byte, field protowire.Number, h verdicts.Header) []byte {
	return nested(b, field, func(b []byte) []byte {
		b = nested(b, optionHeader, func(b []byte) []byte { return appendText(appendLower(b, headerKey, h.Name), headerValue, h.Value) })
		return protowire.AppendVarint(protowire.AppendTag(b, optionAction, protowire.VarintType), overwrite)
	})
}

// appendMetadata appends what other filters, and the access log, learn of the key.
func appendMetadata(b []byte, g *verify.Grant) []byte {
	b = appendMember(b, "key_id", g.KeyID())
	b = appendMember(b, "service_account_id", g.Account.ID)
	b = appendMember(b, "organization_id", g.Account.OrganizationID)
	b = appendMember(b, "tier", g.Tier.Name)
	b = appendMember(b, "environment", string(g.Environment()))
	return nested(b, structFields, func(b []byte) []byte {
		return nested(appendText(b, headerKey, "scopes"), headerValue, func(b []byte) []byte {
			return nested(b, valueList, func(b []byte) []byte {
				for _, scope := range g.Scopes() {
					b = nested(b, listValues, func(b []byte) []byte { return appendText(b, valueText, scope) })
				}
				return b
			})
		})
	})
}

func appendMember(b []byte, name, value string) []byte {
	return nested(b, structFields, func(b []byte) []byte {
		return nested(appendText(b, headerKey, name), headerValue, func(b []byte) []byte { return appendText(b, valueText, value) })
	})
}

func appendText(b []byte, field protowire.Number, value string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), value)
}

// appendLower appends the name of a header as HTTP/2 spells it.
func appendLower(b []byte, field protowire.Number, name string) []byte {
	b = appendText(b, field, name)
	for i := len(b) - len(name); i < len(b); i++ {
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return b
}

// nested appends a message after its length.
func nested(b []byte, field protowire.Number, write func([]byte) []byte) []byte {
	b = append(protowire.AppendTag(b, field, protowire.BytesType), 0)
	at := len(b)
	b = write(b)
	length := uint64(len(b) - at) //nolint:gosec // G115: not negative
	more := protowire.SizeVarint(length) - 1
	for range more {
		b = append(b, 0)
	}
	copy(b[at+more:], b[at:])
	protowire.AppendVarint(b[:at-1], length)
	return b
}
