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
	names  []string
	date   []byte // for second
	second int64
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

// last reports whether the handler wants the connection closed.
func (a *answer) last() bool { return a.header["Connection"] != nil }

// wire returns the answer as it is sent.
func (a *answer) wire(now time.Time, last bool) []byte {
	a.WriteHeader(http.StatusOK)
	if a.header["Content-Type"] == nil && len(a.body) > 0 {
		a.header["Content-Type"] = []string{http.DetectContentType(a.body)}
	}
	if last {
		a.header["Connection"] = []string{"close"}
	}
	b := append(a.out[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(append(append(b, ' '), http.StatusText(a.status)...), "\r\n"...)
	a.names = a.names[:0]
	for name := range a.header {
		a.names = append(a.names, name)
	}
	slices.Sort(a.names)
	for _, name := range a.names {
		for _, value := range a.header[name] {
			b = appendField(b, name, value)
		}
	}
	if a.header["Date"] == nil {
		b = append(a.appendDate(append(b, "Date: "...), now), "\r\n"...)
	}
	if a.header["Content-Length"] == nil {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), int64(len(a.body)), 10), "\r\n"...)
	}
	a.out = append(append(b, "\r\n"...), a.body...)
	return a.out
}

// appendField writes a field. A line break in a value would start another field.
func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	if strings.ContainsAny(value, "\r\n") {
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
