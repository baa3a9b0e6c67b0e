package client

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// call sends the request and returns the decoded response.
func call[T any](ctx context.Context, c *Client, r request) (T, error) {
	var out T
	r.out = &out
	if _, err := c.do(ctx, &r); err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

// send sends the request and discards the response body.
func send(ctx context.Context, c *Client, r request) error {
	_, err := c.do(ctx, &r)
	return err
}

// judge decodes a successful response into r.out and returns the error of any
// other.
func judge(a *answer, r *request, now time.Time) *Error {
	switch {
	case a.status >= 200 && a.status < 300 || r.refusals != nil && r.refusals(a):
		return decode(a, r.out)
	case a.status >= 300 && a.status < 400:
		return badAnswer(a, "a redirect, which is not followed; Config.URL may name another address than the service has")
	case !isJSON(a):
		e := badAnswer(a, "not Latchkey's; something in between may have answered")
		e.RetryAfter = retryAfter(a.header, now)
		return e
	}
	e := problem(a, r.form != nil)
	e.RetryAfter = retryAfter(a.header, now)
	return e
}

func decode(a *answer, out any) *Error {
	if out == nil || a.status == http.StatusNoContent {
		return nil
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = a.body
		return nil
	}
	if !isJSON(a) {
		return badAnswer(a, "not JSON; something in between may have answered")
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return badAnswer(a, "not the JSON that belongs here"+where(err))
	}
	if tagged, ok := out.(interface{ setETag(tag string) }); ok {
		tagged.setETag(a.header.Get("ETag"))
	}
	return nil
}

// where names the part of the response that is wrong, without quoting a value.
func where(err error) string {
	if e, ok := errorAs[*json.SyntaxError](err); ok {
		return ", at byte " + strconv.FormatInt(e.Offset, 10)
	}
	if e, ok := errorAs[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return ", in " + e.Field
	}
	return ""
}

func badAnswer(a *answer, detail string) *Error {
	return &Error{
		Kind: BadAnswer, Status: a.status, ContentType: mediaType(a.header), RequestID: requestID(a),
		Detail: detail + " (" + describe(a) + ")",
	}
}

func describe(a *answer) string {
	if t := mediaType(a.header); t != "" {
		return t + ", " + strconv.Itoa(len(a.body)) + " bytes"
	}
	return "no Content-Type, " + strconv.Itoa(len(a.body)) + " bytes"
}

// oauthError is an error in the format of RFC 6749.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// problem reads a problem document or, for OAuth endpoints, an OAuth error. Other
// JSON does not come from Latchkey: many services answer {"error":"not found"}.
func problem(a *answer, oauth bool) *Error {
	var p Problem
	if mediaType(a.header) == "application/problem+json" && json.Unmarshal(a.body, &p) == nil && p.Code != "" {
		return &Error{
			Kind: kindOf(a.status), Status: a.status, Code: p.Code, Title: p.Title, Detail: p.Detail, Instance: p.Instance,
			RequestID: requestIDOr(a, p.Instance), Fields: p.Errors, MissingScopes: p.MissingScopes,
		}
	}
	var o oauthError
	if oauth && json.Unmarshal(a.body, &o) == nil && o.Error != "" {
		return &Error{
			Kind: kindOf(a.status), Status: a.status, Code: o.Error, Title: http.StatusText(a.status), Detail: o.Description,
			RequestID: requestID(a),
		}
	}
	return badAnswer(a, "no problem document; something in between may have answered")
}

const requestIDHeader = "X-Request-Id"

func requestID(a *answer) string { return a.header.Get(requestIDHeader) }

func requestIDOr(a *answer, instance string) string {
	if id, ok := strings.CutPrefix(instance, "urn:latchkey:request:"); ok {
		return id
	}
	return requestID(a)
}

func mediaType(h http.Header) string {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

func isJSON(a *answer) bool {
	t := mediaType(a.header)
	return t == "application/json" || strings.HasSuffix(t, "+json")
}

// longest caps Retry-After; nobody waits that long.
const longest = 100 * 365 * 24 * time.Hour

// retryAfter parses Retry-After, in seconds or as a date; 0 if there is none. A
// date is relative to the response's own Date, as the clocks may differ.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	seconds, err := strconv.ParseInt(v, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(max(0, seconds), int64(longest/time.Second))) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	return min(max(0, at.Sub(now)), longest)
}

// errSecretLost says that the object was created but the response with its secret
// was lost.
var errSecretLost = errors.New("an earlier answer, with the secret, was lost; rotate or revoke the object and make another")

// orSecretLost returns an error if the object was created but its secret never
// arrived.
func orSecretLost(operation, secret string, err error) error {
	if err == nil && secret == "" {
		return &Error{Kind: SecretLost, Operation: operation, Err: errSecretLost}
	}
	return err
}
