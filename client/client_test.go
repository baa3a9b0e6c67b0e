package client_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
)

func TestDurationsReadWhatTheyWrite(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"10s": 10 * time.Second, "1.5s": 1500 * time.Millisecond, "10m": 10 * time.Minute,
		"1h30m": 90 * time.Minute, "720h": 720 * time.Hour, "0s": 0,
	} {
		text, err := json.Marshal(client.Duration(d))
		if err != nil || string(text) != `"`+want+`"` {
			t.Errorf("%v is written as %s: %v", d, text, err)
		}
		var got client.Duration
		if err := json.Unmarshal(text, &got); err != nil || time.Duration(got) != d {
			t.Errorf("%s is read as %v: %v", text, time.Duration(got), err)
		}
	}
	if err := json.Unmarshal([]byte(`"soon"`), new(client.Duration)); err == nil {
		t.Error("soon is read as a duration")
	}
}

func TestNoMetadataIsAnEmptyObject(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]client.Metadata{"{}": nil, `{"a":1}`: client.Metadata(`{"a":1}`)} {
		if text, err := json.Marshal(m); err != nil || string(text) != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
