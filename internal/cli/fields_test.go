package cli

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
)

var noon = time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)

func TestFlagsAreRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		read       func(string, time.Time) (any, error)
		text, want string // JSON; "" for a refusal
	}{
		{rule, "100/1m", `{"requests":100,"per":"1m","burst":100}`},
		{rule, "100/m", `{"requests":100,"per":"1m","burst":100}`},
		{rule, "100/1d:200", `{"requests":100,"per":"24h","burst":200}`},
		{rule, "100", ""},
		{rule, "/1m", ""},
		{rule, "1/", ""},
		{rule, "1/-1m", ""},
		{rule, "1/1m:", ""},
		{rule, "1/1m:x", ""},
		{quota, "10/day", `{"requests":10,"per":"day"}`},
		{quota, "10/month", `{"requests":10,"per":"month"}`},
		{quota, "10/week", ""},
		{quota, "day", ""},
		{quota, "", ""},
		{span, "90d", `"2160h"`},
		{span, "1h30m", `"1h30m"`},
		{span, "-1h", ""},
		{span, "-1d", ""},
		{span, "99999999d", ""},
		{span, "d", ""},
		{span, "90", ""},
		{moment, "2027-02-01", `"2027-02-01T00:00:00Z"`},
		{moment, "2027-02-01T01:02:03+02:00", `"2027-02-01T01:02:03+02:00"`},
		{moment, "1d", `"2027-02-01T12:00:00Z"`},
		{moment, "tomorrow", ""},
		{moment, "none", ""},
		{orNone(moment), "none", `null`},
		{words, "a:b, c:*", `["a:b","c:*"]`},
		{words, "none", `[]`},
		{words, "", `[]`},
		{orAll, "all", `null`},
		{orAll, "a:b", `["a:b"]`},
		{yesNo, "true", `true`},
		{yesNo, "perhaps", ""},
		{whole, "12", `12`},
		{whole, "1.5", ""},
		{object, `{"a":1}`, `{"a":1}`},
		{object, `{`, ""},
	} {
		v, err := tt.read(tt.text, noon)
		if tt.want == "" {
			if err == nil {
				t.Errorf("%q is read as %v", tt.text, v)
			}
			continue
		}
		got, jsonErr := json.Marshal(v)
		if err != nil || jsonErr != nil || string(got) != tt.want {
			t.Errorf("%q: %s %v %v, want %s", tt.text, got, err, jsonErr, tt.want)
		}
	}
}

func TestHowLongAgo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"": {}, "7d": noon.AddDate(0, 0, -7), "12h": noon.Add(-12 * time.Hour), "2027-01-01": time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got, err := since("--from", text, noon); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	if _, err := since("--from", "long", noon); err == nil {
		t.Error("long is read")
	}
}

// What the readers accept can be sent, and a rule is shown as it is read.
func FuzzFlags(f *testing.F) {
	for _, s := range []string{"100/1m:200", "10/day", "90d", "2027-02-01", "a:b,c", `{"a":1}`, "none", "all", "true", "12"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, read := range []func(string, time.Time) (any, error){rule, quota, span, moment, words, orAll, yesNo, whole, object, text} {
			v, err := read(s, noon)
			if err != nil {
				continue
			}
			if _, err := json.Marshal(v); err != nil {
				t.Errorf("%q is read as %v, which cannot be sent: %v", s, v, err)
			}
			if r, ok := v.(client.Rule); ok {
				if again, err := rule(ruleText(r), noon); err != nil || again != r && r.Burst != 0 {
					t.Errorf("%q: %v is shown as %s, which is read as %v %v", s, r, ruleText(r), again, err)
				}
			}
		}
	})
}
