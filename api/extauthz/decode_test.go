package extauthz

import (
	"bytes"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// FuzzDecode compares what is read by hand with what generated code reads.
func FuzzDecode(f *testing.F) {
	for _, in := range []*authv3.CheckRequest{
		{},
		{Attributes: &authv3.AttributeContext{ContextExtensions: map[string]string{"scope": "a:b", "cost": ""}}},
		{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Method: "GET", Path: "/a?b", Size: -1, Headers: map[string]string{"x-api-key": "k", "cookie": "c", "X-Forwarded-For": "1.2.3.4"},
		}}}},
		{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			HeaderMap: &corev3.HeaderMap{Headers: []*corev3.HeaderValue{
				{Key: "x-api-key", RawValue: []byte("\xff")}, {Key: "x-api-key", Value: "b"},
			}},
		}}}},
	} {
		message, err := proto.Marshal(in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var q question
		err := q.decode(message)
		var want authv3.CheckRequest
		if proto.Unmarshal(message, &want) != nil {
			return // what generated code refuses may be read by hand: texts that are not UTF-8, for one
		}
		if err != nil {
			t.Fatalf("not read: %v", err)
		}
		agree(t, &q, &want)
	})
}

func agree(t *testing.T, q *question, want *authv3.CheckRequest) {
	t.Helper()
	http := want.GetAttributes().GetRequest().GetHttp()
	if q.method != http.GetMethod() || q.path != http.GetPath() || len(q.needs) != len(want.GetAttributes().GetContextExtensions()) {
		t.Errorf("read %q %q %v of %v", q.method, q.path, q.needs, want)
	}
	for name, value := range want.GetAttributes().GetContextExtensions() {
		if got, ok := q.needs[name]; !ok || got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	for _, known := range read {
		sent := map[string]bool{}
		for name, value := range http.GetHeaders() {
			sent[value] = sent[value] || strings.EqualFold(name, known.sent)
		}
		for _, h := range http.GetHeaderMap().GetHeaders() {
			if strings.EqualFold(h.GetKey(), known.sent) {
				sent[h.GetValue()], sent[string(h.GetRawValue())] = true, true
			}
		}
		for _, value := range q.header[known.name] {
			if !sent[value] {
				t.Errorf("%s: %q was not sent", known.name, value)
			}
		}
	}
}

func TestNestedLengths(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, 1, 127, 128, 300, 16383, 16384, 70000} {
		text := bytes.Repeat([]byte("a"), length)
		got := nested([]byte("before"), 7, func(b []byte) []byte { return append(b, text...) })
		want := protowire.AppendBytes(protowire.AppendTag([]byte("before"), 7, protowire.BytesType), text)
		if !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d, want %d", length, len(got), len(want))
		}
	}
}
