package httpx

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/text"
)

// Bounds of bodies, in bytes: of every request, and of those without a credential.
const (
	MaxBody          = 1 << 20
	MaxAnonymousBody = 16 << 10
)

// Bound limits the body of the request to that many bytes, whoever reads it. It refuses a
// longer one with errs.TooLarge, at once if its length is given.
func Bound(r *http.Request, most int64) error {
	if r.ContentLength > most {
		return tooLarge(most)
	}
	if r.Body != nil {
		r.Body = http.MaxBytesReader(nil, r.Body, most)
	}
	return nil
}

// Unreadable returns why a body could not be read: errs.TooLarge if it is longer than Bound
// allows, else errs.Invalid with the text.
func Unreadable(err error, text string) error {
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(e.Limit)
	}
	return errs.New(errs.Invalid, text)
}

// Body reads the whole body, which must be of one of the media types.
func Body(r *http.Request, types ...string) ([]byte, error) {
	given, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(types, given) {
		return nil, errs.New(errs.Unsupported, "content_type", "types", strings.Join(types, " or "))
	}
	return ReadInto(nil, r)
}

// ReadInto reads a body of any type, up to MaxBody, into the buffer, which grows as needed.
func ReadInto(buffer []byte, r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxBody {
		return buffer, tooLarge(MaxBody)
	}
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := r.Body.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		switch {
		case len(buffer) > MaxBody:
			return buffer, tooLarge(MaxBody)
		case errors.Is(err, io.EOF):
			return buffer, nil
		case err != nil:
			return buffer, Unreadable(err, "body_cut_off")
		}
	}
}

func tooLarge(most int64) error {
	return errs.New(errs.TooLarge, "body_too_large", "most", most)
}

// maxValue is the most bytes in one value of a query.
const maxValue = 2048

// Query reads the query of a request and collects its errors.
type Query struct {
	values url.Values
	used   map[string]bool
	faults errs.Faults
}

// NewQuery returns the query of r.
func NewQuery(r *http.Request) *Query {
	q := &Query{used: map[string]bool{}}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		q.faults.Add("query", "query_encoding")
	}
	q.values = values
	return q
}

// Text returns the parameter, "" if it is missing.
func (q *Query) Text(name string) string {
	all := q.Texts(name)
	if len(all) > 1 {
		q.faults.Add(name, "given_twice")
	}
	if len(all) == 0 {
		return ""
	}
	// The first page is requested without a cursor, or with an empty one.
	q.faults.Check(strings.TrimSpace(all[0]) != "" || (name == "cursor" && all[0] == ""), name,
		"empty_filter")
	return all[0]
}

// Typed returns the parameter, which people type, in the form in which such text is stored.
func (q *Query) Typed(name string) string { return text.Normal(q.Text(name)) }

// Texts returns all values of the parameter.
func (q *Query) Texts(name string) []string {
	q.used[name] = true
	for _, v := range q.values[name] {
		if len(v) > maxValue || !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			q.faults.Add(name, "value_too_long", "most", maxValue)
			return nil
		}
	}
	return q.values[name]
}

// OneOf returns the parameter, which must be one of the values, or "".
func (q *Query) OneOf(name string, values ...string) string {
	v := q.Text(name)
	if v != "" && !slices.Contains(values, v) {
		q.faults.Add(name, "not_one_of", "choices", values)
	}
	return v
}

// Whole returns the parameter as an integer between least and most.
func (q *Query) Whole(name string, standard, least, most int64) int64 {
	v := q.Text(name)
	if v == "" {
		return standard
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < least || n > most {
		q.faults.Add(name, "not_whole_between", "least", least, "most", most)
		return standard
	}
	return n
}

// Flag returns the parameter as a boolean, false if it is missing.
func (q *Query) Flag(name string) bool { return q.OneOf(name, "true", "false") == "true" }

// Time returns the parameter as a time, zero if it is missing.
func (q *Query) Time(name string) time.Time {
	v := q.Text(name)
	if v == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v)
	switch {
	case err != nil:
		q.faults.Add(name, "time_parameter_invalid")
	case t.Year() < 1970:
		q.faults.Add(name, "time_out_of_range")
	}
	return t
}

// Fault records that the parameter is wrong.
func (q *Query) Fault(name, text string, args ...any) { q.faults.Add(name, text, args...) }

// Err returns an error that names every fault, including unknown parameters.
func (q *Query) Err() error {
	for name := range q.values {
		if !q.used[name] {
			q.faults.Add(Shown(name), "unknown_parameter")
		}
	}
	return q.faults.Err()
}

// Shown returns a name that a client made up, in a form that an error can repeat.
func Shown(name string) string { return clip(strings.ToValidUTF8(name, "?")) }
