package gate_test

import (
	"io"
	"net"
	"testing"

	"github.com/latchkey/latchkey/internal/gate"
)

func TestOpenConnectionsAreCountedOnce(t *testing.T) {
	t.Parallel()
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := gate.New(inner, 0, "")
	var accepted []net.Conn
	for range 2 {
		client, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close() //nolint:errcheck // the other end may be closed
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		accepted = append(accepted, c)
	}
	for i, want := range []int{1, 0} {
		for range 2 { // servers close a connection more than once
			_ = accepted[i].Close()
		}
		if got := l.Open(); got != want {
			t.Errorf("%d are open, want %d", got, want)
		}
	}
	<-l.Emptied()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("a closed listener accepts")
	}
}

func TestConnectionsBeyondTheBoundAreToldAtOnce(t *testing.T) {
	t.Parallel()
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := gate.New(inner, 1, "full")
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	dial()
	first := <-accepted
	if said, err := io.ReadAll(dial()); err != nil || string(said) != "full" || l.Refused() != 1 {
		t.Errorf("one too many hears %q, %v", said, err)
	}
	_ = first.Close()
	dial()
	_ = (<-accepted).Close()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	<-accepted
}
