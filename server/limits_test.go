package server

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/ratelimit"
)

// TestLimitsBySetting: where limits are counted follows from the settings, and
// a Redis that is away stops neither the start nor a verification.
func TestLimitsBySetting(t *testing.T) {
	t.Parallel()
	redis := "LATCHKEY_REDIS_URL=" + parts.Redis(t).URL()
	authority, stranger := parts.NewAuthority(t), parts.NewAuthority(t)
	over := parts.RedisTLS(t, authority, "127.0.0.1", "--tls-auth-clients", "no", "--user", "latchkey", "on", ">sesame", "~*", "&*", "+@all",
		"--user", "default", "off")
	secure := func(password, trusted string) string {
		return "LATCHKEY_REDIS_URL=rediss://latchkey:" + password + "@" + over.Addr() + "/0?ca_file=" + trusted
	}
	away := "LATCHKEY_REDIS_URL=redis://:sesame@" + parts.FreeAddr(t)
	patient := "LATCHKEY_REDIS_TIMEOUT=10s"
	for _, tt := range []struct {
		name     string
		settings []string
		allowed  bool
		cluster  bool
		says     string
	}{
		{"nothing is set", nil, true, false, ""},
		{"Redis", []string{redis, patient}, true, true, ""},
		{"Redis, leased", []string{redis, patient, "LATCHKEY_LIMIT_MODE=leased"}, true, true, ""},
		{"Redis by TLS", []string{secure("sesame", authority.File()), patient}, true, true, ""},
		{"Redis by TLS, another password", []string{secure("sesame-seed", authority.File()), patient}, true, false, "WRONGPASS"},
		{
			"Redis by TLS, another authority",
			[]string{secure("sesame", stranger.File()), patient},
			true, false,
			"certificate signed by unknown authority",
		},
		{"no Redis there", []string{away}, true, false, "shared limits cannot be reached"},
		{"no Redis there, leased", []string{away, "LATCHKEY_LIMIT_MODE=leased"}, true, false, "fallback=local"},
		{"no Redis there, deny", []string{away, "LATCHKEY_LIMIT_FALLBACK=deny"}, false, false, "fallback=deny"},
	} {
		c, err := readConfig(append([]string{"LATCHKEY_LOG_FORMAT=text"}, tt.settings...))
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		l, err := newLimits(c, nil, func() (calls.Watch, error) { return nil, nil }, newLogger(c, &log))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		d, err := l.Take(t.Context(), ratelimit.Request{
			Group: "sa", Key: ratelimit.Bucket{ID: tt.name, Rule: ratelimit.Rule{Requests: 1, Per: time.Hour, Burst: 2}}, Cost: 1,
		})
		if err != nil || d.Allowed != tt.allowed || d.Cluster != tt.cluster {
			t.Errorf("%s: %+v, %v", tt.name, d, err)
		}
		if err := l.close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if !strings.Contains(log.String(), tt.says) || (tt.says == "") != (log.Len() == 0) || strings.Contains(log.String(), "sesame") {
			t.Errorf("%s: the log says %q", tt.name, &log)
		}
	}
}

func TestAMalformedRedisURLSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	_, err := readConfig([]string{"LATCHKEY_REDIS_URL=http://:sesame@localhost"})
	if err == nil || !strings.Contains(err.Error(), "LATCHKEY_REDIS_URL: ") || !strings.Contains(err.Error(), "write redis://HOST:6379/0") ||
		strings.Contains(err.Error(), "sesame") {
		t.Errorf("%v", err)
	}
}
