package fastlane

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxKept = 64 << 10 // larger buffers are not reused

// answer is the http.ResponseWriter of a lane. It buffers the whole answer, so that one
// write sends it.
type answer struct {
	header http.Header
	status int
	body   []byte
	out    []byte
	fields []field
	order  []uint16 // of fields, by name: numbers are cheaper to move
	date   []byte   // for second
	second int64
}

type field struct {
	name   string
	values []string
}

func (a *answer) reset() {
	clear(a.header)
	a.status, a.body = 0, a.body[:0]
	if cap(a.body) > maxKept {
		a.body, a.out = nil, nil
	}
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

// wire returns the answer as it is sent, and whether it is the last one of the
// connection: the handler may say so, too.
func (a *answer) wire(now time.Time, last bool) (_ []byte, isLast bool) {
	a.WriteHeader(http.StatusOK)
	b := append(a.out[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(append(append(b, ' '), http.StatusText(a.status)...), "\r\n"...)
	set := a.collect(last)
	for _, i := range a.order {
		for _, value := range a.fields[i].values {
			b = appendField(b, a.fields[i].name, value)
		}
	}
	if !set.date {
		b = append(a.appendDate(append(b, "Date: "...), now), "\r\n"...)
	}
	if !set.length {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), int64(len(a.body)), 10), "\r\n"...)
	}
	a.out = append(append(b, "\r\n"...), a.body...)
	return a.out, last || set.connection
}

// present lists which fields a handler set that would be added otherwise.
type present struct{ kind, connection, date, length bool }

// collect sorts the fields by name, with those that a handler leaves to the server.
func (a *answer) collect(last bool) (set present) {
	a.fields = a.fields[:0]
	for name, values := range a.header {
		switch name {
		case "Content-Type":
			set.kind = true
		case "Connection":
			set.connection = true
			if last {
				continue
			}
		case "Date":
			set.date = true
		case "Content-Length":
			set.length = true
		}
		a.fields = append(a.fields, field{name, values})
	}
	if !set.kind && len(a.body) > 0 {
		a.fields = append(a.fields, field{"Content-Type", []string{http.DetectContentType(a.body)}})
	}
	if last {
		a.fields = append(a.fields, field{"Connection", closing})
	}
	a.order = a.order[:0]
	for i := range a.fields {
		a.order = append(a.order, uint16(i))
	}
	slices.SortFunc(a.order, func(x, y uint16) int { return strings.Compare(a.fields[x].name, a.fields[y].name) })
	return set
}

// closing is never modified.
var closing = []string{"close"}

// appendField writes a field. A line break in a value would start another field.
func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	if strings.IndexByte(value, '\n') >= 0 || strings.IndexByte(value, '\r') >= 0 {
		value = strings.NewReplacer("\r", " ", "\n", " ").Replace(value)
	}
	return append(append(b, value...), "\r\n"...)
}

func (a *answer) appendDate(b []byte, now time.Time) []byte {
	if second := now.Unix(); second != a.second || len(a.date) == 0 {
		a.second = second
		a.date = now.UTC().AppendFormat(a.date[:0], http.TimeFormat)
	}
	return append(b, a.date...)
}
