package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// constantAnswer has the size of Latchkey's answer to a valid key: the least that any
// verification sends.
var constantAnswer = func() string {
	body := `{"valid":true,"code":"VALID","padding":"` + strings.Repeat("x", constantBody-42) + `"}`
	return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + constantHeader +
		"Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}()

const (
	constantBody = 560
	// What Latchkey's answer has in addition, by length.
	constantHeader = "Cache-Control: no-store\r\nRateLimit: \"key\";r=999999999;t=1\r\n" +
		"X-Latchkey-Padding: 0123456789012345678901234567890123456789\r\n"
)

// serveSocket reads requests and writes a constant answer to each read, without looking
// at what was read: what the system calls of one request cost in Go.
func serveSocket(ctx context.Context, address string) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			return nil //nolint:nilerr // closed, at the end
		}
		go func() {
			defer conn.Close() //nolint:errcheck // nobody would do anything about it
			buffer, answer := make([]byte, 4<<10), []byte(constantAnswer)
			for {
				if _, err := conn.Read(buffer); err != nil {
					return
				}
				if _, err := conn.Write(answer); err != nil {
					return
				}
			}
		}()
	}
}

// startSocket starts the socket program on the first core.
func startSocket(ctx context.Context) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, address, "/", nil, self, "-as", "socket", "-address", address)
}

const nginxConf = `
worker_processes 1;
daemon off;
pid %[1]s/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  keepalive_requests 1000000000;
  server {
    listen %[2]s;
    default_type application/json;
    location / { return 200 '%[3]s'; }
  }
}
`

// startNginx starts an nginx with one worker that returns the same constant.
func startNginx(ctx context.Context, dir string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, body, _ := strings.Cut(constantAnswer, "\r\n\r\n")
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir, address, body), 0o600); err != nil {
		return nil, err
	}
	p, err := start(ctx, address, "/", nil, "nginx", "-c", conf)
	if err != nil {
		return nil, fmt.Errorf("nginx (install it with make parts): %w", err)
	}
	children, err := exec.CommandContext(ctx, "pgrep", "-P", strconv.Itoa(p.cmd.Process.Pid)).Output() //nolint:gosec // G204: a number
	if err != nil {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		return nil, fmt.Errorf("find nginx's worker: %w", err)
	}
	p.worker, err = strconv.Atoi(strings.TrimSpace(string(children)))
	return p, err
}
