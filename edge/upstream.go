package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/feed/edgewire"
	"github.com/latchkey/latchkey/keys"
)

// Credential is a key with the scope latchkey:edge or latchkey:edge-all. It prints
// as [redacted].
type Credential string

// String returns [redacted].
func (Credential) String() string { return "[redacted]" }

// GoString returns [redacted].
func (Credential) GoString() string { return "[redacted]" }

// upstream is the nodes that feed the edge. It keeps asking one of them until that one
// stops answering.
type upstream struct {
	addresses []*url.URL
	key       Credential
	client    *http.Client
	agent     string
	current   atomic.Uint32
	refused   atomic.Pointer[error] // why the nodes do not accept the key; nil: they do
}

const (
	askTimeout = 2 * time.Second
	// pollTime is how long the answer to a poll may take to count: one that is later tells
	// of changes later than was promised. A poll waits no longer for a node if there is
	// another. Other questions do: moving on costs all that is cached.
	pollTime = keys.PollBound * 7 / 10
)

// newUpstream checks the addresses. A key is worth as much as what it protects, so nothing
// is sent to another machine unencrypted.
func newUpstream(addresses []string, key Credential, client *http.Client, version string) (*upstream, error) {
	if len(addresses) == 0 {
		return nil, errors.New("edge: name at least one upstream")
	}
	if key == "" {
		return nil, errors.New("edge: the key is missing")
	}
	u := &upstream{key: key, client: client, agent: "latchkey-edge/" + version}
	for _, text := range addresses {
		address, err := url.Parse(strings.TrimSuffix(strings.TrimSpace(text), "/"))
		switch {
		case err != nil || address.Host == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "":
			return nil, fmt.Errorf("edge: upstream %q must be a URL such as https://keys.example.com", redacted(address, text))
		case address.Scheme != "https" && (address.Scheme != "http" || !isLoopback(address.Hostname())):
			return nil, fmt.Errorf("edge: upstream %s must be https; http is for loopback addresses only", address)
		}
		u.addresses = append(u.addresses, address)
	}
	if u.client == nil {
		u.client = newClient()
	}
	return u, nil
}

// redacted removes what could contain a password.
func redacted(u *url.URL, text string) string {
	if u != nil {
		return u.Redacted()
	}
	if len(text) > 0 {
		return "…"
	}
	return ""
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = 64, 256
	transport.DialContext = (&net.Dialer{Timeout: time.Second, KeepAlive: 15 * time.Second}).DialContext
	transport.TLSHandshakeTimeout = time.Second
	transport.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ask sends the question to the node that answered last. If a node cannot be reached or
// cannot answer now it tries the others in turn. Errors are errs.NotFound, errs.Limited
// with RetryAfter, errs.Unauthenticated and errs.Forbidden if the edge's own key is not
// accepted, and errs.Unavailable.
func (u *upstream) ask(ctx context.Context, path string, question, answer any) error {
	return u.askPatiently(ctx, 0, path, question, answer)
}

// askOne is ask, but asks only the node that answered last.
func (u *upstream) askOne(ctx context.Context, path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("edge: encode a question: %w", err)
	}
	return u.send(ctx, u.addresses[u.current.Load()], path, body, answer)
}

// askPatiently is ask, but asks the next node if one is silent for longer than the
// patience, if there is another. 0 means that each has all of the time.
func (u *upstream) askPatiently(ctx context.Context, patience time.Duration, path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("edge: encode a question: %w", err)
	}
	var faults []error
	first, all := u.current.Load(), uint32(len(u.addresses)) //nolint:gosec // G115: a handful
	if all == 1 {
		patience = 0
	}
	for i := range all {
		at := (first + i) % all
		err := u.sendWithin(ctx, patience, u.addresses[at], path, body, answer)
		if errs.KindOf(err) != errs.Unavailable {
			u.current.CompareAndSwap(first, at) // unless another question moved on meanwhile
			return err
		}
		faults = append(faults, err)
		if ctx.Err() != nil {
			if i > 0 {
				u.current.CompareAndSwap(first, (at+1)%all) // those before it are silent; there was no time for the rest
			}
			break
		}
	}
	return errors.Join(faults...)
}

func (u *upstream) sendWithin(ctx context.Context, patience time.Duration, to *url.URL, path string, body []byte, answer any) error {
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	return u.send(ctx, to, path, body, answer)
}

func (u *upstream) send(ctx context.Context, to *url.URL, path string, body []byte, answer any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String()+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("edge: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-API-Key", string(u.key))
	r.Header.Set("User-Agent", u.agent)
	got, err := u.client.Do(r)
	if err != nil {
		return unavailable("cannot be reached", err)
	}
	defer got.Body.Close() //nolint:errcheck // read to its end, or given up
	text, err := io.ReadAll(io.LimitReader(got.Body, edgewire.MaxAnswer+1))
	if err != nil {
		return unavailable("answered in part", err)
	}
	if len(text) > edgewire.MaxAnswer {
		return unavailable("answered at too great length", nil)
	}
	return u.read(got, text, answer)
}

// read parses the answer. An answer that is not from a node counts as none.
func (u *upstream) read(got *http.Response, text []byte, answer any) error {
	kind, _, _ := mime.ParseMediaType(got.Header.Get("Content-Type"))
	switch {
	case got.StatusCode == http.StatusRequestEntityTooLarge: // of a node, or of a proxy before it
		return fmt.Errorf("edge: the message is too long: %w", errs.TooLarge)
	case got.StatusCode == http.StatusOK && kind == "application/json":
		if err := json.Unmarshal(text, answer); err != nil {
			return unavailable("answered what cannot be read", err)
		}
		u.refused.Store(nil)
		return nil
	case kind != "application/problem+json":
		return unavailable("answered "+got.Status+" of "+strconv.Quote(kind)+": something else answers at its address", nil)
	}
	var problem struct{ Code, Detail string }
	if json.Unmarshal(text, &problem) != nil {
		return unavailable("answered what cannot be read", nil)
	}
	switch got.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return fmt.Errorf("edge: the node refuses the message: %s: %w", problem.Detail, errs.Invalid)
	case http.StatusUnauthorized:
		return u.refuse(errs.Unauthenticated, problem.Code, problem.Detail)
	case http.StatusForbidden:
		return u.refuse(errs.Forbidden, problem.Code, problem.Detail)
	case http.StatusNotFound:
		if problem.Code != string(errs.NotFound) {
			return unavailable("has no "+got.Request.URL.Path+": it is of a version that feeds no edges", nil)
		}
		return errs.New(errs.NotFound, "no_key")
	case http.StatusTooManyRequests:
		e := errs.WithCode(errs.Limited, problem.Code, "too_many_unknown")
		if seconds, err := strconv.Atoi(got.Header.Get("Retry-After")); err == nil && seconds >= 0 {
			e.RetryAfter = min(time.Duration(seconds)*time.Second, time.Hour)
		}
		return fmt.Errorf("edge: the node takes no more questions: %s: %w", problem.Detail, e)
	default:
		return unavailable("answered "+got.Status+", "+problem.Code+": "+problem.Detail, nil)
	}
}

func (u *upstream) refuse(kind errs.Kind, code, detail string) error {
	err := fmt.Errorf("edge: the node does not take the edge's key: %s (%s): %w", detail, code, kind)
	u.refused.Store(&err)
	return err
}

// unavailable is an error of the upstream. It keeps url.Error's text with the address,
// which contains no credential.
func unavailable(what string, cause error) error {
	if cause == nil {
		return fmt.Errorf("edge: the node %s: %w", what, errs.Unavailable)
	}
	return fmt.Errorf("edge: the node %s: %w: %w", what, errs.Unavailable, cause)
}
