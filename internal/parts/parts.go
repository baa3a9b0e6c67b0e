// Package parts starts the real servers that tests talk to: a server that speaks
// MongoDB's wire protocol, Redis, gateways, a browser, and the latchkey binary itself.
//
// Each server listens on a free loopback port, has its files in a temporary directory,
// and is stopped when the test that started it ends. On Linux the kernel also ends it
// if the test binary dies first. Tests share no server, because starting one costs only
// about a tenth of a second. If a server is not installed, the test fails and says so:
// a skipped test proves nothing.
//
// Only tests may import it.
package parts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// patience bounds the wait for a server to start or to stop. It is generous because the
// machine may be compiling at the same time. It slows no test down, because every wait
// ends as soon as the awaited event happens.
const patience = 30 * time.Second

// Ports below the range that Linux uses for outgoing connections (32768 and up), so
// that a client socket of another test cannot take a port between its choice and its
// use.
const (
	firstPort = 20000
	lastPort  = 32000
)

// FreePort returns a TCP port of 127.0.0.1 that nothing listens on. The port is not
// reserved. It is chosen at random from about twelve thousand, so it is unlikely, but
// not impossible, that another test takes it first.
func FreePort(tb testing.TB) int {
	tb.Helper()
	var err error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // G404: the choice only has to avoid collisions
		var listener net.Listener
		listener, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		if err = listener.Close(); err == nil {
			return port
		}
	}
	tb.Fatalf("no free loopback port in 100 tries: %v", err)
	return 0
}

// FreeAddr returns "127.0.0.1:PORT" with a port chosen by FreePort.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(FreePort(tb)))
}

// Await calls probe until it returns nil, and fails the test with the last error if
// that does not happen within limit. The context passed to probe ends with the limit or
// the test. Use it instead of sleeping.
func Await(tb testing.TB, limit time.Duration, what string, probe func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), limit)
	defer cancel()
	if err := poll(ctx, nil, probe); err != nil {
		tb.Fatalf("waited for %s: %v", what, err)
	}
}

// poll calls probe every 10 ms until it returns nil, ctx ends or stop is closed;
// in the latter two cases it returns the last error of probe.
func poll(ctx context.Context, stop <-chan struct{}, probe func(context.Context) error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		case <-stop:
			return err
		case <-tick.C:
		}
	}
}

// dial reports whether something accepts TCP connections on addr.
func dial(ctx context.Context, addr string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// program returns the path of the first of names that is installed, or fails the test
// with instructions. It looks in /usr/sbin too, which is not on every user's PATH and
// contains nginx.
func program(tb testing.TB, names ...string) string {
	tb.Helper()
	for _, name := range names {
		for _, candidate := range []string{name, filepath.Join("/usr/sbin", name)} {
			if path, err := exec.LookPath(candidate); err == nil {
				return path
			}
		}
	}
	tb.Fatalf("%s is not installed: run `make parts`", names[0])
	return ""
}

// moduleRoot returns the directory of the go.mod that the running test belongs
// to. The go command starts every test in its package's directory.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod in %s or above it", start)
		}
	}
}
