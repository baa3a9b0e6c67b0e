package client_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey/latchkey/client"
)

// network passes on what is written over connections. Those that are open when
// it is cut swallow everything from then on, without a word.
type network struct{ cuts atomic.Int32 }

func (n *network) listen(t *testing.T, server string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				_ = near.Close()
				return
			}
			opened := n.cuts.Load()
			go n.pass(far, near, opened)
			go n.pass(near, far, opened)
		}
	}()
	return listener.Addr().String()
}

func (n *network) pass(to, from net.Conn, opened int32) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 4096)
	for {
		read, err := from.Read(buffer)
		if err != nil {
			return
		}
		if n.cuts.Load() == opened {
			_, _ = to.Write(buffer[:read])
		}
	}
}

// A node that vanishes fails the requests of a few seconds, not those of the
// quarter of an hour in which TCP goes on trying.
func TestHTTP2LeavesAPeerThatIsGone(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(reply(200, verdict))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	n := &network{}
	own := client.NewHTTPClient()
	own.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	a := &asked{}
	a.use(t, client.Config{
		URL: "https://" + n.listen(t, server.Listener.Addr().String()), HTTPClient: own, VerifyTimeout: 500 * time.Millisecond,
	})
	ask := func() error { _, err := a.Verify(t.Context(), client.Question{Key: "k"}); return err }
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	n.cuts.Add(1)
	if err := ask(); !errors.Is(err, client.TimedOut) {
		t.Fatalf("the peer is gone, and the error is %v", err)
	}
	for until := time.Now().Add(12 * time.Second); ask() != nil; {
		if time.Now().After(until) {
			t.Fatal("the connection to a peer that is gone is still used")
		}
	}
}
