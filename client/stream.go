package client

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
)

// stream sends the request once, with a body that is read while it is sent, or writes the
// body of a success to a writer while it arrives. Only the context bounds it.
func (c *Client) stream(ctx context.Context, r *request, body io.Reader, to io.Writer) error {
	p, err := c.prepare(r)
	if err != nil {
		return r.misused(err.Error())
	}
	failed := c.transfer(ctx, r, p, body, to)
	if failed == nil {
		return nil
	}
	failed.Operation, failed.Tries = p.operation, 1
	return failed
}

func (c *Client) transfer(ctx context.Context, r *request, p *prepared, body io.Reader, to io.Writer) *Error {
	var connected bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	sent, err := http.NewRequestWithContext(traced, p.method, p.url, body)
	if err != nil {
		return &Error{Kind: Misused, Err: err}
	}
	sent.Header = p.header.Clone()
	credential, err := c.credential(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return transportError(ctx, err, false)
	case err != nil:
		return &Error{Kind: Misused, Err: err}
	}
	credential.authorize(sent.Header)
	got, err := c.http.Do(sent)
	if err != nil {
		return transportError(ctx, err, connected)
	}
	defer got.Body.Close() //nolint:errcheck // read to its end, or given up
	if to == nil || got.StatusCode != http.StatusOK {
		a, failed := c.read(ctx, got)
		if failed != nil {
			return failed
		}
		return judge(a, r, c.now())
	}
	if kind := mediaType(got.Header); kind != "application/jsonl" {
		return badAnswer(&answer{status: got.StatusCode, header: got.Header}, "not an export; something in between may have answered")
	}
	if _, err := io.Copy(to, got.Body); err != nil {
		return transportError(ctx, err, true)
	}
	return nil
}
