package extauthz

import (
	"net/http"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// question is what is read of a CheckRequest. It is decoded by hand, because it is on
// the path of every request to the provider's API: generated code takes a tenth of a
// core for what is thrown away. A test compares the two.
type question struct {
	method, path string
	header       http.Header
	needs        map[string]string // context extensions

	also   []string // other headers that may have keys, as net/http spells them
	values [len(read)]string
	used   int
}

// Original implements verify.Original.
func (q *question) Original() (method, uri string) { return q.method, q.path }

// read are the headers of the client's request that matter here, as Envoy spells them.
// Any other header stays unread, so that no client asks the question.
var read = [...]struct{ sent, name string }{
	{"x-api-key", "X-Api-Key"},
	{"authorization", "Authorization"},
	{"user-agent", "User-Agent"},
	{"x-forwarded-for", "X-Forwarded-For"},
	{"forwarded", "Forwarded"},
	{"x-request-id", "X-Request-Id"},
	{"traceparent", "Traceparent"},
}

// Numbers of fields in envoy/service/auth/v3 and envoy/config/core/v3.
const (
	checkAttributes = 1

	attributesRequest    = 4
	attributesExtensions = 10

	requestHTTP = 2

	httpMethod    = 2
	httpHeaders   = 3
	httpPath      = 4
	httpHeaderMap = 13 // with encode_raw_headers, in place of httpHeaders

	headerMapHeaders = 1

	headerKey   = 1 // also the key of a map's entry
	headerValue = 2 // also its value
	headerRaw   = 3
)

// decode reads the message, which must stay as it is.
func (q *question) decode(message []byte) error {
	q.header = make(http.Header, len(read))
	return fields(message, func(field protowire.Number, attributes []byte) error {
		if field != checkAttributes {
			return nil
		}
		return fields(attributes, func(field protowire.Number, part []byte) error {
			switch field {
			case attributesExtensions:
				return q.extension(part)
			case attributesRequest:
				return fields(part, func(field protowire.Number, request []byte) error {
					if field != requestHTTP {
						return nil
					}
					return fields(request, q.http)
				})
			}
			return nil
		})
	})
}

func (q *question) extension(entry []byte) error {
	name, value, err := pair(entry)
	if q.needs == nil {
		q.needs = map[string]string{}
	}
	q.needs[string(name)] = string(value)
	return err
}

func (q *question) http(field protowire.Number, part []byte) error {
	switch field {
	case httpMethod:
		q.method = string(part)
	case httpPath:
		q.path = string(part)
	case httpHeaders:
		name, value, err := pair(part)
		q.sent(name, value)
		return err
	case httpHeaderMap:
		return fields(part, func(field protowire.Number, header []byte) error {
			if field != headerMapHeaders {
				return nil
			}
			name, value, err := pair(header)
			q.sent(name, value)
			return err
		})
	}
	return nil
}

// sent notes a header of the client's request.
func (q *question) sent(name, value []byte) {
	for _, known := range read {
		if len(name) != len(known.sent) || !strings.EqualFold(string(name), known.sent) {
			continue
		}
		if before := q.header[known.name]; before != nil || q.used == len(q.values) {
			q.header[known.name] = append(before, string(value))
			return
		}
		q.values[q.used] = string(value)
		q.used++
		q.header[known.name] = q.values[q.used-1 : q.used : q.used]
		return
	}
	for _, known := range q.also {
		if len(name) == len(known) && strings.EqualFold(string(name), known) {
			q.header[known] = append(q.header[known], string(value))
		}
	}
}

// pair reads an entry of a map of texts, or a HeaderValue.
func pair(entry []byte) (name, value []byte, err error) {
	err = fields(entry, func(field protowire.Number, part []byte) error {
		switch field {
		case headerKey:
			name = part
		case headerValue, headerRaw:
			if len(part) > 0 {
				value = part
			}
		}
		return nil
	})
	return name, value, err
}

// fields calls found with the fields of a message that are bytes, and skips the others.
func fields(message []byte, found func(field protowire.Number, part []byte) error) error {
	for len(message) > 0 {
		field, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return protowire.ParseError(size)
		}
		message = message[size:]
		if kind != protowire.BytesType {
			if size = protowire.ConsumeFieldValue(field, kind, message); size < 0 {
				return protowire.ParseError(size)
			}
			message = message[size:]
			continue
		}
		part, size := protowire.ConsumeBytes(message)
		if size < 0 {
			return protowire.ParseError(size)
		}
		if err := found(field, part); err != nil {
			return err
		}
		message = message[size:]
	}
	return nil
}
