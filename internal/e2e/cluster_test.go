//go:build cluster

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/latchkey/latchkey/internal/parts"
)

// clusterLong has the proofs on three nodes take as long as `make test-cluster`
// gives them, and write what they measured.
func clusterLong() bool { return os.Getenv("LATCHKEY_TEST_CLUSTER") == "long" }

// shortOr is the first where the tests are to be quick, else the second.
func shortOr[T any](short, long T) T {
	if clusterLong() {
		return long
	}
	return short
}

// link is the network between a node and a server.
type link struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

func newLink(t *testing.T, upstream string) *link {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &link{t, toxiproxy.NewProxy(server, upstream, "127.0.0.1:0", upstream)}
	if err := l.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.proxy.Stop)
	return l
}

func (l *link) addr() string { return l.proxy.Listen }

func (l *link) poison(toxic string) {
	l.t.Helper()
	if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		l.t.Fatal(err)
	}
}

// cut loses what is sent either way, without a word, as a broken network does.
func (l *link) cut() {
	for _, stream := range []string{"upstream", "downstream"} {
		l.poison(fmt.Sprintf(`{"type":"timeout","stream":%q,"attributes":{"timeout":0}}`, stream))
	}
}

// deafen loses what the server sends.
func (l *link) deafen() {
	l.poison(`{"type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
}

// slow holds answers back.
func (l *link) slow(by time.Duration) {
	l.poison(fmt.Sprintf(`{"type":"latency","stream":"downstream","attributes":{"latency":%d}}`, by.Milliseconds()))
}

func (l *link) heal() { l.proxy.Toxics.ResetToxics(context.WithoutCancel(l.t.Context())) }

// member is one node of a cluster.
type member struct {
	*service
	process  *parts.Process
	database string
	settings []string
	store    *link
	redis    *link // nil where there is a Redis Cluster: its servers tell their own addresses
	ops      string
}

// restart begins the node anew where it was.
func (m *member) restart(binary string) {
	m.service, m.process = launch(binary, m.service, strings.TrimPrefix(m.base, "http://"), m.database, m.settings)
}

// cluster is three nodes on one store and one Redis, behind nginx.
type cluster struct {
	t     *testing.T
	nodes []*member
	redis *parts.RedisServer // nil where there is a Redis Cluster
	front string             // nginx
	tier  string             // one that throttles nothing
}

// frontConfig spreads requests. One that a node does not answer goes to the
// next. A node is never given up for others: a refused connection costs no
// time, and nodes that answer 503 for one key have others to serve.
const frontConfig = `
upstream nodes {
	%s
	keepalive 64;
}
server {
	listen %s;
	location / {
		proxy_pass http://nodes;
		proxy_http_version 1.1;
		proxy_set_header Connection "";
		proxy_connect_timeout 1s;
		proxy_read_timeout 15s;
		proxy_next_upstream error timeout http_502 http_503 http_504;
	}
}`

// newCluster starts it; redisURL is that of a Redis Cluster, or empty.
func newCluster(t *testing.T, redisURL string, settings ...string) *cluster {
	t.Helper()
	c := &cluster{t: t}
	mongo := parts.OwnMongo(t)
	database, relayed := mongo.URL(), patientRelay(t, mongo.Server.Addr())
	if redisURL == "" {
		c.redis = parts.Redis(t)
	}
	var upstreams strings.Builder
	for i := range 3 {
		m := &member{store: newLink(t, relayed), ops: parts.FreeAddr(t)}
		m.database = strings.Replace(database, mongo.Server.Addr(), m.store.addr(), 1)
		url := redisURL
		if c.redis != nil {
			m.redis = newLink(t, c.redis.Addr())
			url = "redis://" + m.redis.addr() + "/0"
		}
		m.settings = append([]string{
			"LATCHKEY_NODE_NAME=node" + strconv.Itoa(i+1), "LATCHKEY_REDIS_URL=" + url, "LATCHKEY_ADMIN_ADDR=" + m.ops, "LATCHKEY_LOG=warn",
		}, settings...)
		m.service, m.process = start(t, m.database, m.settings...)
		fmt.Fprintf(&upstreams, "server %s max_fails=0; ", strings.TrimPrefix(m.base, "http://"))
		c.nodes = append(c.nodes, m)
	}
	addr := parts.FreeAddr(t)
	parts.Nginx(t, addr, fmt.Sprintf(frontConfig, upstreams.String(), addr))
	c.front = "http://" + addr
	for _, m := range c.nodes {
		m.awaitNodes(3)
	}
	c.tier = c.nodes[0].vast()
	return c
}

// limited makes a tier with the limit, and a key on it.
func (c *cluster) limited(name string, fields map[string]any) (secret string) {
	c.t.Helper()
	s := c.nodes[0]
	tier := map[string]any{"name": name, "title": name, "rate_limit": map[string]any{"requests": 1000000000, "per": "1s", "burst": 1000000000}}
	for field, value := range fields {
		tier[field] = value
	}
	s.call("POST", "/api/tiers", tier, 201)
	_, secret = s.issue(name, "invoices:read")
	return secret
}

// issueOn makes another key of the account that the key belongs to: what is
// counted is counted by account as well, and the store of these tests is slow.
func (c *cluster) issueOn(of string, fields map[string]any) (id, secret string) {
	c.t.Helper()
	s := c.nodes[0]
	asked := map[string]any{"service_account_id": s.call("GET", "/api/keys/"+of, nil, 200)["service_account_id"], "name": "e2e"}
	maps.Copy(asked, fields)
	key := s.call("POST", "/api/keys", asked, 201)
	return key["id"].(string), key["key"].(string)
}

// known has every node load the keys, and waits until polling tells of them no
// more, so that they stay loaded.
func (c *cluster) known(secrets ...string) {
	c.t.Helper()
	parts.Await(c.t, 20*time.Second, "polling to have told of the new keys", func(context.Context) error {
		return settled(c.t, c.nodes[0].service)
	})
	for range 2 { // the cache takes a key in behind the answer
		for _, m := range c.nodes {
			for _, secret := range secrets {
				if answer, body := get(c.t, m.base+"/verify?cost=1", secret); answer.StatusCode >= 500 {
					c.t.Fatalf("%s: %d %s", m.base, answer.StatusCode, body)
				}
			}
		}
	}
}

// asker asks about keys and counts on connections of its own.
type asker struct{ client *http.Client }

func newAsker(t *testing.T) *asker {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &asker{&http.Client{Transport: transport, Timeout: 20 * time.Second}}
}

// ask returns the status and the code of the decision; 0 where no answer came.
func (a *asker) ask(ctx context.Context, url, secret string) (status int, decision string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err.Error()
	}
	r.Header.Set("X-API-Key", secret)
	answer, err := a.client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	if _, err := copyAll(io.Discard, answer); err != nil { // so that the connection is kept
		return 0, err.Error()
	}
	return answer.StatusCode, answer.Header.Get("X-Latchkey-Code")
}

// every calls do at the pace until ctx ends.
func every(ctx context.Context, pace time.Duration, do func()) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func copyAll(to io.Writer, answer *http.Response) (int64, error) {
	n, err := io.Copy(to, answer.Body)
	return n, errors.Join(err, answer.Body.Close())
}
