package parts

import (
	"net"
	"os/exec"
	"testing"
)

// RedisServer is a Redis server of this test alone. It keeps its data in
// memory: a restarted one is empty.
type RedisServer struct{ *Server }

// Redis starts a Redis server.
func Redis(tb testing.TB) *RedisServer {
	tb.Helper()
	binary, addr, dir := program(tb, "redis-server", "valkey-server"), FreeAddr(tb), tb.TempDir()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatalf("split %s: %v", addr, err)
	}
	return &RedisServer{newServer(tb, addr, func() *exec.Cmd {
		return exec.Command(binary, "--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "no") //nolint:gosec // G204: an installed program and a directory of the test
	})}
}

// URL returns the connection string, "redis://127.0.0.1:PORT/0".
func (r *RedisServer) URL() string { return "redis://" + r.Addr() + "/0" }
