package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is the program itself when it is started as one.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_OF_EMBEDDING") != "" {
		os.Args = []string{"doors", "serve"}
		main()
	}
	os.Exit(m.Run())
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// start runs the program until the test ends, and returns where it listens.
func start(t *testing.T) (base string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	var output bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = append(os.Environ(), "TEST_OF_EMBEDDING=yes", "LATCHKEY_ADDR="+addr, "LATCHKEY_AUTHENTICATORS=badge,basic",
		"LATCHKEY_DATABASE_URL=sqlite:"+filepath.Join(t.TempDir(), "latchkey.db"), "LATCHKEY_ADMIN_PASSWORD=correct horse battery",
		"LATCHKEY_DRAIN=0s")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	var how error // once it has ended
	go func() {
		defer close(ended)
		how = cmd.Wait()
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Log(output.String())
		}
	})
	base = "http://" + addr
	for deadline := time.Now().Add(20 * time.Second); ; {
		if r, err := http.Get(base + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return base
			}
		}
		select {
		case <-ended:
			t.Fatalf("the program ended: %v", how)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("the program does not get ready")
		}
	}
}

// TestAnAuthenticatorOfOnesOwn builds it in from outside, as docs/authenticators.md says.
func TestAnAuthenticatorOfOnesOwn(t *testing.T) {
	t.Parallel()
	base := start(t)
	ask := func(credential string) (status int, scheme string, challenges []string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", credential)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		var me struct{ Scheme string }
		_ = json.Unmarshal(text, &me) // a problem has no scheme
		return answer.StatusCode, me.Scheme, answer.Header.Values("WWW-Authenticate")
	}
	if status, scheme, _ := ask("Badge 0042"); status != http.StatusOK || scheme != "badge" {
		t.Errorf("acts by %q: %d", scheme, status)
	}
	status, _, challenges := ask("Badge 0000")
	if status != http.StatusUnauthorized || !strings.Contains(strings.Join(challenges, " "), "Badge") {
		t.Errorf("a wrong badge: %d %v", status, challenges)
	}
	if status, scheme, _ := ask("Basic " + "YWRtaW5AbG9jYWxob3N0OmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ=="); status != http.StatusOK ||
		scheme != "basic" {
		t.Errorf("the next authenticator: %d %s", status, scheme)
	}
}
