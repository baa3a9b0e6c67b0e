package parts

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// RedisServer is a Redis server for this test alone. It stores its data in memory: a
// restarted one is empty.
type RedisServer struct {
	*Server
	kind string // "redis" or "valkey": the prefix of the programs' names
}

// Redis starts a Redis server with command-line options.
func Redis(tb testing.TB, options ...string) *RedisServer {
	tb.Helper()
	return redisServer(tb, "redis", FreeAddr(tb), options...)
}

// Valkey starts a Valkey server.
func Valkey(tb testing.TB) *RedisServer {
	tb.Helper()
	return redisServer(tb, "valkey", FreeAddr(tb))
}

func redisServer(tb testing.TB, kind, addr string, options ...string) *RedisServer {
	tb.Helper()
	binary, dir := program(tb, kind+"-server", "valkey-server"), tb.TempDir()
	args := append([]string{"--bind", "127.0.0.1", "--port", portOf(tb, addr), "--dir", dir, "--save", "", "--appendonly", "no"}, options...)
	return &RedisServer{kind: kind, Server: newServer(tb, addr, func() *exec.Cmd {
		return exec.Command(binary, args...) //nolint:gosec // G204: an installed program and a directory of the test
	})}
}

// RedisUser returns the definition of the user that docs/scaling.md calls sufficient,
// with the password "sesame", as words of a command line or of ACL SETUSER.
func RedisUser(tb testing.TB) []string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "scaling.md")) //nolint:gosec // G304: a page of the project
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if definition, ok := strings.CutPrefix(line, "    user "); ok {
			return strings.Fields(strings.Replace(definition, "PASSWORD", "sesame", 1))
		}
	}
	tb.Fatal("docs/scaling.md defines no user of Redis")
	return nil
}

// RedisTLS starts a Redis server that accepts only TLS, at a loopback address for which
// the authority has issued its certificate. Its Command does not work.
func RedisTLS(tb testing.TB, of *Authority, host string, options ...string) *RedisServer {
	tb.Helper()
	port := portOf(tb, FreeAddr(tb))
	certificate, key := of.Leaf("redis-"+host, host)
	return redisServer(tb, "redis", net.JoinHostPort(host, port), append([]string{
		"--bind", host, "--port", "0", "--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", of.File(),
	}, options...)...)
}

func portOf(tb testing.TB, addr string) string {
	tb.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatalf("split %s: %v", addr, err)
	}
	return port
}

// URL returns the connection string, "redis://127.0.0.1:PORT/0".
func (r *RedisServer) URL() string { return "redis://" + r.Addr() + "/0" }

// Command runs a Redis command and returns what it prints.
func (r *RedisServer) Command(args ...string) string {
	r.tb.Helper()
	out, err := r.cli(r.tb.Context(), args...)
	if err != nil {
		r.tb.Fatalf("redis-cli %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (r *RedisServer) cli(ctx context.Context, args ...string) (string, error) {
	all := append([]string{"-h", "127.0.0.1", "-p", portOf(r.tb, r.Addr()), "-e"}, args...)
	//nolint:gosec // G204: an installed program
	out, err := exec.CommandContext(ctx, program(r.tb, r.kind+"-cli", "valkey-cli"), all...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", errors.Join(err, errors.New(text))
	}
	return text, nil
}

// says reports whether the answer to a command contains the text.
func (r *RedisServer) says(ctx context.Context, text string, args ...string) error {
	answer, err := r.cli(ctx, args...)
	if err != nil || strings.Contains(answer, text) {
		return err
	}
	return errors.New(answer)
}

// Freeze makes the server accept connections but answer nobody until Thaw.
func (r *RedisServer) Freeze() {
	r.tb.Helper()
	r.Process().Signal(syscall.SIGSTOP)
	r.tb.Cleanup(r.Process().resume)
}

// Thaw continues the server.
func (r *RedisServer) Thaw() {
	r.tb.Helper()
	r.Process().Signal(syscall.SIGCONT)
}

// RedisClusterServers is a Redis Cluster of three servers, or of three and a replica of
// each.
type RedisClusterServers struct{ Nodes []*RedisServer }

// RedisCluster starts a Redis Cluster and returns when it serves every slot.
func RedisCluster(tb testing.TB) *RedisClusterServers {
	tb.Helper()
	return redisCluster(tb, 0)
}

// RedisClusterWithReplicas is RedisCluster with a replica of each server, which
// replaces the server when the others have missed it for a second.
func RedisClusterWithReplicas(tb testing.TB) *RedisClusterServers {
	tb.Helper()
	c := redisCluster(tb, 1, "--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0")
	for _, node := range c.Nodes {
		Await(tb, patience, "the replicas of the Redis Cluster to follow", func(ctx context.Context) error {
			if node.says(ctx, "master_link_status:up", "INFO", "replication") == nil {
				return nil
			}
			return node.says(ctx, "state=online", "INFO", "replication")
		})
	}
	return c
}

func redisCluster(tb testing.TB, replicas int, options ...string) *RedisClusterServers {
	tb.Helper()
	c := &RedisClusterServers{}
	create := []string{"--cluster", "create", "--cluster-replicas", strconv.Itoa(replicas)}
	for range 3 * (1 + replicas) {
		// The nodes talk to each other on a second port of their own.
		own := []string{"--cluster-enabled", "yes", "--cluster-port", portOf(tb, FreeAddr(tb))}
		node := redisServer(tb, "redis", FreeAddr(tb), append(own, options...)...)
		c.Nodes = append(c.Nodes, node)
		create = append(create, node.Addr())
	}
	create = append(create, "--cluster-yes")
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	//nolint:gosec // G204: an installed program
	out, err := exec.CommandContext(ctx, program(tb, "redis-cli", "valkey-cli"), create...).CombinedOutput()
	if err != nil {
		tb.Fatalf("make a Redis Cluster: %v\n%s", err, out)
	}
	for _, node := range c.Nodes {
		Await(tb, patience, "the Redis Cluster on "+node.Addr(), func(ctx context.Context) error {
			return node.says(ctx, "cluster_state:ok", "CLUSTER", "INFO")
		})
	}
	return c
}

// Holder returns the server that holds a counter.
func (c *RedisClusterServers) Holder(counter string) *RedisServer {
	tb := c.Nodes[0].tb
	tb.Helper()
	for _, node := range c.Nodes {
		if node.says(tb.Context(), "1", "EXISTS", counter) == nil {
			return node
		}
	}
	tb.Fatalf("no server of the Redis Cluster holds %s", counter)
	return nil
}

// URL returns the connection string, "redis+cluster://" and all addresses.
func (c *RedisClusterServers) URL() string {
	addrs := make([]string, len(c.Nodes))
	for i, node := range c.Nodes {
		addrs[i] = node.Addr()
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}
