package verifyjson

import (
	"strconv"
	"time"

	"github.com/latchkey/latchkey/client"
)

// Append appends the decision as JSON. It is written by hand because it is on the path
// of every request to the provider's API.
func Append(b []byte, v *client.VerifyResponse) []byte {
	b = append(b, `{"valid":`...)
	b = strconv.AppendBool(b, v.Valid)
	b = appendMember(b, `,"code":`, v.Code)
	if v.Detail != "" {
		b = appendMember(b, `,"detail":`, v.Detail)
	}
	if v.KeyID != "" {
		b = appendGrant(b, v)
	}
	if v.MissingScopes != nil {
		b = append(b, `,"missing_scopes":`...)
		b = appendStrings(b, v.MissingScopes)
	}
	if v.RateLimit != nil {
		b = appendLimit(b, v.RateLimit)
	}
	if v.Quota != nil {
		b = appendQuota(b, v.Quota)
	}
	if v.Steps != nil {
		b = appendSteps(b, v.Steps)
	}
	return append(b, '}')
}

// appendGrant omits what the key's holder is not told: names, service account and
// metadata.
func appendGrant(b []byte, v *client.VerifyResponse) []byte {
	b = appendMember(b, `,"key_id":`, v.KeyID)
	if v.ServiceAccount != nil {
		b = appendMember(b, `,"name":`, v.Name)
	}
	b = appendMember(b, `,"environment":`, v.Environment)
	if a := v.ServiceAccount; a != nil {
		b = appendMember(b, `,"service_account":{"id":`, a.ID)
		b = appendMember(b, `,"name":`, a.Name)
		b = appendMember(b, `,"external_id":`, a.ExternalID)
		b = appendRaw(b, `,"metadata":`, a.Metadata)
		b = append(b, '}')
	}
	b = appendMember(b, `,"organization_id":`, v.OrganizationID)
	b = appendMember(b, `,"tier":`, v.Tier)
	b = append(b, `,"scopes":`...)
	b = appendStrings(b, v.Scopes)
	b = append(b, `,"expires_at":`...)
	b = appendTime(b, v.ExpiresAt)
	if v.ServiceAccount == nil {
		return b
	}
	return appendRaw(b, `,"metadata":`, v.Metadata)
}

func appendLimit(b []byte, l *client.LimitState) []byte {
	b = append(b, `,"rate_limit":{"limit":`...)
	b = strconv.AppendInt(b, l.Limit, 10)
	b = append(b, `,"remaining":`...)
	b = strconv.AppendInt(b, l.Remaining, 10)
	b = append(b, `,"reset_after":"`...)
	b = appendSeconds(b, time.Duration(l.ResetAfter))
	b = appendMember(b, `s","scope":`, l.Scope)
	return append(b, '}')
}

func appendQuota(b []byte, q *client.QuotaState) []byte {
	b = append(b, `,"quota":{"limit":`...)
	b = strconv.AppendInt(b, q.Limit, 10)
	b = append(b, `,"remaining":`...)
	b = strconv.AppendInt(b, q.Remaining, 10)
	b = append(b, `,"resets_at":`...)
	b = appendTime(b, q.ResetsAt)
	return append(b, '}')
}

func appendSteps(b []byte, steps []client.VerifyStep) []byte {
	b = append(b, `,"steps":[`...)
	for i, s := range steps {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMember(b, `{"check":`, s.Check)
		b = appendMember(b, `,"outcome":`, s.Outcome)
		b = appendMember(b, `,"code":`, s.Code)
		b = appendMember(b, `,"detail":`, s.Detail)
		b = appendMember(b, `,"change":`, s.Change)
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendMember(b []byte, name, value string) []byte {
	return appendString(append(b, name...), value)
}

func appendRaw(b []byte, name string, raw []byte) []byte {
	b = append(b, name...)
	if len(raw) == 0 {
		return append(b, '{', '}')
	}
	return append(b, raw...)
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

const hexDigits = "0123456789abcdef"

// appendString appends s, which is valid UTF-8, as a JSON string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		if c == '"' || c == '\\' {
			b = append(b, '\\', c)
		} else {
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		start = i + 1
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// appendSeconds appends d in seconds with millisecond precision, rounded up.
func appendSeconds(b []byte, d time.Duration) []byte {
	milliseconds := int64((d + time.Millisecond - 1) / time.Millisecond)
	b = strconv.AppendInt(b, milliseconds/1000, 10)
	if rest := milliseconds % 1000; rest != 0 {
		b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return b
}
