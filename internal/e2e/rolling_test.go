package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// balanced never sends a request again that a node did not answer, and uses
// every connection that it has for whatever comes.
const balanced = `
frontend front
	bind %s
	acl complete nbsrv(nodes) ge 3
	http-request return status 200 if { path /complete } complete
	http-request return status 503 if { path /complete }
	default_backend nodes
backend nodes
	balance roundrobin
	retries 0
	http-reuse always
	option httpchk GET /readyz
	http-check expect status 200
	default-server inter 200ms fall 2 rise 1 check
%s
`

// traffic asks without pause until its context ends, and counts what fails.
type traffic struct {
	asked, failed atomic.Int64
	first         atomic.Pointer[string]
}

func (l *traffic) fail(text string) {
	l.failed.Add(1)
	l.first.CompareAndSwap(nil, &text)
}

func (l *traffic) ask(ctx context.Context, client *http.Client, url, key string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		l.fail(err.Error())
		return
	}
	r.Header.Set("X-API-Key", key)
	answer, err := client.Do(r)
	if err == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		err = errors.Join(err, answer.Body.Close())
	}
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		l.fail(err.Error())
	case answer.StatusCode != http.StatusOK:
		l.fail(answer.Status)
	}
	l.asked.Add(1)
}

// TestARollingRestartBreaksNothing: three nodes are stopped and begun anew, one
// after the other, behind a load balancer that does not try again, under load
// on the lane of verifications and beside it.
func TestARollingRestartBreaksNothing(t *testing.T) {
	t.Parallel()
	database, front := sqliteURL(t), parts.FreeAddr(t)
	var nodes []*service
	var processes []*parts.Process
	var servers strings.Builder
	settings := []string{"LATCHKEY_DRAIN=4s"}
	for i := range 3 {
		s, p := start(t, database, settings...)
		nodes, processes = append(nodes, s), append(processes, p)
		fmt.Fprintf(&servers, "\tserver node%d %s\n", i, strings.TrimPrefix(s.base, "http://"))
	}
	_, key := nodes[0].issue(nodes[0].vast(), "invoices:read")
	parts.HAProxy(t, front, fmt.Sprintf(balanced, front, servers.String()))
	ctx, stop := context.WithCancel(t.Context())
	var l traffic
	var clients sync.WaitGroup
	for i := range 8 {
		path := []string{"/verify", "/healthz"}[i%2]
		clients.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for ctx.Err() == nil {
				l.ask(ctx, &http.Client{Transport: transport}, "http://"+front+path, key)
			}
		})
	}
	for i, s := range nodes {
		if err := processes[i].Stop(); err != nil {
			t.Error(err)
		}
		launch(parts.Binary(t), s, strings.TrimPrefix(s.base, "http://"), database, settings)
		parts.Await(t, 5*time.Second, "the load balancer to take the node in again", func(context.Context) error {
			if answer, _ := get(t, "http://"+front+"/complete", ""); answer.StatusCode != http.StatusOK {
				return errors.New(answer.Status)
			}
			return nil
		})
	}
	stop()
	clients.Wait()
	t.Logf("%d requests, %d failed", l.asked.Load(), l.failed.Load())
	if first := l.first.Load(); first != nil || l.asked.Load() < 1000 {
		t.Errorf("%d of %d requests failed, the first with %v", l.failed.Load(), l.asked.Load(), first)
	}
}

// ends sends the signals and returns how long the process then takes to end.
func ends(t *testing.T, p *parts.Process, signals ...os.Signal) time.Duration {
	t.Helper()
	began := time.Now()
	for _, s := range signals {
		p.Signal(s)
		parts.Await(t, 5*time.Second, "the signal to be heard", func(context.Context) error {
			if !strings.Contains(p.Output(), `"msg":"stopping"`) {
				return errors.New("it is not stopping")
			}
			return nil
		})
	}
	if err := p.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	return time.Since(began)
}

func TestWhatStoppingWaitsFor(t *testing.T) {
	t.Parallel()
	const drain = "LATCHKEY_DRAIN=10m"
	t.Run("nobody is connected", func(t *testing.T) {
		t.Parallel()
		addr := parts.FreeAddr(t)
		brief := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		_, p := launch(parts.Binary(t), &service{t: t, base: "http://" + addr, client: brief}, addr, sqliteURL(t), []string{drain})
		if took := ends(t, p, syscall.SIGTERM); took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
	t.Run("a second signal", func(t *testing.T) {
		t.Parallel()
		s, p := start(t, sqliteURL(t), drain)
		own := &http.Client{Transport: &http.Transport{}}
		t.Cleanup(own.CloseIdleConnections)
		s.client = own
		s.call("GET", "/readyz", nil, 200)
		p.Signal(syscall.SIGTERM)
		parts.Await(t, 5*time.Second, "the node not to be ready", func(context.Context) error {
			if answer := s.call("GET", "/healthz", nil, 200); answer["status"] != "ok" {
				return fmt.Errorf("it is %v", answer)
			}
			if !strings.Contains(p.Output(), `"msg":"stopping"`) {
				return errors.New("it is not stopping")
			}
			return nil
		})
		state := s.call("GET", "/readyz", nil, 503)
		if state["checks"].(map[string]any)["serving"].(map[string]any)["state"] != "down" {
			t.Errorf("it is %v", state)
		}
		if took := ends(t, p, syscall.SIGTERM); took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// TestAHangupChangesNothing except what is read from files, and there are no files.
func TestAHangupChangesNothing(t *testing.T) {
	t.Parallel()
	s, p := start(t, sqliteURL(t))
	_, key := s.issue(s.vast(), "invoices:read")
	p.Signal(syscall.SIGHUP)
	parts.Await(t, 5*time.Second, "the signal to be heard", func(context.Context) error {
		if !strings.Contains(p.Output(), "were read again") {
			return errors.New("it is not in the log")
		}
		return nil
	})
	if got := code(t, s.base, key); got != "VALID" {
		t.Errorf("the key is %s", got)
	}
}

// TestAHangupReadsCertificates: another certificate and another list hold from the
// signal on, not before it, and files that are no good change nothing. Their times
// are set back, so that it is the signal that makes them read.
func TestAHangupReadsCertificates(t *testing.T) {
	t.Parallel()
	a, _ := prepared(t)
	addr := parts.FreeAddr(t)
	s, p := launch(parts.Binary(t), &service{t: t, base: "https://" + addr, client: a.client("")}, addr, sqliteURL(t), []string{
		"LATCHKEY_TLS_CERT=" + a.path("server.pem"), "LATCHKEY_TLS_KEY=" + a.path("server.key"),
		"LATCHKEY_TLS_CLIENT_CA=" + a.path("ca.pem"), "LATCHKEY_TLS_CLIENT_CRL=" + a.path("crl.pem"), mtlsChain,
	})
	gatewayActs(s)
	keepTimes := a.times("server.pem", "server.key", "crl.pem")
	first := serves(t, a, addr)
	hangUp := func(says string) {
		t.Helper()
		before := strings.Count(p.Output(), says)
		p.Signal(syscall.SIGHUP)
		parts.Await(t, 5*time.Second, "the signal to be heard", func(context.Context) error {
			if strings.Count(p.Output(), says) == before {
				return errors.New("it is not in the log")
			}
			return nil
		})
	}
	acts := func(want int) {
		t.Helper()
		if status, _, detail := whoActs(t, a.client("gateway"), s.base); status != want {
			t.Errorf("the gateway: %d %s, want %d", status, detail, want)
		}
	}
	gateway, err := tls.LoadX509KeyPair(a.path("gateway.pem"), a.path("gateway.key"))
	a.must(err)
	second := a.leaf("server", "localhost", nil)
	a.revoke(gateway.Leaf)
	keepTimes()
	if got := serves(t, a, addr); got != first {
		t.Errorf("certificate %s is served before the signal", got)
	}
	acts(200)
	hangUp("were read again")
	if got := serves(t, a, addr); got != second.SerialNumber.String() {
		t.Errorf("certificate %s is served, want %s", got, second.SerialNumber)
	}
	acts(401)
	a.must(os.WriteFile(a.path("server.pem"), []byte("half a certif"), 0o600))
	hangUp("no good")
	if got := serves(t, a, addr); got != second.SerialNumber.String() {
		t.Errorf("with a file that is no good, certificate %s is served", got)
	}
	acts(401)
}

// times returns what sets the files' times to what they are now.
func (a *authority) times(names ...string) (keep func()) {
	a.t.Helper()
	was := map[string]time.Time{}
	for _, name := range names {
		info, err := os.Stat(a.path(name))
		a.must(err)
		was[name] = info.ModTime()
	}
	return func() {
		for name, at := range was {
			a.must(os.Chtimes(a.path(name), at, at))
		}
	}
}

// serves returns the serial number of the certificate that a new connection gets.
func serves(t *testing.T, a *authority, addr string) string {
	t.Helper()
	c, err := (&tls.Dialer{Config: a.client("").Transport.(*http.Transport).TLSClientConfig}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing was written
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
}
