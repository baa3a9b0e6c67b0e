package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sentinelMaster is the sentinels' name for the server that they watch.
const sentinelMaster = "latchkey"

// RedisSentinelServers is a Redis with a replica, and three sentinels that promote the
// replica when two of them miss the master for a second.
type RedisSentinelServers struct {
	Master, Replica *RedisServer
	Sentinels       []*RedisServer
}

// RedisSentinel starts them and returns when every sentinel knows all others and the
// replica has the master's data.
func RedisSentinel(tb testing.TB) *RedisSentinelServers {
	tb.Helper()
	// Start replication to new replicas without waiting for more of them.
	master := redisServer(tb, "redis", FreeAddr(tb), "--repl-diskless-sync-delay", "0")
	replica := redisServer(tb, "redis", FreeAddr(tb), "--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1 "+portOf(tb, master.Addr()))
	s := &RedisSentinelServers{Master: master, Replica: replica}
	for range 3 {
		s.Sentinels = append(s.Sentinels, sentinel(tb, FreeAddr(tb), master, 2, ""))
	}
	Await(tb, patience, "the replica to follow", func(ctx context.Context) error {
		return replica.says(ctx, "master_link_status:up", "INFO", "replication")
	})
	for _, one := range s.Sentinels {
		Await(tb, patience, "the sentinel on "+one.Addr(), func(ctx context.Context) error {
			return one.says(ctx, "status=ok,address="+master.Addr()+",slaves=1,sentinels=3", "INFO", "sentinel")
		})
	}
	return s
}

// RedisSentinelTLS starts one sentinel that accepts only TLS, for a master that also
// does and has a password. It returns the connection string without a query.
func RedisSentinelTLS(tb testing.TB, of *Authority, master *RedisServer, password string) string {
	tb.Helper()
	addr := FreeAddr(tb)
	certificate, key := of.Leaf("sentinel", "127.0.0.1")
	one := sentinel(tb, addr, master, 1, strings.Join([]string{
		"port 0", "tls-port " + portOf(tb, addr), "tls-cert-file " + certificate, "tls-key-file " + key, "tls-ca-cert-file " + of.File(),
		"tls-auth-clients no", "tls-replication yes", "sentinel auth-pass " + sentinelMaster + " " + password,
	}, "\n"))
	return "rediss+sentinel://" + one.Addr() + "/0"
}

// sentinel starts one sentinel with extra lines of configuration. It stores what it
// learns in that file.
func sentinel(tb testing.TB, addr string, master *RedisServer, quorum int, more string) *RedisServer {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "sentinel.conf")
	text := fmt.Sprintf(`bind 127.0.0.1
port %[1]s
dir %[2]s
sentinel monitor %[3]s %[4]s %[5]d
sentinel down-after-milliseconds %[3]s 1000
sentinel failover-timeout %[3]s 5000
%[6]s
`, portOf(tb, addr), filepath.Dir(file), sentinelMaster, strings.Replace(master.Addr(), ":", " ", 1), quorum, more)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	binary := program(tb, "redis-server", "valkey-server")
	return &RedisServer{Server: newServer(tb, addr, func() *exec.Cmd {
		return exec.Command(binary, file, "--sentinel") //nolint:gosec // G204: an installed program and a file of the test
	}), kind: "redis"}
}

// URL returns the connection string, "redis+sentinel://" and all sentinels.
func (s *RedisSentinelServers) URL() string {
	addrs := make([]string, len(s.Sentinels))
	for i, one := range s.Sentinels {
		addrs[i] = one.Addr()
	}
	return "redis+sentinel://" + strings.Join(addrs, ",") + "/0?master_name=" + sentinelMaster
}

// Replicated waits until the replica has everything that the master has.
func (s *RedisSentinelServers) Replicated() {
	s.Master.tb.Helper()
	Await(s.Master.tb, patience, "the replica to catch up", func(ctx context.Context) error {
		there, err := s.Master.cli(ctx, "INFO", "replication")
		if err != nil {
			return err
		}
		for line := range strings.Lines(there) {
			if offset, ok := strings.CutPrefix(line, "master_repl_offset:"); ok {
				return s.Replica.says(ctx, "slave_repl_offset:"+strings.TrimSpace(offset), "INFO", "replication")
			}
		}
		return errors.New(there)
	})
}

// Sever stops replication from the master to the replica. The sentinels may still
// promote the replica.
func (s *RedisSentinelServers) Sever() {
	s.Master.tb.Helper()
	s.Master.Command("ACL", "SETUSER", "default", "-psync", "-sync")
	s.Master.Command("CLIENT", "KILL", "TYPE", "replica")
}

// Promoted waits until every sentinel reports the replica as master, except those that are
// lost.
func (s *RedisSentinelServers) Promoted(lost ...*RedisServer) {
	s.Master.tb.Helper()
	for _, one := range s.Sentinels {
		if slices.Contains(lost, one) {
			continue
		}
		Await(s.Master.tb, patience, "the replica to be the master", func(ctx context.Context) error {
			return one.says(ctx, "status=ok,address="+s.Replica.Addr(), "INFO", "sentinel")
		})
	}
}

// Follows waits until the restarted old master follows the new one.
func (s *RedisSentinelServers) Follows() {
	s.Master.tb.Helper()
	Await(s.Master.tb, patience, "the old master to follow the new one", func(ctx context.Context) error {
		return s.Master.says(ctx, "master_port:"+portOf(s.Master.tb, s.Replica.Addr()), "INFO", "replication")
	})
}

// listening is how a client list marks a client that has subscribed. Sentinels
// subscribe at servers, not at each other.
var listening = regexp.MustCompile(` sub=[1-9]`)

// Heard returns the sentinel that a client subscribes to for news of the master.
func (s *RedisSentinelServers) Heard() *RedisServer {
	s.Master.tb.Helper()
	var heard *RedisServer
	Await(s.Master.tb, patience, "a client to listen to a sentinel", func(ctx context.Context) error {
		for _, one := range s.Sentinels {
			clients, err := one.cli(ctx, "CLIENT", "LIST")
			if err != nil {
				return err
			}
			if listening.MatchString(clients) {
				heard = one
				return nil
			}
		}
		return errors.New("none is listened to")
	})
	return heard
}
