//go:build cluster

package e2e

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/latchkey/latchkey/internal/parts"
)

// patientRelay passes connections on to the server at the address and returns
// its own. It hangs up on the server only when that has said nothing for a
// while: the MongoDB-wire server of the tests leaves its database locked when a
// client goes away in the middle of an operation, which MongoDB does not.
func patientRelay(t *testing.T, upstream string) string {
	t.Helper()
	addr := parts.FreeAddr(t)
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(client, upstream)
		}
	}()
	return addr
}

const relayPatience = 20 * time.Second

func relay(client net.Conn, upstream string) {
	defer client.Close() //nolint:errcheck // nobody is left to tell
	server, err := net.Dial("tcp", upstream)
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // nobody is left to tell
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.SetReadDeadline(time.Now().Add(relayPatience))
		close(gone)
	}()
	if _, err := io.Copy(client, server); err != nil {
		// The client may be gone first: what the server still says is heard.
		_ = client.Close()
		<-gone
		_, _ = io.Copy(io.Discard, server)
	}
}
