package strictjson_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/strictjson"
)

// The cases of RFC 7396 that begin with objects.
func TestMergeFollowsTheStandard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ document, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"a":1}`, `{ "a" : { "b" : [ null ] } }`, `{"a":{"b":[null]}}`},
		{`{"n":12345678901234567890}`, `{"m":1e400}`, `{"n":12345678901234567890,"m":1e400}`},
	} {
		got, err := strictjson.Merge([]byte(tt.document), []byte(tt.patch))
		if err != nil || strings.TrimSpace(string(got)) != tt.want {
			t.Errorf("%s with %s: %s, %v, want %s", tt.document, tt.patch, got, err, tt.want)
		}
	}
}

func TestOnlyKnownMembersAreMerged(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"name":"x","rate_limit":{"per":"1s"},"metadata":{"anything":1}}`: "",
		`{"nonsense":null}`:                 "nonsense",
		`{"rate_limit":{"x":1},"name":1}`:   "rate_limit.x",
		`{"rate_limit":null,"nonsense":{}}`: "nonsense",
	} {
		var of client.KeySettings
		got := ""
		if e, ok := errors.AsType[*errs.Error](strictjson.Known([]byte(body), &of)); ok {
			got = e.Fields[0].Name
		}
		if got != want {
			t.Errorf("%s: fault of %q, want %q", body, got, want)
		}
	}
}

// many is an object with n members that nobody knows.
func many(n int, value string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":%s`, i, value)
	}
	return "{" + b.String()[1:] + "}"
}

func TestARefusalIsSmallerThanWhatItRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		listed     int
		detail     string
	}{
		{"unknown members", many(400, "1"), 20, "the first 20 of 400 faults are listed"},
		{"wrong elements", `{"scopes":[0` + strings.Repeat(",0", 30_000) + `]}`, 20, "the first 20 of 30001 faults are listed"},
		{"more members than any request has", many(600, "1"), 1, "not valid"},
		{"the same, inside", `{"metadata":` + many(600, "[]") + `}`, 1, "not valid"},
		{"too deep", strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17), 1, "not valid"},
		{"as deep as may be", strings.Repeat(`{"a":`, 16) + "1" + strings.Repeat("}", 16), 1, "not valid"},
	} {
		var into client.KeySettings
		e, ok := errors.AsType[*errs.Error](strictjson.Decode([]byte(tt.body), &into))
		if !ok || len(e.Fields) != tt.listed || !strings.Contains(e.Text.String(), tt.detail) || len(e.Error()) > 20_000 {
			t.Errorf("%s: %d faults of %d bytes, %q", tt.name, len(e.Fields), len(e.Error()), e.Text)
		}
	}
}

func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"a":{"b":1}}`), []byte(`{"a":{"b":null,"c":[null]}}`))
	f.Fuzz(func(t *testing.T, document, patch []byte) {
		if strictjson.WellFormed(document) != nil || strictjson.WellFormed(patch) != nil {
			return
		}
		merged, err := strictjson.Merge(document, patch)
		if err != nil {
			t.Fatal(err)
		}
		again, err := strictjson.Merge(merged, patch)
		if err != nil || string(again) != string(merged) {
			t.Errorf("%q with %q is %q, and once more %q, %v", document, patch, merged, again, err)
		}
	})
}
