package parts

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// RedisServer is a Redis server of this test alone. It keeps its data in
// memory: a restarted one is empty.
type RedisServer struct{ *Server }

// Redis starts a Redis server.
func Redis(tb testing.TB) *RedisServer {
	tb.Helper()
	return redisServer(tb, FreeAddr(tb))
}

func redisServer(tb testing.TB, addr string, options ...string) *RedisServer {
	tb.Helper()
	binary, dir := program(tb, "redis-server", "valkey-server"), tb.TempDir()
	args := append([]string{"--bind", "127.0.0.1", "--port", portOf(tb, addr), "--dir", dir, "--save", "", "--appendonly", "no"}, options...)
	return &RedisServer{newServer(tb, addr, func() *exec.Cmd {
		return exec.Command(binary, args...) //nolint:gosec // G204: an installed program and a directory of the test
	})}
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
	out, err := exec.CommandContext(ctx, program(r.tb, "redis-cli", "valkey-cli"), all...).CombinedOutput() //nolint:gosec // G204: an installed program
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", errors.Join(err, errors.New(text))
	}
	return text, nil
}

// Freeze makes the server answer nobody until Thaw: it takes connections and
// says nothing.
func (r *RedisServer) Freeze() {
	r.tb.Helper()
	r.Process().Signal(syscall.SIGSTOP)
	r.tb.Cleanup(r.Process().resume)
}

// Thaw lets the server go on.
func (r *RedisServer) Thaw() {
	r.tb.Helper()
	r.Process().Signal(syscall.SIGCONT)
}

// RedisClusterServers is a Redis Cluster of three servers.
type RedisClusterServers struct{ Nodes []*RedisServer }

// RedisCluster starts a Redis Cluster and returns when it serves every slot.
func RedisCluster(tb testing.TB) *RedisClusterServers {
	tb.Helper()
	c := &RedisClusterServers{}
	create := []string{"--cluster", "create"}
	for range 3 {
		// The nodes talk to each other on a second port of their own.
		node := redisServer(tb, FreeAddr(tb), "--cluster-enabled", "yes", "--cluster-port", portOf(tb, FreeAddr(tb)))
		c.Nodes = append(c.Nodes, node)
		create = append(create, node.Addr())
	}
	create = append(create, "--cluster-yes")
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, program(tb, "redis-cli", "valkey-cli"), create...).CombinedOutput() //nolint:gosec // G204: an installed program
	if err != nil {
		tb.Fatalf("make a Redis Cluster: %v\n%s", err, out)
	}
	for _, node := range c.Nodes {
		Await(tb, patience, "the Redis Cluster on "+node.Addr(), func(ctx context.Context) error {
			state, err := node.cli(ctx, "CLUSTER", "INFO")
			if err != nil || strings.Contains(state, "cluster_state:ok") {
				return err
			}
			return errors.New(state)
		})
	}
	return c
}

// URL returns the connection string, "redis+cluster://" and all addresses.
func (c *RedisClusterServers) URL() string {
	addrs := make([]string, len(c.Nodes))
	for i, node := range c.Nodes {
		addrs[i] = node.Addr()
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}
