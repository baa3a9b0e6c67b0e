package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey/latchkey/client"
)

// driver makes the calls of the suite by the Go client: a body that the client
// can write is served as it writes it, and whatever is answered, the client has
// to read it without losing a field.
type driver struct {
	*document
	methods map[string][]*method // by operation

	mu         sync.Mutex
	made, read map[string]int // by operation: requests that the client wrote, successes that it read
}

// method is one method of the client.
type method struct {
	name  string
	call  reflect.Value
	path  map[int]string // which parameter of the path an argument is
	field map[int]string // which member of the body an argument is
}

// server answers a request.
type server func(*http.Request) *httptest.ResponseRecorder

// exchange is one call of the suite, while methods make it.
type exchange struct {
	request *http.Request // as the test has it
	body    []byte
	plain   bool // the body is what the test means, not how it is written
	serve   server
	got     *httptest.ResponseRecorder // nil: not served yet
	made    bool                       // as the client wrote it
}

type exchangeKey struct{}

// errUnfit is a request that the client writes otherwise than the test.
var errUnfit = errors.New("the client writes another body")

func newDriver(d *document) (*driver, error) {
	c, err := client.New(client.Config{
		URL: issuer, HTTPClient: &http.Client{Transport: inProcess{}}, Retries: -1, Timeout: -1, VerifyTimeout: -1,
	})
	if err != nil {
		return nil, err
	}
	dr := &driver{document: d, methods: map[string][]*method{}, made: map[string]int{}, read: map[string]int{}}
	dr.learn(reflect.ValueOf(c), "Client")
	services := reflect.ValueOf(c).Elem()
	for i := range services.NumField() {
		if f := services.Type().Field(i); f.IsExported() {
			dr.learn(services.Field(i), f.Name)
		}
	}
	return dr, nil
}

// learn calls each method of the service to see what it asks for.
func (d *driver) learn(service reflect.Value, name string) {
	for i := range service.NumMethod() {
		m := &method{name: name + "." + service.Type().Method(i).Name, call: service.Method(i), path: map[int]string{}, field: map[int]string{}}
		of := m.call.Type()
		if of.NumIn() == 0 || of.In(0) != reflect.TypeFor[context.Context]() || of.Out(of.NumOut()-1) != reflect.TypeFor[error]() {
			continue // not a call: With, Close, and All, which calls List
		}
		x := &exchange{}
		var sent []byte
		x.serve = func(r *http.Request) *httptest.ResponseRecorder {
			x.request = r
			sent, _ = io.ReadAll(r.Body)
			return httptest.NewRecorder()
		}
		m.do(context.Background(), x, func(i int) string { return fmt.Sprintf("argument%d", i) })
		if x.request == nil {
			continue // refused by the client itself
		}
		o, path := d.find(x.request.Method, x.request.URL.Path)
		if o == nil {
			continue // which a test of the client reports
		}
		var body map[string]any
		_ = json.Unmarshal(sent, &body)
		for i := range of.NumIn() {
			for name, value := range path {
				if value == fmt.Sprintf("argument%d", i) {
					m.path[i] = name
				}
			}
			for name, value := range body {
				if value == fmt.Sprintf("argument%d", i) {
					m.field[i] = name
				}
			}
		}
		d.methods[o.String()] = append(d.methods[o.String()], m)
	}
}

// do calls the method for the exchange; text gives its texts.
func (m *method) do(ctx context.Context, x *exchange, text func(i int) string) []reflect.Value {
	in := []reflect.Value{reflect.ValueOf(context.WithValue(ctx, exchangeKey{}, x))}
	of := m.call.Type()
	for i := 1; i < of.NumIn(); i++ {
		if of.IsVariadic() && i == of.NumIn()-1 {
			break
		}
		value := reflect.New(of.In(i))
		switch of.In(i).Kind() {
		case reflect.String:
			value.Elem().SetString(text(i))
		case reflect.Struct:
			if q, ok := value.Interface().(*client.Question); ok {
				*q = questionOf(x.body)
			} else {
				_ = json.Unmarshal(x.body, value.Interface()) // what does not fit is told by the body that is written
			}
		}
		in = append(in, value.Elem())
	}
	return m.call.Call(in)
}

func questionOf(body []byte) client.Question {
	var r client.VerifyRequest
	_ = json.Unmarshal(body, &r)
	q := client.Question{Key: r.Key, Scopes: r.Scopes, UserAgent: r.UserAgent, DryRun: r.DryRun}
	if r.Cost != nil {
		q.Cost = client.Set(*r.Cost)
	}
	_ = q.Address.UnmarshalText([]byte(r.IP))
	return q
}

// inProcess serves the client's requests in process.
type inProcess struct{}

// RoundTrip implements http.RoundTripper.
func (inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	x := r.Context().Value(exchangeKey{}).(*exchange)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if x.got == nil {
		if err := x.submit(r, body); err != nil {
			return nil, err
		}
	}
	header := http.Header{}
	for name, values := range x.got.Header() {
		for _, v := range values {
			header.Add(name, v)
		}
	}
	return &http.Response{
		StatusCode: x.got.Code, Header: header, Body: io.NopCloser(bytes.NewReader(x.got.Body.Bytes())), ContentLength: -1, Request: r,
	}, nil
}

// submit serves the request with the client's body, if that says what the test
// does.
func (x *exchange) submit(r *http.Request, body []byte) error {
	if x.request == nil { // to learn what a method asks for
		r.Body = io.NopCloser(bytes.NewReader(body))
		x.got = x.serve(r)
		return nil
	}
	if !x.plain || !says(x.body, body, r.Method == http.MethodPatch) {
		return errUnfit
	}
	served := x.request.Clone(x.request.Context())
	served.Body, served.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) > 0 {
		served.Header.Set("Content-Type", r.Header.Get("Content-Type"))
	}
	x.got, x.made = x.serve(served), true
	return nil
}

// send serves the request, by the client if it can say it, and holds what the
// client makes of the answer against the answer.
func (d *driver) send(t *testing.T, r *http.Request, plain bool, serve server) *httptest.ResponseRecorder {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	must(t, err)
	r.Body = io.NopCloser(bytes.NewReader(body))
	o, path := d.find(r.Method, r.URL.Path)
	if o == nil {
		return serve(r)
	}
	var fields map[string]any
	_ = json.Unmarshal(body, &fields)
	x := &exchange{request: r, body: body, plain: plain, serve: serve}
	results := map[*method][]reflect.Value{}
	try := func() {
		for _, m := range d.methods[o.String()] {
			got := m.do(r.Context(), x, func(i int) string {
				if name, ok := m.path[i]; ok {
					return path[name]
				}
				value, _ := fields[m.field[i]].(string)
				return value
			})
			err, _ := got[len(got)-1].Interface().(error)
			if x.got != nil && !errors.Is(err, client.Misused) { // as an id that is no part of a path
				results[m] = got
			}
		}
	}
	if try(); x.got == nil {
		x.got = serve(r)
		try()
	}
	d.judge(t, o, x, results)
	return x.got
}

// judge holds that one of the methods has read the whole answer.
func (d *driver) judge(t *testing.T, o *operation, x *exchange, results map[*method][]reflect.Value) {
	t.Helper()
	if len(results) == 0 || !readable(x.got) {
		return
	}
	var faults []string
	for m, result := range results {
		lost := lostIn(result, x.got)
		if len(lost) == 0 {
			d.note(o, x)
			return
		}
		for _, l := range lost {
			faults = append(faults, m.name+": "+l)
		}
	}
	t.Errorf("%s answered %d %.600s\nthe Go client loses:\n  %s", o, x.got.Code, x.got.Body, strings.Join(faults, "\n  "))
}

func (d *driver) note(o *operation, x *exchange) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if x.made && len(x.body) > 0 {
		d.made[o.String()]++
	}
	if x.got.Code < 300 {
		d.read[o.String()]++
	}
}

// unread lists the operations that the client supports but no test has used it for:
// to read a successful response, or to write a request body.
func (d *driver) unread() (missing []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.operations {
		name := o.String()
		switch takesJSON := o.RequestBody != nil && o.RequestBody.Value.Content["application/json"] != nil; {
		case d.methods[name] == nil:
		case d.read[name] == 0:
			missing = append(missing, name+": no success is read")
		case takesJSON && d.made[name] == 0:
			missing = append(missing, name+": no request is written")
		}
	}
	return missing
}

// counts says how much went by the client.
func (d *driver) counts() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	sum := func(of map[string]int) (n int) {
		for v := range maps.Values(of) {
			n += v
		}
		return n
	}
	return fmt.Sprintf("%d requests written, %d successes read, %d operations", sum(d.made), sum(d.read), len(d.read))
}

// readable reports whether the answer is of a kind that the client asks for.
func readable(got *httptest.ResponseRecorder) bool {
	kind, _, _ := strings.Cut(got.Header().Get("Content-Type"), ";")
	return (got.Code < 300 || got.Code >= 400) && !slices.Contains([]string{"text/html", "text/csv"}, kind)
}
