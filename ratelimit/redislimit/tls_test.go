package redislimit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
	"github.com/latchkey/latchkey/ratelimit"
	"github.com/latchkey/latchkey/ratelimit/ratelimittest"
	"github.com/latchkey/latchkey/ratelimit/redislimit"
)

// only are options of a server that the documented user alone may use.
func only(t *testing.T) []string {
	t.Helper()
	return append([]string{"--user", "default", "off", "--user"}, parts.RedisUser(t)...)
}

func TestRedisOverTLSWithAUserOfLeastRights(t *testing.T) {
	t.Parallel()
	authority, stranger := parts.NewAuthority(t), parts.NewAuthority(t)
	server := parts.RedisTLS(t, authority, "127.0.0.1", append([]string{"--tls-auth-clients", "yes"}, only(t)...)...)
	certificate, key := authority.Leaf("client", "client.example.com")
	strangers, strangersKey := stranger.Leaf("client", "client.example.com")
	shown := "&cert_file=" + certificate + "&key_file=" + key
	for _, tt := range []struct{ name, user, query, says string }{
		{"all as it should be", "latchkey:sesame", "ca_file=" + authority.File() + shown, ""},
		{"authorities of the system alone", "latchkey:sesame", shown[1:], "unknown authority"},
		{"another authority", "latchkey:sesame", "ca_file=" + stranger.File() + shown, "unknown authority"},
		{"another name", "latchkey:sesame", "server_name=redis.example.com&ca_file=" + authority.File() + shown, "redis.example.com"},
		{"no certificate of the client", "latchkey:sesame", "ca_file=" + authority.File(), "certificate required"},
		{
			"a stranger's certificate", "latchkey:sesame", "ca_file=" + authority.File() + "&cert_file=" + strangers + "&key_file=" + strangersKey,
			"unknown certificate authority",
		},
		{"another password", "latchkey:barley", "ca_file=" + authority.File() + shown, "WRONGPASS"},
		{"another user", "default:barley", "ca_file=" + authority.File() + shown, "WRONGPASS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLimiter(t, redislimit.Config{URL: "rediss://" + tt.user + "@" + server.Addr() + "/0?" + tt.query})
			err := l.Probe(t.Context())
			if tt.says == "" && err != nil {
				t.Fatal(err)
			}
			if tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "barley")) {
				t.Errorf("it says %v, not %q", err, tt.says)
			}
		})
	}
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		if err := newLimiter(t, redislimit.Config{URL: "redis://latchkey:sesame@" + server.Addr()}).Probe(t.Context()); err == nil {
			t.Error("a server of TLS alone decides without it")
		}
	})
}

// The rights are enough for all that is done, in both modes.
func TestLeastRightsAreEnough(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func() string{
		"one server": func() string { return "redis://latchkey:sesame@" + parts.Redis(t, only(t)...).Addr() },
		"a cluster": func() string {
			servers := parts.RedisCluster(t)
			for _, one := range servers.Nodes {
				one.Command(append([]string{"ACL", "SETUSER"}, parts.RedisUser(t)...)...)
			}
			return strings.Replace(servers.URL(), "://", "://latchkey:sesame@", 1)
		},
	} {
		for _, leased := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, leased=%t", name, leased), func(t *testing.T) {
				t.Parallel()
				allDone(t, nodeConfig{url: url(), prefix: "latchkey:", store: newStore(), leased: leased})
			})
		}
	}
}

func allDone(t *testing.T, c nodeConfig) {
	t.Helper()
	n := newNode(t, c)
	r := ratelimit.Request{
		Group: "sa", Key: ratelimit.Bucket{ID: "k", Rule: ratelimittest.Rule(1e6, time.Second, 1e6)}, Account: ratelimit.Bucket{
			ID:   "sa",
			Rule: ratelimittest.Rule(1e6, time.Second, 1e6),
		},
		Quota: ratelimit.QuotaCharge{ID: "sa", Quota: ratelimit.Quota{Requests: 1000, Per: ratelimit.Month}}, Cost: 1,
	}
	for range 20 {
		if d := ratelimittest.Take(t, n, r); !d.Allowed || !d.Cluster {
			t.Fatalf("%+v, %+v", d, n.State())
		}
	}
	window, _ := r.Quota.Quota.Window(time.Now())
	if err := n.redis.Settle(t.Context(), ratelimit.Settlement{ID: "sa", Window: window, Add: 1}); err != nil {
		t.Error(err)
	}
}

// What sentinels and clusters tell of is at other addresses than the one that
// is configured, so each machine is held to its own.
func TestEveryMachineIsHeldToItsOwnCertificate(t *testing.T) {
	t.Parallel()
	authority := parts.NewAuthority(t)
	master := parts.RedisTLS(t, authority, "127.0.0.2", "--tls-auth-clients", "no", "--requirepass", "sesame")
	url := parts.RedisSentinelTLS(t, authority, master, "sesame") + "?master_name=latchkey&ca_file=" + authority.File()
	for query, says := range map[string]string{
		"&password=sesame":                       "",
		"&password=barley":                       "WRONGPASS",
		"":                                       "it asks for a password",
		"&password=sesame&server_name=127.0.0.1": "127.0.0.2, not 127.0.0.1",
	} {
		err := newLimiter(t, redislimit.Config{URL: url + query}).Probe(t.Context())
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, not %q", query, err, says)
		}
	}
}

func TestFilesOfTLSAreReadAtTheStart(t *testing.T) {
	t.Parallel()
	authority := parts.NewAuthority(t)
	certificate, key := authority.Leaf("client", "client.example.com")
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{
		"rediss://a/0?ca_file=" + authority.File(), "rediss+cluster://a:1,b:2?server_name=redis.example.com&cert_file=" + certificate +
			"&key_file=" + key,
		"rediss+sentinel://a:1,b:2/0?master_name=m&ca_file=" + authority.File(),
	} {
		if err := redislimit.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, says := range map[string]string{
		"rediss://:sesame@a?ca_file=" + other:                                "ca_file: there is no certificate in " + other,
		"rediss://:sesame@a?ca_file=" + other + ".not":                       "ca_file: open ",
		"rediss://:sesame@a?cert_file=" + certificate:                        "belong together",
		"rediss://:sesame@a?cert_file=" + certificate + "&key_file=" + other: "cert_file and key_file: ",
		"redis://:sesame@a?ca_file=" + authority.File():                      "write rediss://",
		"rediss+sentinel://:sesame@a/0?master_name=m&ca_file=" + other:       "ca_file",
		"rediss+cluster://:sesame@a?ca_file=" + other:                        "ca_file",
	} {
		if err := redislimit.CheckURL(bad); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v, not %q", bad, err, says)
		}
	}
}
