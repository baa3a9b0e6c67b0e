package parts

import (
	"os/exec"
	"testing"
)

// Server is a process that listens on one loopback address and can stop and restart
// there, with its files unchanged.
type Server struct {
	tb      testing.TB
	addr    string
	command func() *exec.Cmd
	process *Process
}

// newServer starts the server that command describes, once per start, and
// returns when it accepts connections on addr.
func newServer(tb testing.TB, addr string, command func() *exec.Cmd) *Server {
	tb.Helper()
	s := &Server{tb: tb, addr: addr, command: command}
	s.Start()
	return s
}

// Addr returns the address, "127.0.0.1:PORT". It stays the same after a restart.
func (s *Server) Addr() string { return s.addr }

// Process returns the process of the latest start.
func (s *Server) Process() *Process { return s.process }

// Start starts a stopped server again and returns when it accepts connections.
func (s *Server) Start() {
	s.tb.Helper()
	s.process = Start(s.tb, s.command())
	s.process.AwaitListening(s.addr)
}

// Stop stops the server in its normal way and returns when it is gone. It fails the
// test if the server does not end cleanly.
func (s *Server) Stop() {
	s.tb.Helper()
	if err := s.process.Stop(); err != nil {
		s.tb.Fatalf("stop the server on %s: %v", s.addr, err)
	}
}

// Kill ends the server as a crash would and returns when it is gone.
func (s *Server) Kill() {
	s.tb.Helper()
	s.process.Kill()
}
