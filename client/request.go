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
	method, path string   // the path as openapi.yaml has it
	params       []string // what stands in its braces, in order
	query        url.Values
	body         any        // JSON
	form         url.Values // where there is no body
	header       http.Header
	out          any // what the answer is decoded into; *[]byte takes it as it is
	options      []Option

	once      bool               // takes an Idempotency-Key
	fresh     bool               // makes an object, so that there is no ETag to match
	reads     bool               // changes nothing, though it is a POST
	verifies  bool               // a verification: Config.VerifyTimeout bounds it
	charges   bool               // takes from a limit, so that what was sent is not sent again
	anonymous bool               // needs no credential, and gets none
	refusals  func(*answer) bool // answers that are decoded as those of 2xx are
}

// Option changes one call.
type Option func(*options)

type options struct {
	ifMatch        *string
	idempotencyKey *string
}

// IfMatch makes a change only if the object still has the ETag; else the error
// is Stale. Objects out of lists have no ETag: get them first. An empty one is
// refused, as the change would then overwrite whatever is there.
func IfMatch(etag string) Option { return func(o *options) { o.ifMatch = &etag } }

// IdempotencyKey names a creation, so that the same name makes nothing twice,
// in another process either. Without it the client makes one up for the retries
// of one call. Only calls that create something take it; others refuse it.
func IdempotencyKey(key string) Option { return func(o *options) { o.idempotencyKey = &key } }

// prepared is a request that can be sent several times.
type prepared struct {
	operation string
	method    string
	url       string
	header    http.Header
	body      []byte
	keyed     bool // has an Idempotency-Key
	safe      bool // may be sent again though it may have happened
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

// apply adds what the options say, and decides what may be sent twice.
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
		// Sent again, one with If-Match would meet its own change and be Stale.
		p.safe = o.ifMatch == nil
	default:
		p.safe = p.keyed && o.ifMatch == nil || r.reads
	}
	p.safe = p.safe && !r.charges
	return nil
}

// option sets the header, if it is given. An empty one would ask for nothing.
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

// expand puts the parameters into the path. An empty one would name the
// collection, and a secret has no place in a URL.
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

// query is what follows the question mark; what is not set is left out.
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
