package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// inTurn asks nodes in turn after one key, and counts what passes. Whatever
// happens to Redis, each is answered.
type inTurn struct {
	t      *testing.T
	nodes  []*service
	secret string
	turn   int
	passed int
}

// ask returns who counted for the answer, and whether the key was let pass.
func (c *inTurn) ask() (scope string, valid bool) {
	c.t.Helper()
	node := c.nodes[c.turn%len(c.nodes)]
	c.turn++
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, node.base+"/verify", strings.NewReader(`{"key":"`+c.secret+`"}`))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, text := fetch(c.t, r)
	var out struct {
		Valid     bool   `json:"valid"`
		Code      string `json:"code"`
		RateLimit struct {
			Scope string `json:"scope"`
		} `json:"rate_limit"`
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil || answer.StatusCode != http.StatusOK ||
		(out.Code != "VALID" && out.Code != "QUOTA_EXCEEDED") {
		c.t.Fatalf("answer %d: %d %s", c.turn, answer.StatusCode, text)
	}
	if out.Valid {
		c.passed++
	}
	return out.RateLimit.Scope, out.Valid
}

// until asks until every node tells that those of the scope count.
func (c *inTurn) until(scope string) {
	c.t.Helper()
	parts.Await(c.t, 30*time.Second, "all nodes to tell "+scope, func(context.Context) error {
		var others error
		for range c.nodes {
			if got, _ := c.ask(); got != scope {
				others = errors.New("one tells " + got)
			}
		}
		return others
	})
}

// redisIs waits until the node reports the state and mode of Redis.
func (s *service) redisIs(state, mode string) {
	s.t.Helper()
	parts.Await(s.t, 20*time.Second, "Redis to be "+state, func(context.Context) error {
		redis := s.call("GET", "/readyz", nil, 200)["checks"].(map[string]any)["redis"].(map[string]any)
		if redis["state"] != state || redis["mode"] != mode {
			return fmt.Errorf("it is %v", redis)
		}
		return nil
	})
}

// Two nodes on a Redis behind sentinels, whose master is killed: every request
// is answered, each node counts by itself until the replica is the master, a
// revoke holds on the other node meanwhile, and the quota is spent once.
func TestTheMasterBehindSentinelsIsKilled(t *testing.T) {
	t.Parallel()
	const quota = 2000
	servers := parts.RedisSentinel(t)
	first, second, _ := pair(t, sqliteURL(t), "LATCHKEY_VERIFY_OPEN=true", "LATCHKEY_REDIS_URL="+servers.URL(), "LATCHKEY_REDIS_TIMEOUT=2s")
	organization := first.call("GET", "/api/organizations", nil, 200)["items"].([]any)[0].(map[string]any)["id"]
	account := first.call("POST", "/api/service-accounts", map[string]any{
		"organization_id": organization, "name": "limited", "tier": first.vast(), "rate_limit": map[string]any{
			"requests": 1_000_000, "per": "1s",
			"burst": 1_000_000,
		},
		"quota": map[string]any{"requests": quota, "per": "month"},
	}, 201)
	key := first.call("POST", "/api/keys", map[string]any{
		"service_account_id": account["id"], "name": "limited", "rate_limit": map[string]any{
			"requests": 1_000_000, "per": "1s",
			"burst": 1_000_000,
		},
	}, 201)
	doomed, doomedSecret := first.issue("free", "invoices:read")
	if got := code(t, second.base, doomedSecret); got != "VALID" {
		t.Fatalf("a new key is %s", got)
	}

	c := &inTurn{t: t, nodes: []*service{first, second}, secret: key["key"].(string)}
	c.until("cluster")
	servers.Replicated()
	servers.Master.Kill()
	killed, before := time.Now(), c.turn
	c.until("node")
	for _, node := range c.nodes {
		node.redisIs("degraded", "local")
	}
	first.call("POST", "/api/keys/"+doomed+"/revoke", map[string]any{"reason": "leaked"}, 200)
	parts.Await(t, 10*time.Second, "the other node to hear of the revoke", func(context.Context) error {
		if got := code(t, second.base, doomedSecret); got != "REVOKED" {
			return errors.New(got)
		}
		return nil
	})
	c.until("cluster")
	t.Logf("counted together again %s after the kill; %d were asked for meanwhile, and all were answered",
		time.Since(killed).Round(time.Millisecond), c.turn-before)
	for _, node := range c.nodes {
		node.redisIs("ok", "exact")
	}
	for spent := 0; spent < 2*len(c.nodes); {
		if _, valid := c.ask(); !valid {
			spent++
		}
	}
	if c.passed != quota {
		t.Errorf("%d of %d passed", c.passed, quota)
	}

	// The old master comes back with nothing, and is made a replica. Its end was
	// all that anybody saw of it.
	servers.Master.Start()
	servers.Follows()
	t.Logf("the old master follows %s after the kill", time.Since(killed).Round(time.Second))
	for range 20 {
		if scope, valid := c.ask(); scope != "cluster" || valid {
			t.Errorf("after the old master came back: %s, %t", scope, valid)
		}
	}
}
