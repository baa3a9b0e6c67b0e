package client

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// request is one call of the API.
type request struct {
	method, path string   // path as in openapi.yaml
	params       []string // values for its braces, in order
	query        url.Values
	body         any        // JSON
	form         url.Values // sent instead of body
	header       http.Header
	out          any // target to decode into; *[]byte takes the raw body
	options      []Option

	once      bool               // takes an Idempotency-Key
	fresh     bool               // creates an object, so there is no ETag to match
	reads     bool               // changes nothing, although it is a POST
	verifies  bool               // is a verification, bounded by Config.VerifyTimeout
	charges   bool               // charges a limit, so it is not retried once sent
	anonymous bool               // sends no credential
	refusals  func(*answer) bool // whether to decode a response that is not 2xx like one that is
}

// Option changes one call.
type Option func(*options)

type options struct {
	ifMatch        *string
	idempotencyKey *string
}

// IfMatch makes a change only if the object still has the ETag; otherwise the
// error is Stale. Objects in lists have no ETag: get them first. An empty ETag is
// refused, because the change would then overwrite any revision.
func IfMatch(etag string) Option { return func(o *options) { o.ifMatch = &etag } }

// IdempotencyKey names a creation, so that a repeat with the same key creates
// nothing, even from another process. Without it the client generates a key for
// the retries of one call. Only calls that create something accept it; others
// refuse it.
func IdempotencyKey(key string) Option { return func(o *options) { o.idempotencyKey = &key } }

// prepared is a request that can be sent several times.
type prepared struct {
	operation string
	method    string
	url       string
	header    http.Header
	body      []byte
	keyed     bool // has an Idempotency-Key
	safe      bool // may be sent again even if it already took effect
	verifies  bool
	anonymous bool
}

func (c *Client) prepare(r *request) (*prepared, error) {
	path, err := expand(r.path, r.params)
	if err != nil {
		return nil, err
	}
	p := &prepared{
		operation: r.method + " " + r.path, method: r.method, url: c.base.String() + path,
		header: http.Header{"User-Agent": {c.userAgent}, "Accept": {"application/json"}}, verifies: r.verifies, anonymous: r.anonymous,
	}
	for name, values := range r.header {
		p.header[name] = values
	}
	for name, values := range r.query {
		if slices.ContainsFunc(values, wholeKey.MatchString) {
			return nil, errors.New("a secret is given as " + name + ", which is part of the URL; Keys.Find takes one")
		}
	}
	if len(r.query) > 0 {
		p.url += "?" + r.query.Encode()
	}
	if _, raw := r.out.(*[]byte); raw {
		p.header.Set("Accept", "*/*")
	}
	if err := p.encode(r); err != nil {
		return nil, err
	}
	return p, p.apply(r)
}

func (p *prepared) encode(r *request) (err error) {
	switch {
	case r.form != nil:
		p.body = []byte(r.form.Encode())
		p.header.Set("Content-Type", "application/x-www-form-urlencoded")
	case r.body != nil:
		if p.body, err = json.Marshal(r.body); err != nil {
			return errors.New("the request cannot be written as JSON")
		}
		p.header.Set("Content-Type", "application/json")
		if r.method == http.MethodPatch {
			p.header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	return nil
}

// apply applies the options and decides whether the request may be retried.
func (p *prepared) apply(r *request) error {
	var o options
	for _, option := range r.options {
		option(&o)
	}
	if err := p.option("If-Match", o.ifMatch); err != nil {
		return err
	}
	switch {
	case r.fresh && o.ifMatch != nil:
		return errors.New("the call takes no If-Match, as it changes nothing that is there")
	case !r.once && o.idempotencyKey != nil:
		return errors.New("the call takes no Idempotency-Key, which would not keep it from happening twice")
	case r.once && o.idempotencyKey == nil:
		made := rand.Text()
		o.idempotencyKey = &made
	}
	if err := p.option("Idempotency-Key", o.idempotencyKey); err != nil {
		return err
	}
	p.keyed = r.once
	switch r.method {
	case http.MethodGet, http.MethodHead:
		p.safe = true
	case http.MethodPut, http.MethodDelete:
		// A retry with If-Match would find its own change and fail as Stale.
		p.safe = o.ifMatch == nil
	default:
		p.safe = p.keyed && o.ifMatch == nil || r.reads
	}
	p.safe = p.safe && !r.charges
	return nil
}

// option sets the header if value is given. An empty value would have no effect,
// so it is refused.
func (p *prepared) option(header string, value *string) error {
	switch {
	case value == nil:
		return nil
	case *value == "":
		return errors.New(header + " is empty")
	case strings.ContainsFunc(*value, unprintable):
		return errors.New(header + " has characters that no header can carry")
	}
	p.header.Set(header, *value)
	return nil
}

var (
	placeholder = regexp.MustCompile(`\{[a-z_]+\}`)
	wholeKey    = regexp.MustCompile(`[a-z0-9]_(live|test|user)_[0-9A-Za-z]{40,}`)
)

// expand fills the parameters into the path. It refuses an empty parameter, which
// would address the collection, and a secret, which does not belong in a URL.
func expand(path string, params []string) (string, error) {
	var err error
	path = placeholder.ReplaceAllStringFunc(path, func(name string) string {
		value := params[0]
		params = params[1:]
		switch {
		case value == "" || value == "." || value == "..":
			err = errors.New("no " + strings.Trim(name, "{}") + " is given")
		case wholeKey.MatchString(value):
			err = errors.New("a secret is given where its id is wanted")
		}
		return url.PathEscape(value)
	})
	return path, err
}

// query is the query of a URL; zero values are left out.
type query url.Values

func (q query) text(name, value string) query {
	if value != "" {
		url.Values(q).Set(name, value)
	}
	return q
}

func (q query) whole(name string, value int) query {
	if value != 0 {
		url.Values(q).Set(name, strconv.Itoa(value))
	}
	return q
}

func (q query) flag(name string, value Optional[bool]) query {
	if v, ok := value.Get(); ok {
		url.Values(q).Set(name, strconv.FormatBool(v))
	}
	return q
}

func (q query) time(name string, value time.Time) query {
	if !value.IsZero() {
		url.Values(q).Set(name, value.UTC().Format(time.RFC3339Nano))
	}
	return q
}

func (q query) values() url.Values { return url.Values(q) }
