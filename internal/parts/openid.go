package parts

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// OpenIDServer is an OpenID provider for this test alone: the example of a certified
// library, with the client "web" and the secret "secret".
type OpenIDServer struct {
	*Server
	// Issuer is the provider's address, "http://localhost:PORT/".
	Issuer string
}

// OpenIDUser is a user of the provider, in the format of its file of users.
type OpenIDUser struct {
	ID, Username, Password, FirstName, LastName, Email string
	EmailVerified                                      bool
}

// OpenID starts a provider with the users, in JSON by id, that redirects browsers to
// callback.
func OpenID(tb testing.TB, callback string, users []byte) *OpenIDServer {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatalf("find the OpenID provider: %v", err)
	}
	binary := filepath.Join(root, "build", "parts", "openid")
	if _, err := os.Stat(binary); err != nil {
		tb.Fatalf("the OpenID provider is not built: run `make parts` (%v)", err)
	}
	file := filepath.Join(tb.TempDir(), "users.json")
	if err := os.WriteFile(file, users, 0o600); err != nil {
		tb.Fatalf("write the provider's users: %v", err)
	}
	addr := FreeAddr(tb)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatalf("split %s: %v", addr, err)
	}
	server := newServer(tb, addr, func() *exec.Cmd {
		cmd := exec.Command(binary)
		cmd.Env = append(withoutPort(Environ()), "PORT="+port, "REDIRECT_URI="+callback, "USERS_FILE="+file)
		return cmd
	})
	return &OpenIDServer{Server: server, Issuer: "http://localhost:" + port + "/"}
}

func withoutPort(env []string) []string {
	var rest []string
	for _, entry := range env {
		if !strings.HasPrefix(entry, "PORT=") {
			rest = append(rest, entry)
		}
	}
	return rest
}
