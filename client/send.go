package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"
)

// answer is a response with its whole body.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// attempt is the result of one try.
type attempt struct {
	answer *answer
	failed *Error // nil if the response is a success of Latchkey's own
	sent   bool   // false: nothing was sent
}

// do sends the request, retries it when that is safe, and decodes the response.
func (c *Client) do(ctx context.Context, r *request) (*answer, error) {
	p, err := c.prepare(r)
	if err != nil {
		return nil, &Error{Kind: Misused, Operation: r.method + " " + r.path, Err: err}
	}
	if p.verifies && c.config.VerifyTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.config.VerifyTimeout)
		defer cancel()
	}
	lost := false // whether an earlier try may have taken effect
	for tries := 1; ; tries++ {
		a := c.try(ctx, p)
		if a.failed == nil {
			a.failed = judge(a.answer, r, c.now())
		}
		gone := lost && r.method == http.MethodDelete && r.out == nil
		if a.failed == nil || gone && a.failed.Kind == NotFound {
			return a.answer, nil
		}
		lost = lost || a.sent && a.failed.Status != http.StatusTooManyRequests
		a.failed.Operation, a.failed.Tries = p.operation, tries
		wait, again := c.again(ctx, p, &a, tries)
		if !again || c.sleep(ctx, wait) != nil {
			return nil, a.failed
		}
	}
}

// try sends the request once.
func (c *Client) try(parent context.Context, p *prepared) (a attempt) {
	ctx := parent
	if !p.verifies && c.config.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(parent, c.config.Timeout)
		defer cancel()
	}
	a.sent = true
	var asked, got bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked = true },
		GotConn: func(httptrace.GotConnInfo) { got = true },
	})
	r, err := http.NewRequestWithContext(traced, p.method, p.url, bytes.NewReader(p.body))
	if err != nil {
		return attempt{failed: &Error{Kind: Misused, Err: errors.New("the request cannot be written")}}
	}
	r.Header = p.header.Clone()
	if !p.anonymous {
		credential, err := c.credential(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return attempt{failed: transportError(ctx, err, false)}
		case err != nil:
			return attempt{failed: &Error{Kind: Misused, Err: err}}
		}
		credential.authorize(r.Header)
	}
	response, err := c.http.Do(r)
	if err != nil {
		a.sent = got || !asked
		a.failed = transportError(ctx, err, a.sent)
		return a
	}
	defer response.Body.Close() //nolint:errcheck // read to its end, or given up
	a.answer, a.failed = c.read(ctx, response)
	return a
}

// read reads the response, up to MaxBody.
func (c *Client) read(ctx context.Context, r *http.Response) (*answer, *Error) {
	a := &answer{status: r.StatusCode, header: r.Header}
	var err error
	if r.ContentLength <= c.config.MaxBody {
		a.body, err = io.ReadAll(io.LimitReader(r.Body, min(c.config.MaxBody, math.MaxInt64-1)+1))
	}
	if err != nil {
		failed := transportError(ctx, err, true)
		failed.Status, failed.RequestID = a.status, requestID(a)
		return a, failed
	}
	if r.ContentLength > c.config.MaxBody || int64(len(a.body)) > c.config.MaxBody {
		return a, &Error{
			Kind: BadAnswer, Status: a.status, RequestID: requestID(a), ContentType: mediaType(a.header),
			Detail: "the body is longer than Config.MaxBody",
		}
	}
	return a, nil
}

// errQuotes replaces errors that quote the server's response, which may repeat
// the request.
var errQuotes = errors.New("the answer is not HTTP")

// transportError says why there is no response. It removes the *url.Error around
// the cause, which quotes the URL.
func transportError(ctx context.Context, err error, sent bool) *Error {
	if u, ok := errorAs[*url.Error](err); ok {
		err = u.Err
	}
	if text := err.Error(); sent && (strings.Contains(text, `"`) || strings.Contains(text, "malformed")) {
		err = errQuotes
	}
	e := &Error{Kind: Broken, Err: err}
	timeout, ok := errorAs[net.Error](err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Kind, e.Err = Canceled, ctx.Err()
	case ctx.Err() != nil || ok && timeout.Timeout():
		e.Kind = TimedOut
	case !sent:
		e.Kind = Unreachable
	}
	return e
}

// untrusted reports whether the server's certificate is invalid, which a retry
// does not change.
func untrusted(err error) bool {
	_, ok := errorAs[*tls.CertificateVerificationError](err)
	return ok
}

func errorAs[T error](err error) (T, bool) {
	var as T
	ok := errors.As(err, &as)
	return as, ok
}

// Waits before retries if the response does not say how long to wait.
const (
	firstWait       = 100 * time.Millisecond
	firstVerifyWait = 20 * time.Millisecond
	longestBackoff  = 5 * time.Second
)

// again reports whether to retry the request, and after how long.
func (c *Client) again(ctx context.Context, p *prepared, a *attempt, tries int) (time.Duration, bool) {
	if tries > c.config.Retries || ctx.Err() != nil || !repeatable(p, a) {
		return 0, false
	}
	first := firstWait
	if p.verifies {
		first = firstVerifyWait
	}
	wait := min(longestBackoff, first<<min(tries-1, 10))
	wait = wait/2 + time.Duration(c.jitter()*float64(wait/2))
	if after := a.failed.RetryAfter; after > 0 {
		if after > c.config.MaxWait {
			return 0, false
		}
		// Wait a little longer, so that clients with the same Retry-After do not
		// return at once.
		wait = after + time.Duration(c.jitter()*float64(min(after/10, time.Second)))
	}
	if deadline, ok := ctx.Deadline(); ok && c.now().Add(wait).After(deadline) {
		return 0, false
	}
	return wait, true
}

// repeatable reports whether a retry cannot make the request take effect twice.
func repeatable(p *prepared, a *attempt) bool {
	switch {
	case a.failed.Kind == Misused || a.failed.Kind == Canceled:
		return false
	case !a.sent:
		return !untrusted(a.failed.Err)
	case a.failed.Kind == Broken || a.failed.Kind == TimedOut:
		return p.safe
	}
	switch a.failed.Status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable: // a write may still have taken effect
		return p.safe || p.verifies && a.failed.Kind == Unavailable // 503 from a proxy proves nothing
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return p.safe
	case http.StatusConflict:
		return p.keyed && a.failed.Code == "idempotency_key_in_use"
	default:
		return false
	}
}
