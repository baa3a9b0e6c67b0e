package parts

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// command is exec.Command for the small programs of these tests.
func command(name string, args ...string) *exec.Cmd {
	return exec.Command(name, args...)
}

// failures is a testing.TB that records how a helper fails its test.
type failures struct {
	testing.TB
	message string
}

// Fatalf implements testing.TB, and ends the goroutine as it should.
func (f *failures) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// run calls helper in a goroutine of its own and waits for its end.
func (f *failures) run(helper func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		helper()
	}()
	<-done
}

func TestProcessEndsByItself(t *testing.T) {
	t.Parallel()
	p := Start(t, command("sh", "-c", "echo out; echo err >&2; exit 3"))
	var exit *exec.ExitError
	if err := p.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("Wait = %v, want exit status 3", err)
	}
	if diff := cmp.Diff("out\nerr\n", p.Output()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if err := p.Stop(); !errors.As(err, &exit) {
		t.Errorf("Stop of an ended process = %v, want how it ended", err)
	}
}

func TestProcessStops(t *testing.T) {
	t.Parallel()
	p := Start(t, command("sh", "-c", "trap 'echo bye; exit 0' TERM; echo ready; while :; do read -r line; done"))
	awaitOutput(t, p, "ready")
	if err := p.Stop(); err != nil {
		t.Errorf("Stop = %v, want a clean end", err)
	}
	if !strings.HasSuffix(p.Output(), "bye\n") {
		t.Errorf("the process did not get to clean up: %q", p.Output())
	}
}

func TestProcessGetsSignals(t *testing.T) {
	t.Parallel()
	p := Start(t, command("sh", "-c", "trap 'echo reload' USR1; echo ready; while :; do sleep 0.01; done"))
	awaitOutput(t, p, "ready")
	p.Signal(syscall.SIGUSR1)
	awaitOutput(t, p, "reload")
}

func TestProcessThatDoesNotListen(t *testing.T) {
	t.Parallel()
	p := Start(t, command("sh", "-c", "echo cannot bind; exit 1"))
	recorder := &failures{TB: t}
	p.tb = recorder
	recorder.run(func() { p.AwaitListening(FreeAddr(t)) })
	p.tb = t
	if !strings.Contains(recorder.message, "sh does not listen on 127.0.0.1:") {
		t.Errorf("failed with %q, want the address", recorder.message)
	}
}

func TestUnknownCommandFailsTheTest(t *testing.T) {
	t.Parallel()
	recorder := &failures{TB: t}
	recorder.run(func() { Start(recorder, command("/no/such/program")) })
	if !strings.HasPrefix(recorder.message, "start program: ") {
		t.Errorf("failed with %q, want the program's name", recorder.message)
	}
}

// The service refuses variables that it does not know, and must not see the
// settings of whoever runs the tests.
func TestEnvironHasNoSettings(t *testing.T) {
	t.Setenv("LATCHKEY_TEST_MONGODB_URL", "mongodb://db.example/x")
	t.Setenv("LATCHKEY_ADDR", ":1")
	t.Setenv("PARTS_TEST", "stays")
	env := Environ("LATCHKEY_ADDR=:2")
	var got []string
	for _, entry := range env {
		if strings.HasPrefix(entry, "LATCHKEY_") || strings.HasPrefix(entry, "PARTS_") {
			got = append(got, entry)
		}
	}
	if diff := cmp.Diff([]string{"PARTS_TEST=stays", "LATCHKEY_ADDR=:2"}, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	if got := tail("short", 5); got != "short" {
		t.Errorf("tail = %q, want it whole", got)
	}
	if got, want := tail("0123456789", 4), "[6 bytes before]…6789"; got != want {
		t.Errorf("tail = %q, want %q", got, want)
	}
}

// awaitOutput waits until the process has written text.
func awaitOutput(t *testing.T, p *Process, text string) {
	t.Helper()
	Await(t, patience, "output "+text, func(context.Context) error {
		if !strings.Contains(p.Output(), text) {
			return fmt.Errorf("output is %q", p.Output())
		}
		return nil
	})
}
