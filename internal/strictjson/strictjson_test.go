package strictjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey/latchkey/client"
	"github.com/latchkey/latchkey/errs"
	"github.com/latchkey/latchkey/internal/strictjson"
)

func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		fields     []string
	}{
		{"valid", `{"name":"x","expires_at":null,"rate_limit":{"requests":1,"per":"1s"}}`, nil},
		{
			"wrong types, all of them", `{"name":1,"disabled":"no","scopes":["a",2],"expires_at":"soon","rate_limit":{"per":5,"x":1}}`,
			[]string{"name", "disabled", "scopes[1]", "expires_at", "rate_limit.per", "rate_limit.x"},
		},
		{"unknown", `{"nonsense":"x"}`, []string{"nonsense"}},
		{"repeated", `{"name":"x","name":"y"}`, []string{"name"}},
		{"repeated inside metadata", `{"metadata":{"a":1,"a":2}}`, []string{"metadata.a"}},
		{"huge number", `{"rate_limit":{"requests":1e400}}`, []string{"rate_limit.requests"}},
		{"not an object", `[]`, []string{"body"}},
		{"empty", ``, []string{"body"}},
		{"goes on", `{} {}`, []string{"body"}},
		{"invalid UTF-8", "{\"name\":\"\xff\"}", []string{"body"}},
		{"nested deeply", `{"metadata":` + strings.Repeat("[", 100_000) + `}`, []string{"body"}},
	} {
		var into client.KeySettings
		err := strictjson.Decode([]byte(tt.body), &into)
		var got []string
		if e, ok := errors.AsType[*errs.Error](err); ok {
			for _, f := range e.Fields {
				got = append(got, f.Name)
			}
		}
		if strings.Join(got, " ") != strings.Join(tt.fields, " ") {
			t.Errorf("%s: got faults of %v, want %v", tt.name, got, tt.fields)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"x","rate_limit":{"per":"1s"},"metadata":{"a":[1]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var into client.KeySettings
		if err := strictjson.Decode(body, &into); err != nil && !errors.Is(err, errs.Invalid) {
			t.Errorf("%q: %v is not the sender's fault", body, err)
		}
	})
}

// TestWholeNumbersAreWhole however a language writes them.
func TestWholeNumbersAreWhole(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"5": 5, "5.0": 5, "5e0": 5, "1.5e3": 1500, "-0.0": 0, "9007199254740993": 9007199254740993,
		"5.5": -1, "1e-1": -1, "1e400": -1, "9007199254740994.0": -1, `"5"`: -1, "true": -1,
	} {
		var rule client.Rule
		err := strictjson.Decode([]byte(`{"requests":`+text+`}`), &rule)
		if want < 0 && !errors.Is(err, errs.Invalid) || want >= 0 && (err != nil || rule.Requests != want) {
			t.Errorf("%s: %d, %v", text, rule.Requests, err)
		}
	}
}
